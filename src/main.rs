//! Arguments to one command to an exit code.

use std::process::ExitCode;

use clap::Parser;
use claviger::cli::{Arguments, run};
use mimalloc::MiMalloc;

/// The system's allocator keeps what a flood of connections or of sign-ins took.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // Pages of 2 MB would nearly double what a server holds that does nothing. Without this it works as well.
    let _refused = rustix::thread::disable_transparent_huge_pages(true);
    run(Arguments::parse())
}
