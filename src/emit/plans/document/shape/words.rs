//! The words of the document, each with what it means.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

words! {
    /// What a hypothesis claims.
    ClaimKind {
        /// There is a difference.
        Superiority = "superiority",
        /// The effect beats the margin.
        SuperiorityByMargin = "superiority-by-margin",
        /// The harm stays below the margin.
        NonInferiority = "non-inferiority",
        /// The effect stays within the margin on both sides: two one-sided tests.
        Equivalence = "equivalence",
    }
}

words! {
    /// Which differences reject the null hypothesis.
    Alternative {
        /// Either direction.
        TwoSided = "two-sided",
        /// Treatment above control.
        Greater = "greater",
        /// Treatment below control.
        Less = "less",
        /// Treatment within the margin of control.
        Within = "within",
    }
}

words! {
    /// The test statistic.
    Statistic {
        /// z test of two proportions, variance pooled under the null.
        ZPooled = "z-pooled",
        /// z test of two proportions, each with its own variance.
        ZUnpooled = "z-unpooled",
        /// z test of two rates on the arcsine scale.
        Arcsine = "arcsine",
        /// Pooled z test of two rates with the correction for continuity.
        ZContinuity = "z-continuity",
        /// z test of the log odds ratio.
        LogOdds = "log-odds",
        /// Fisher's exact test.
        FisherExact = "fisher-exact",
        /// The unconditional exact test of two rates.
        ExactUnconditional = "exact-unconditional",
        /// z test of the log ratio of two rates of events, each with its own variance.
        RateWald = "rate-wald",
        /// z test of the log ratio of two rates of events, variance at the pooled rate.
        RateScore = "rate-score",
        /// z test of two means.
        Z = "z",
        /// Welch's t test of two means.
        WelchT = "welch-t",
        /// z test of two ratios, variance by the delta method.
        ZDelta = "z-delta",
        /// Order statistics of two quantiles.
        Quantile = "quantile",
        /// Log-rank test of two survival curves.
        LogRank = "log-rank",
    }
}

words! {
    /// The population-level summary of an estimand.
    Summary {
        /// Treatment rate minus control rate.
        DifferenceOfRates = "difference-of-rates",
        /// Treatment mean minus control mean.
        DifferenceOfMeans = "difference-of-means",
        /// Treatment ratio minus control ratio.
        DifferenceOfRatios = "difference-of-ratios",
        /// Treatment quantile minus control quantile.
        DifferenceOfQuantiles = "difference-of-quantiles",
        /// Hazard of treatment over hazard of control.
        HazardRatio = "hazard-ratio",
    }
}

words! {
    /// ICH E9(R1), with `exclude` for units that leave the analysis.
    Strategy {
        /// The event does not matter: the unit counts as assigned.
        TreatmentPolicy = "treatment-policy",
        /// The unit leaves the analysis and is counted.
        Exclude = "exclude",
    }
}

words! {
    /// How the members of a family share its error.
    Procedure {
        /// Every member is tested at the family's alpha.
        None = "none",
        /// Alpha divided by the number of members.
        Bonferroni = "bonferroni",
        /// Alpha shared so that independent members spend it exactly.
        Sidak = "sidak",
        /// Bonferroni, stepping down.
        Holm = "holm",
        /// Stepping up from the largest p-value.
        Hochberg = "hochberg",
        /// Closed testing with the test of Simes.
        Hommel = "hommel",
        /// Treatments against one control, their correlation used.
        Dunnett = "dunnett",
        /// One member after the other, each at the family's alpha, until one fails.
        FixedSequence = "fixed-sequence",
        /// Stepping up to the rate of false discoveries.
        BenjaminiHochberg = "benjamini-hochberg",
    }
}

words! {
    /// What a family controls.
    ErrorRate {
        /// The probability of one false claim or more in the family.
        FamilyWise = "family-wise",
        /// The probability of a false claim of each member alone.
        PerComparison = "per-comparison",
        /// All members must hold, so that none needs a correction.
        IntersectionUnion = "intersection-union",
        /// The expected part of false claims among the claims.
        FalseDiscovery = "false-discovery",
        /// Nothing: the members describe.
        Descriptive = "descriptive",
    }
}

words! {
    /// Whether an effect is relative to the baseline.
    Scale {
        /// In the unit of the metric; rates as fractions.
        Absolute = "absolute",
        /// A fraction of the baseline.
        Relative = "relative",
    }
}

words! {
    /// What a variant is for.
    VariantRole {
        /// All others are compared with it.
        Control = "control",
        /// Compared with control.
        Treatment = "treatment",
    }
}

words! {
    /// A comparison of one attribute.
    Operator {
        /// Equal to one of the values.
        In = "in",
        /// Present, and equal to none of the values.
        NotIn = "not-in",
        /// Equal to the value.
        Is = "is",
        /// Present, and not equal to the value.
        IsNot = "is-not",
        /// A strict version comparison.
        Semver = "semver",
        /// At least the number.
        AtLeast = "at-least",
        /// At most the number.
        AtMost = "at-most",
        /// More than the number.
        Above = "above",
        /// Less than the number.
        Below = "below",
        /// Begins with the text.
        StartsWith = "starts-with",
        /// Ends with the text.
        EndsWith = "ends-with",
    }
}
