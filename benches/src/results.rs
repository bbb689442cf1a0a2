//! What the trials come to: medians over the repeats, and differences and ratios within each repeat.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
pub(crate) mod tests;

use crate::load::LoadReport;
use crate::plan::BenchPlan;
use crate::subject::Subject;
use crate::trial::BenchTrial;

/// A number of a report.
pub(crate) type Of = fn(&LoadReport) -> Option<f64>;

/// A plan and what came of it.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) plan: BenchPlan,
    pub(crate) trials: Vec<BenchTrial>,
}

/// A median with the extremes that it lies between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Results {
    /// The reports of one subject in one cell, with their repeats.
    pub(crate) fn reports(&self, cell: usize, subject: usize) -> impl Iterator<Item = (u32, &LoadReport)> {
        let these = self.trials.iter().filter(move |trial| (trial.step.cell, trial.step.subject) == (cell, subject));
        these.filter_map(|trial| Some((trial.step.repeat, trial.outcome.as_ref().ok()?)))
    }

    /// Subjects that were measured in a cell, in the order of the plan.
    pub(crate) fn measured(&self, cell: usize) -> impl Iterator<Item = (usize, &Subject)> {
        let here = move |subject: usize| {
            self.trials.iter().any(|trial| (trial.step.cell, trial.step.subject) == (cell, subject))
        };
        self.plan.subjects.iter().enumerate().filter(move |(subject, _)| here(*subject))
    }

    pub(crate) fn median(&self, cell: usize, subject: usize, of: Of) -> Option<f64> {
        Spread::of(self.reports(cell, subject).filter_map(|(_, report)| of(report))).map(|spread| spread.median)
    }

    /// The worst of all repeats: a median would hide it.
    pub(crate) fn worst(&self, cell: usize, subject: usize, of: Of) -> Option<f64> {
        Spread::of(self.reports(cell, subject).filter_map(|(_, report)| of(report))).map(|spread| spread.most)
    }

    /// All repeats together: what went wrong is counted, and not averaged away.
    pub(crate) fn sum(&self, cell: usize, subject: usize, of: Of) -> Option<f64> {
        let mut numbers = self.reports(cell, subject).filter_map(|(_, report)| of(report)).peekable();
        numbers.peek()?;
        Some(numbers.sum())
    }

    /// What a subject has more than the direct load of the same repeat.
    pub(crate) fn added(&self, cell: usize, subject: usize, of: Of) -> Option<Spread> {
        let direct = self.plan.subjects.iter().position(|other| matches!(other, Subject::Direct))?;
        if subject == direct {
            return None;
        }
        Spread::of(self.beside(cell, subject, direct, of).map(|(number, direct)| number - direct))
    }

    /// How many times what nginx has in the same repeat.
    pub(crate) fn beside_nginx(&self, cell: usize, subject: usize, of: Of) -> Option<f64> {
        let nginx = self.plan.subjects.iter().position(|other| other.name() == "nginx")?;
        let ratios = self.beside(cell, subject, nginx, of).filter(|(_, nginx)| *nginx > 0.0);
        Spread::of(ratios.map(|(number, nginx)| number / nginx)).map(|spread| spread.median)
    }

    /// The numbers of two subjects in the same repeats.
    fn beside(&self, cell: usize, one: usize, other: usize, of: Of) -> impl Iterator<Item = (f64, f64)> {
        self.reports(cell, one).filter_map(move |(repeat, report)| {
            let (_, beside) = self.reports(cell, other).find(|(same, _)| *same == repeat)?;
            Some((of(report)?, of(beside)?))
        })
    }

    /// What a subject could not do at all in a cell, once for each different reason.
    pub(crate) fn errors(&self, cell: usize, subject: usize) -> Vec<&str> {
        let these = self.trials.iter().filter(|trial| (trial.step.cell, trial.step.subject) == (cell, subject));
        let mut errors: Vec<_> = these.filter_map(|trial| trial.outcome.as_ref().err().map(String::as_str)).collect();
        errors.dedup();
        errors
    }
}

impl Spread {
    /// The median is the middle number, or the mean of the two in the middle; none of no number.
    pub(crate) fn of(numbers: impl Iterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = numbers.collect();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let upper = *sorted.get(sorted.len() / 2)?;
        let lower = *sorted.get((sorted.len() - 1) / 2)?;
        Some(Self { least, median: f64::midpoint(lower, upper), most })
    }
}

/// Numbers of reports, by name.
pub(crate) mod of {
    use crate::load::{LoadReport, Quantiles};

    pub(crate) fn per_second(report: &LoadReport) -> Option<f64> {
        // One that answered nothing has no rate that could win anything.
        (report.requests > 0).then_some(report.per_second)
    }
    pub(crate) fn cpu(report: &LoadReport) -> Option<f64> {
        report.cpu_per_request
    }
    /// Mock and load together: what the tools take of the shared cores.
    pub(crate) fn tools_cpu(report: &LoadReport) -> Option<f64> {
        Some(report.mock_cpu_per_request? + report.load_cpu_per_request?)
    }
    pub(crate) fn p50(report: &LoadReport) -> Option<f64> {
        report.latency.map(|Quantiles { p50, .. }| p50)
    }
    pub(crate) fn p99(report: &LoadReport) -> Option<f64> {
        report.latency.map(|Quantiles { p99, .. }| p99)
    }
    pub(crate) fn p999(report: &LoadReport) -> Option<f64> {
        report.latency.map(|Quantiles { p999, .. }| p999)
    }
    pub(crate) fn first_p50(report: &LoadReport) -> Option<f64> {
        report.first.map(|Quantiles { p50, .. }| p50)
    }
    pub(crate) fn first_p99(report: &LoadReport) -> Option<f64> {
        report.first.map(|Quantiles { p99, .. }| p99)
    }
    pub(crate) fn worst_stall(report: &LoadReport) -> Option<f64> {
        report.gaps.map(|gaps| gaps.worst_excess)
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn stalls(report: &LoadReport) -> Option<f64> {
        report.gaps.map(|gaps| gaps.stalls as f64)
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn gaps(report: &LoadReport) -> Option<f64> {
        report.gaps.map(|gaps| gaps.gaps as f64)
    }
    pub(crate) fn stalled(report: &LoadReport) -> Option<f64> {
        Some(100.0 * stalls(report)? / gaps(report)?)
    }
    #[expect(clippy::cast_precision_loss, reason = "no machine has 2^52 KiB")]
    pub(crate) fn mebibytes(report: &LoadReport) -> Option<f64> {
        report.most_memory().map(|kib| kib as f64 / 1024.0)
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn failed(report: &LoadReport) -> Option<f64> {
        Some(report.failed() as f64)
    }
    /// Lost, doubled.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn astray(report: &LoadReport) -> Option<f64> {
        report.check.map(|check| (check.lost + check.doubled) as f64)
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn unsent(report: &LoadReport) -> Option<f64> {
        report.open.map(|open| open.unsent as f64)
    }
    pub(crate) fn late(report: &LoadReport) -> Option<f64> {
        report.open.and_then(|open| open.late).map(|late| late.p99)
    }
}
