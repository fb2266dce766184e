//! Parses the arguments, calls the door, returns its exit code.

/// Parsing ten thousand specs is mostly allocation.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    expc::cli::main()
}
