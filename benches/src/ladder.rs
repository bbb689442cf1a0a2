//! `ladder`: the five-gateway benchmark: users who ask again at once, a provider that takes 60 ms.
//!
//! With users in a closed loop the rate cannot be more than users / delay, so what counts is the share of that, and from
//! where on it falls.

use std::time::Duration;

use anyhow::Result;

use crate::document::ResultsPage;
use crate::mock::ReplyShape;
use crate::plan::{BenchPlan, LoadCell, Pacing};
use crate::plot;
use crate::process_groups::ProcessGroups;
use crate::results::{Results, of};
use crate::subject::{self, Ours, SubjectChoice};
use crate::table::{self, Better, Column, Number};
use crate::{trial, units};

/// A run as long as this is looked at from minute to minute.
const LONG: Duration = Duration::from_secs(120);

#[derive(clap::Args, Debug, Clone)]
pub(crate) struct LadderArgs {
    /// The steps: users, each with one connection and one request at a time
    #[arg(long, value_delimiter = ',', default_value = "50,150,300,500,1000",
        value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) users: Vec<u32>,
    /// Time that the mock takes for an answer; not 0, for then there is no ceiling to have a share of
    #[arg(long, default_value = "60ms", value_parser = delay)]
    pub(crate) delay: Duration,
    #[command(flatten)]
    pub(crate) choice: SubjectChoice,
    #[command(flatten)]
    pub(crate) pace: Pacing,
}

fn delay(text: &str) -> Result<Duration, String> {
    units::duration(text).and_then(|delay| match delay {
        Duration::ZERO => Err("without a delay there is no ceiling: use compare's cell `throughput`".to_owned()),
        delay => Ok(delay),
    })
}

pub(crate) fn run(args: LadderArgs) -> Result<()> {
    let process_groups = ProcessGroups::guarded()?;
    let mut choice = args.choice;
    choice.prepare(&process_groups.scratch());
    let ours = [Ours::Direct, Ours::Plugins, Ours::GuidedPlugins];
    let (subjects, skipped) = subject::chosen(&choice, &ours, &["nginx"])?;
    let cell = |users: &u32| cell(*users, args.delay, &args.pace);
    let cells = args.users.iter().map(cell).collect();
    let mut plan = BenchPlan { cells, subjects, skipped, tools: choice.tools, pace: args.pace };
    let trials = trial::all(&mut plan, &process_groups)?;
    let results = Results { plan, trials };
    let document = ResultsPage {
        kind: "ladder",
        heading: "The five-gateway ladder",
        tables: tables(&results),
        plot: plot::lines(&results),
    };
    document.write(&results)
}

fn cell(users: u32, delay: Duration, pace: &Pacing) -> LoadCell {
    LoadCell {
        name: format!("{users} users"),
        title: format!("{users} users"),
        users,
        stream: false,
        rate: None,
        shape: ReplyShape { delay, gap: Duration::ZERO, tokens: 24, reply_bytes: pace.reply_bytes },
        differences: false,
    }
}

fn columns(ceiling: f64) -> Vec<Column> {
    vec![
        Column::new("requests/s", Number::Median(of::per_second), 0, Better::More),
        Column::new("of the ceiling", Number::Share(of::per_second, ceiling), 1, Better::None),
        Column::new("of nginx's rate", Number::Ratio(of::per_second), 3, Better::None),
        Column::new("p50, ms", Number::Median(of::p50), 1, Better::Less).in_ms(),
        Column::new("p99, ms", Number::Median(of::p99), 1, Better::Less).in_ms(),
        Column::new("memory, MiB", Number::Median(of::mebibytes), 1, Better::Less),
        Column::new("CPU per request, µs", Number::Median(of::cpu), 1, Better::Less),
        Column::new("of nginx's CPU", Number::Ratio(of::cpu), 2, Better::None),
        Column::new("CPU of mock and load, µs", Number::Median(of::tools_cpu), 1, Better::None),
        Column::new("failed", Number::Sum(of::failed), 0, Better::Less),
        Column::new("astray", Number::Sum(of::astray), 0, Better::Less),
    ]
}

