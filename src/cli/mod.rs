//! The doors: one file a subcommand.
