//! Parses the arguments, calls the door, returns its exit code.

fn main() -> std::process::ExitCode {
    expc::cli::main()
}
