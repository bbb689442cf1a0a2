//! The command line of `compare`.

use std::time::Duration;

use super::kind::LoadKind;
use crate::plan::Pacing;
use crate::subject::SubjectChoice;
use crate::units;

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
