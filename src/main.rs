//! Arguments to one command to an exit code.

use std::process::ExitCode;

use clap::Parser;
use claviger::cli::{Arguments, run};

fn main() -> ExitCode {
    run(Arguments::parse())
}
