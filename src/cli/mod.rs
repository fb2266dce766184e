//! The doors: one file a subcommand, one line in `Command`. With the language server the only room that talks
//! to a person.

mod add_ignore;
mod amend;
mod archive;
mod base;
mod baseline;
mod build;
mod calendar;
mod capacity;
mod check;
mod csv;
mod diff;
mod drift;
mod failure;
mod fix;
mod fmt;
mod history;
mod import;
mod live;
mod lock;
mod looks;
mod place;
mod policy;
mod power;
pub mod reference;
mod required;
mod resolve;
mod rules;
pub mod schema;
mod shown;
mod simulate;
mod size;
mod status;
pub mod targets;
mod timing;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::{Exit, Failure};

/// Experiments as code, compiled.
#[derive(Debug, Parser)]
#[command(name = "expc", version, about, propagate_version = true, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check every experiment of a workspace
    Check(check::Arguments),
    /// Show what a change means: plans, people, targets
    Diff(diff::Arguments),
    /// Lay files out in the canonical way
    Fmt(fmt::Arguments),
    /// Write flag files and analysis plans
    Build(build::Arguments),
    /// Compare what a flag platform serves with what the specs build
    Drift(drift::Arguments),
    /// Show what each flag platform can hold
    Targets(targets::Arguments),
    /// Draft specs from an export of a flag platform
    Import(import::Arguments),
    /// Seal plans: write what an experiment promises to the registry
    Lock(lock::Arguments),
    /// Draft the amendment that a changed plan needs
    Amend(amend::Arguments),
    /// Show sample size, power and detectable effect by week
    Power(power::Arguments),
    /// Answer a question of sample size without a spec
    Size(Box<size::Arguments>),
    /// Run the declared design many times on drawn data, decision rules included
    Simulate(simulate::Arguments),
    /// Print a compiled experiment: every value with its origin
    Resolve(resolve::Arguments),
    /// Show all experiments over days: conflicts, and the room that is left
    Calendar(calendar::Arguments),
    /// Find the earliest start and slot at which nothing overlaps and the power holds
    PlanCapacity(capacity::Arguments),
    /// Show what is due: starts, stages, looks, decisions, clean-up
    Status(status::Arguments),
    /// Move a finished experiment to the archive
    Archive(archive::Arguments),
    /// Show what past experiments measured, and who asked alike before
    History(history::Arguments),
    /// Try the organisation's own rules
    Policy(policy::Arguments),
    /// List the rules
    Rules(rules::Arguments),
    /// Show what a rule finds, why, and how to configure it
    Explain(rules::Explain),
    /// Print the JSON Schema of a file of the language
    Schema(schema::Arguments),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed pipe is not an error.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Clean.into() };
        }
    };
    let result = match arguments.command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Drift(arguments) => drift::run(&arguments),
        Command::Targets(arguments) => targets::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Lock(arguments) => lock::run(&arguments),
        Command::Amend(arguments) => amend::run(&arguments),
        Command::Power(arguments) => power::run(&arguments),
        Command::Size(arguments) => size::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Resolve(arguments) => resolve::run(&arguments),
        Command::Calendar(arguments) => calendar::run(&arguments),
        Command::PlanCapacity(arguments) => capacity::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Archive(arguments) => archive::run(&arguments),
        Command::History(arguments) => history::run(&arguments),
        Command::Policy(arguments) => policy::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Explain(arguments) => rules::explain(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print();
            Exit::Usage.into()
        }
    }
}

/// Prints to standard output; a closed pipe is not an error.
fn print(text: &str) {
    use std::io::Write;
    let _ = anstream::stdout().write_all(text.as_bytes());
}

/// Prints what has colours in it to standard output, which may not want them.
fn print_in(color: clap::ColorChoice, text: &str) {
    use std::io::Write;
    let choice = match color {
        clap::ColorChoice::Always => anstream::ColorChoice::Always,
        clap::ColorChoice::Never => anstream::ColorChoice::Never,
        clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
    };
    let _ = anstream::AutoStream::new(std::io::stdout().lock(), choice).write_all(text.as_bytes());
}

/// Says something beside the output.
fn complain(text: &str) {
    use std::io::Write;
    let _ = anstream::stderr().write_all(text.as_bytes());
}
