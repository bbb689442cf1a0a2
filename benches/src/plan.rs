//! What a runner does: loads, subjects, repeats; and the order of all that.

use std::path::PathBuf;
use std::time::Duration;

use crate::load;
use crate::mock::ReplyShape;
use crate::subject::{Skipped, Subject};
use crate::units;

/// How long and how often, for every runner.
#[derive(clap::Args, Debug, Clone)]
pub(crate) struct Pacing {
    /// How often everything is measured; the table has medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) repeats: u32,
    /// Time that each single load is measured
    #[arg(long, default_value = "4s", value_parser = units::duration)]
    pub(crate) duration: Duration,
    /// Time before it that is not measured
    #[arg(long, default_value = "1s", value_parser = units::duration)]
    pub(crate) warmup: Duration,
    /// Size of a request's body in bytes
    #[arg(long, default_value_t = 512)]
    pub(crate) request_bytes: u32,
    /// Size of a whole reply's body in bytes
    #[arg(long, default_value_t = 512)]
    pub(crate) reply_bytes: u32,
    /// Worker threads or processes of each gateway; 0 is one per core
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=256))]
    pub(crate) workers: u16,
    /// Threads of the load
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) load_threads: u32,
    /// Threads of the mock
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) mock_threads: u16,
    /// Where the results go: DATE-ladder and DATE-compare, as .md, .json and .svg
    #[arg(long, default_value = "benches/results")]
    pub(crate) results: PathBuf,
}

/// One kind of load.
#[derive(Debug, Clone)]
pub(crate) struct LoadCell {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) users: u32,
    pub(crate) stream: bool,
    /// Of an open loop.
    pub(crate) rate: Option<u32>,
    /// What the mock does.
    pub(crate) shape: ReplyShape,
    /// Whether differences to `direct` are looked at, so that the noise of differences is, too.
    pub(crate) differences: bool,
}

impl LoadCell {
    /// The most requests per second that its users can make who wait for each answer.
    pub(crate) fn ceiling(&self) -> f64 {
        f64::from(self.users) / self.shape.delay.as_secs_f64()
    }
}

/// All that is to be measured.
#[derive(Debug)]
pub(crate) struct BenchPlan {
    pub(crate) cells: Vec<LoadCell>,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) tools: PathBuf,
    pub(crate) pace: Pacing,
}

/// One load on one subject: indices into the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BenchStep {
    pub(crate) repeat: u32,
    pub(crate) cell: usize,
    pub(crate) subject: usize,
}

impl BenchPlan {
    /// Every step in turn: in each repeat all cells, in each cell all subjects. Each repeat begins with another subject,
    /// so that none is always measured first, and a drift of the machine meets all of them alike.
    pub(crate) fn steps(&self) -> Vec<BenchStep> {
        let mut steps = Vec::new();
        for repeat in 1..=self.pace.repeats {
            for (cell, what) in self.cells.iter().enumerate() {
                let here = |subject: &usize| match self.subjects.get(*subject) {
                    Some(Subject::Again) => what.differences,
                    other => other.is_some(),
                };
                let first = usize::try_from(repeat - 1).unwrap_or(0) % self.subjects.len().max(1);
                let order = (0..self.subjects.len()).cycle().skip(first).take(self.subjects.len());
                steps.extend(order.filter(here).map(|subject| BenchStep { repeat, cell, subject }));
            }
        }
        steps
    }

    /// Worker threads or processes of each gateway.
    pub(crate) fn workers(&self) -> u16 {
        if self.pace.workers == 0 { units::cores() } else { self.pace.workers }
    }
}

impl LoadCell {
    /// The load of this cell, still without an address. Streams are measured for at least twice as long as one takes,
    /// and not before all users have begun one.
    pub(crate) fn load(&self, pace: &Pacing) -> load::LoadArgs {
        let least =
            if self.stream { 2 * (self.shape.delay + self.shape.gap * self.shape.tokens) } else { Duration::ZERO };
        load::LoadArgs {
            stream: self.stream,
            request_bytes: pace.request_bytes,
            connections: self.users,
            rate: self.rate,
            threads: pace.load_threads,
            warmup: pace.warmup.max(least),
            duration: pace.duration.max(least),
            gap: self.shape.gap,
            ..load::LoadArgs::to("")
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_is_measured_in_every_cell_and_each_repeat_begins_with_another_one() {
        let cell = |differences| LoadCell {
            name: "cell".to_owned(),
            title: "a cell".to_owned(),
            users: 1,
            stream: false,
            rate: None,
            shape: ReplyShape::default(),
            differences,
        };
        let peer = crate::peers::by_command_line("name=other,command=other").unwrap();
        let plan = BenchPlan {
            cells: vec![cell(false), cell(true)],
            subjects: vec![Subject::Direct, Subject::Again, Subject::Peer(peer)],
            skipped: Vec::new(),
            tools: PathBuf::new(),
            pace: Pacing::brief(3),
        };
        let steps = plan.steps();
        assert_eq!(steps.len(), 3 * (2 + 3), "only the second cell has differences");
        let order = |repeat, cell| -> Vec<_> {
            let these = steps.iter().filter(|step| (step.repeat, step.cell) == (repeat, cell));
            these.map(|step| step.subject).collect()
        };
        assert_eq!([order(1, 1), order(2, 1), order(3, 1)], [[0, 1, 2], [1, 2, 0], [2, 0, 1]]);
        assert_eq!(order(2, 0), [2, 0]);
        assert_eq!(steps.iter().map(|step| step.repeat).collect::<Vec<_>>()[..5], [1; 5]);
    }

    #[test]
    fn long_streams_are_measured_for_longer_than_they_take_and_others_as_long_as_is_wanted() {
        let gap = Duration::from_millis(20);
        let shape = ReplyShape { delay: Duration::from_millis(60), gap, tokens: 60, ..ReplyShape::default() };
        let (name, title) = ("cell".to_owned(), "a cell".to_owned());
        let cell = LoadCell { name, title, users: 1, stream: true, rate: None, shape, differences: false };
        let pace = Pacing::brief(1);
        let load = cell.load(&pace);
        assert_eq!((load.warmup, load.duration, load.gap), (2 * gap * 63, 2 * gap * 63, gap));
        let load = LoadCell { stream: false, ..cell }.load(&pace);
        assert_eq!((load.warmup, load.duration), (pace.warmup, pace.duration));
    }

    impl Pacing {
        pub(crate) fn brief(repeats: u32) -> Self {
            Self {
                repeats,
                duration: Duration::from_millis(50),
                warmup: Duration::from_millis(10),
                request_bytes: 512,
                reply_bytes: 512,
                workers: 0,
                load_threads: 1,
                mock_threads: 1,
                results: PathBuf::new(),
            }
        }
    }
}
