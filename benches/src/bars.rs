//! `bars`: what the gateway takes where it could take too much, each figure against its bar.

mod announced;
mod args;
mod frames;
mod harness;
mod idle;
mod one_byte;
mod raw_h2;
mod tenants;

use anyhow::{Context as _, Result, ensure};

use crate::bar::{self, Bar};
use crate::gateway;
use crate::process_groups::ProcessGroups;
use args::WhichBar;
use harness::BarsHarness;

pub(crate) use args::BarsArgs;

pub(crate) fn run(args: &BarsArgs) -> Result<()> {
    println!("bars: {}", gateway::version(&args.program.gateway));
    let process_groups = ProcessGroups::guarded()?;
    bar::header();
    let mut bars = Vec::new();
    for which in &args.only {
        let folder = process_groups.scratch().join(format!("{which:?}"));
        // A folder of plugins has to be there, if empty.
        std::fs::create_dir_all(folder.join("none")).context("no room for the gateway's files")?;
        let harness = BarsHarness { args, process_groups: &process_groups, folder };
        let these = match which {
            WhichBar::Tenants => tenants::bars(&harness),
            WhichBar::OneByte => one_byte::bars(&harness),
            WhichBar::Announced => announced::bars(&harness),
            WhichBar::Frames => frames::bars(&harness),
            WhichBar::Idle => idle::bars(&harness),
        }?;
        these.iter().for_each(|bar| println!("{bar}"));
        bars.extend(these);
    }
    ensure!(bars.iter().all(Bar::is_met), "not every bar is met");
    Ok(())
}
