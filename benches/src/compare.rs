//! `compare`: Weir and its peers in turn: the same machine, the same work, interleaved repeats.

mod cells;

use std::time::Duration;

use anyhow::Result;

use crate::brood::Brood;
use crate::document::ResultsPage;
use crate::plan::{BenchPlan, Pacing};
use crate::results::{Results, of};
use crate::subject::{self, Ours, SubjectChoice};
use crate::table::{self, Better, Column, Number};
use crate::{plot, trial, units};
pub(crate) use cells::LoadKind;

#[derive(clap::Args, Debug, Clone)]
pub(crate) struct CompareArgs {
    /// Which loads: whole-50 and whole-500 (60 ms, so many users), latency (one user, no delay), streams (50 users, 24
    /// events), stalls (1,000 users, 60 events), throughput (50 users, no delay), open (a constant arrival rate)
    /// [default: all]
    #[arg(long, value_delimiter = ',')]
    pub(crate) cells: Option<Vec<LoadKind>>,
    /// Pause between the events of `streams`
    #[arg(long, default_value = "5ms", value_parser = units::duration)]
    pub(crate) gap: Duration,
    /// Pause between the events of `stalls`: 1,000 streams at once bring 1,000 events in each
    #[arg(long, default_value = "100ms", value_parser = units::duration)]
    pub(crate) stall_gap: Duration,
    /// Arrivals per second of `open`
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) rate: u32,
    #[command(flatten)]
    pub(crate) choice: SubjectChoice,
    #[command(flatten)]
    pub(crate) pace: Pacing,
}

pub(crate) fn run(args: CompareArgs) -> Result<()> {
    let brood = Brood::guarded()?;
    let kinds = args.cells.clone().unwrap_or_else(|| LoadKind::ALL.to_vec());
    let cells = kinds.iter().map(|kind| kind.cell(&args)).collect();
    let mut choice = args.choice;
    choice.prepare(&brood.scratch());
    let ours = [Ours::Direct, Ours::Weir, Ours::Plugins, Ours::Guided, Ours::GuidedPlugins];
    let (subjects, skipped) = subject::chosen(&choice, &ours, &["all"])?;
    let mut plan = BenchPlan { cells, subjects, skipped, tools: choice.tools, pace: args.pace };
    let trials = trial::all(&mut plan, &brood)?;
    let results = Results { plan, trials };
    let document = ResultsPage {
        kind: "compare",
        heading: "Weir and its peers",
        tables: tables(&results, &kinds),
        plot: plot::bars(&results),
    };
    document.write(&results)
}

fn tables(results: &Results, kinds: &[LoadKind]) -> String {
    let mut text = "\n## In short\n\nCPU of the gateway for each request or stream, µs:\n".to_owned();
    table::matrix(&mut text, results, |_| Column::new("", Number::Median(of::cpu), 1, Better::None));
    text.push_str("\nThe same as a multiple of nginx's:\n");
    table::matrix(&mut text, results, |_| Column::new("", Number::Ratio(of::cpu), 2, Better::None));
    for (index, (kind, cell)) in kinds.iter().zip(&results.plan.cells).enumerate() {
        text.push_str(&format!("\n## {}\n\n{}\n", cell.title, kind.note()));
        table::write(&mut text, results, index, &kind.columns());
    }
    text
}
