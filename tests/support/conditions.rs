//! Every comparison of the language, in one audience.

/// Every comparison on every type; `reference::by_hand` says what they mean.
pub const CONDITIONS: &str = r#"
where = [
  { attribute = "country", in = ["US", "CA", "{\"var\":\"country\"}"] },
  { attribute = "channel", not_in = ["beta", "USA"] },
  { attribute = "signed_in", is = true },
  { attribute = "plan", is_not = "free" },
  { attribute = "app_version", semver = ">=5.2.0" },
  { attribute = "age", at_least = 18 },
  { attribute = "age", at_most = 65 },
  { attribute = "orders", above = 0 },
  { attribute = "orders", below = 100.5 },
  { attribute = "locale", starts_with = "en-" },
  { attribute = "device", ends_with = "-phone" },
]
exclude = [
  { attribute = "is_staff", is = true },
  { attribute = "risk", not_in = ["low", "none"] },
]
"#;
