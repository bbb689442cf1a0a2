//! `weir`: an AI gateway that platform teams extend with WebAssembly.

use std::process::ExitCode;

fn main() -> ExitCode {
    weir_gateway::run()
}
