//! Tools that measure Weir: a mock provider, a load generator, and the runner that puts them around a gateway.
//!
//! Everything stays on the loopback interface and is bounded in count and time.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "command-line tools: what they print is what they are for"
)]

mod brood;
mod first;
mod load;
mod mock;
mod process;
mod units;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "weir-bench", about = "Measures Weir: mock provider, load generator, runner")]
struct Command {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Subcommand)]
enum Tool {
    /// Serve an OpenAI-compatible mock provider until stopped
    Mock(mock::Args),
    /// Send requests over a constant number of connections and print latencies, rates and CPU
    Load(load::Args),
    /// Measure what the gateway adds to a direct request, without and with plugins, and write benches/results
    First(first::Args),
}

fn main() -> anyhow::Result<()> {
    match Command::parse().tool {
        Tool::Mock(args) => mock::run(&args),
        Tool::Load(args) => load::command(&args),
        Tool::First(args) => first::run(&args),
    }
}
