//! Tools that measure Weir: a mock provider, a load generator, and the runner that puts them around a gateway.
//!
//! Everything stays on the loopback interface and is bounded in count and time.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "command-line tools: what they print is what they are for"
)]

mod bar;
mod bars;
mod clock;
mod compare;
mod control;
mod document;
mod gateway;
mod hostile;
mod ladder;
mod load;
mod local;
mod metrics;
mod mock;
mod outage;
mod peers;
mod plan;
mod plot;
mod process;
mod process_groups;
mod provider;
mod random;
mod results;
mod soak;
mod stamp;
mod subject;
mod table;
mod talk;
mod trial;
mod units;
mod weir;

use std::path::PathBuf;

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
    Mock(mock::MockArgs),
    /// Send requests, in a closed or an open loop, and print latencies, rates and CPU
    Load(load::LoadArgs),
    /// Measure the five-gateway table: requests per second at 50 to 1,000 users, and write it to benches/results
    Ladder(ladder::LadderArgs),
    /// Measure Weir and its peers in turn under several loads, and write that to benches/results
    Compare(compare::CompareArgs),
    /// Let a gateway live through a mixed load with faults, reloads and leaving clients, and check its accounts
    Soak(soak::SoakArgs),
    /// Let the first of three targets fail for a while, and count who pays for it
    Outage(outage::OutageArgs),
    /// Hold what the gateway takes where it could take too much against the bars
    Bars(bars::BarsArgs),
    /// Let every attacker loose in other tenants' folders, and see what one who behaves notices
    ///
    /// A tenant that behaves is measured alone and beside all attackers, in pairs; between two measurements the attackers are
    /// taken away, and come back new. They are the plugins of plugins/hostile, each in the folder of a tenant of its own and all of
    /// them in that of one, and what is worse in a folder than a plugin: pipes and files without an end under each name that has
    /// a meaning and in the place of weir.toml, bombs for the compiler and for who reads schemas, a broken file at the start,
    /// settings that raise their limits, a signature of nobody, and a signed counter in the place of a guard.
    ///
    /// Of each it is shown that it was met and what the gateway says of it. Bars: the median of the pairs' ratios of p99, requests
    /// and observations lost, faults of the tenant's own plugins, attackers not met with or not contained, what is counted for
    /// guests (plugins.memory), what all but their memory grows by while they are there, and all of it once they are gone. The end
    /// is an error that names the bars that were missed, if any was
    #[command(alias = "villains")]
    Hostile(hostile::HostileArgs),
    /// Of the runners' own: end their child processes should they be killed
    #[command(hide = true)]
    Guard {
        /// The runner's folder
        scratch: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    let tool = Command::parse().tool;
    if let Tool::Guard { scratch } = tool {
        process_groups::watch(std::io::stdin().lock(), &scratch);
        return Ok(());
    }
    units::raise_descriptors();
    match tool {
        Tool::Mock(args) => mock::run(&args),
        Tool::Load(args) => load::command(&args),
        Tool::Ladder(args) => ladder::run(args),
        Tool::Compare(args) => compare::run(args),
        Tool::Soak(args) => soak::run(&args),
        Tool::Outage(args) => outage::run(&args),
        Tool::Bars(args) => bars::run(&args),
        Tool::Hostile(args) => hostile::run(&args),
        Tool::Guard { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn every_option_of_every_tool_is_valid() {
        super::Command::command().debug_assert();
    }
}
