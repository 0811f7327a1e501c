//! The order platform's program.

/// Many small, short-lived values in many threads: the system's allocator would be the bottleneck.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    orders::cli::main()
}
