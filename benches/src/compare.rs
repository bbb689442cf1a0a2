//! `compare`: Weir and its peers in turn: the same machine, the same work, interleaved repeats.

mod args;
mod cells;
mod kind;

use anyhow::Result;

use crate::document::ResultsPage;
use crate::plan::BenchPlan;
use crate::process_groups::ProcessGroups;
use crate::results::{Results, of};
use crate::subject::{self, Ours};
use crate::table::{self, Better, Column, Number};
use crate::{plot, trial};
use kind::LoadKind;

pub(crate) use args::CompareArgs;

pub(crate) fn run(args: CompareArgs) -> Result<()> {
    let process_groups = ProcessGroups::guarded()?;
    let kinds = args.cells.clone().unwrap_or_else(|| LoadKind::ALL.to_vec());
    let cells = kinds.iter().map(|kind| kind.cell(&args)).collect();
    let mut choice = args.choice;
    choice.prepare(&process_groups.scratch());
    let ours = [Ours::Direct, Ours::Weir, Ours::Plugins, Ours::Guided, Ours::GuidedPlugins];
    let (subjects, skipped) = subject::chosen(&choice, &ours, &["all"])?;
    let mut plan = BenchPlan { cells, subjects, skipped, tools: choice.tools, pace: args.pace };
    let trials = trial::all(&mut plan, &process_groups)?;
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