fn tables(results: &Results) -> String {
    let mut text = "\n## In short\n\nRequests per second:\n".to_owned();
    let rate = Column::new("", Number::Median(of::per_second), 0, Better::None);
    table::matrix(&mut text, results, |_| rate);
    text.push_str("\nOf the ceiling, users / delay:\n");
    let ceilings: Vec<_> = results.plan.cells.iter().map(LoadCell::ceiling).collect();
    let share = |cell| Number::Share(of::per_second, ceilings.get(cell).copied().unwrap_or(f64::NAN));
    table::matrix(&mut text, results, |cell| Column::new("", share(cell), 1, Better::None));
    text.push_str("\nCPU of the gateway for each request, as a multiple of nginx's:\n");
    table::matrix(&mut text, results, |_| Column::new("", Number::Ratio(of::cpu), 2, Better::None));
    for (index, cell) in results.plan.cells.iter().enumerate() {
        let ceiling = cell.ceiling();
        let delay = cell.shape.delay.as_secs_f64();
        text.push_str(&format!(
            "\n## {}: no more than {ceiling:.0} requests/s, {} / {delay} s\n",
            cell.title, cell.users
        ));
        table::write(&mut text, results, index, &columns(ceiling));
    }
    if results.plan.pace.duration >= LONG {
        text.push_str(&minutes(results));
    }
    text
}

/// The most memory seen in each minute.
fn minutes(results: &Results) -> String {
    let mut text = "\n## Memory from minute to minute, MiB\n\n".to_owned();
    for trial in &results.trials {
        let (Ok(report), Some(idle)) = (&trial.outcome, trial.idle) else { continue };
        let cell = results.plan.cells.get(trial.step.cell).map(|cell| cell.title.as_str());
        let subject = results.plan.subjects.get(trial.step.subject).map(subject::Subject::name);
        let most = each_minute(&report.memory, report.seconds);
        let most: Vec<_> = most.into_iter().map(|kib| format!("{:.1}", mebibytes(kib))).collect();
        text.push_str(&format!(
            "- {}, {}, repeat {}: {:.1} before the load, then {}\n",
            cell.unwrap_or_default(),
            subject.unwrap_or_default(),
            trial.step.repeat,
            mebibytes(idle),
            most.join(", ")
        ));
    }
    text
}

/// The most in each minute, of what was seen when, in a run of so many seconds.
fn each_minute(memory: &[(f64, u64)], seconds: f64) -> Vec<u64> {
    let mut minutes: Vec<u64> = Vec::new();
    for (at, kib) in memory {
        // The last look falls on the end, which is no new minute.
        let minute = (at.min(seconds - 1.0) / 60.0).max(0.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes of at most an hour")]
        let minute = minute as usize;
        minutes.resize(minutes.len().max(minute + 1), 0);
        if let Some(most) = minutes.get_mut(minute) {
            *most = (*most).max(*kib);
        }
    }
    minutes
}

#[expect(clippy::cast_precision_loss, reason = "no machine has 2^52 KiB")]
fn mebibytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_is_users_by_delay_and_no_delay_is_refused() {
        let cell = cell(300, Duration::from_millis(60), &Pacing::brief(1));
        assert!((cell.ceiling() - 5_000.0).abs() < 1e-6);
        assert!(delay("0").is_err() && delay("20ms").is_ok());
    }

    #[test]
    fn memory_is_the_most_of_each_minute_and_the_end_is_no_new_one() {
        let memory = [(0.0, 5), (30.0, 7), (59.9, 6), (60.1, 4), (119.0, 9), (120.02, 8)];
        assert_eq!(each_minute(&memory, 120.02), [7, 9]);
        assert_eq!(each_minute(&[], 120.0), [0; 0]);
    }
}
