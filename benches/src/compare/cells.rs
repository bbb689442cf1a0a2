//! The loads of a comparison, and what is looked at in each.

use std::time::Duration;

use super::args::CompareArgs;
use super::kind::LoadKind;
use crate::mock::ReplyShape;
use crate::plan::LoadCell;
use crate::results::of;
use crate::table::{Better, Column, Number};

/// What the mock takes for an answer where it takes anything.
const DELAY: Duration = Duration::from_millis(60);

impl LoadKind {
    pub(crate) const ALL: [Self; 7] =
        [Self::Whole50, Self::Whole500, Self::Latency, Self::Streams, Self::Stalls, Self::Throughput, Self::Open];

    pub(crate) fn cell(self, args: &CompareArgs) -> LoadCell {
        let whole = ReplyShape { delay: DELAY, gap: Duration::ZERO, tokens: 24, reply_bytes: args.pace.reply_bytes };
        let at_once = ReplyShape { delay: Duration::ZERO, ..whole };
        let gap = args.gap;
        let (name, title, users, shape) = match self {
            Self::Whole50 => ("whole-50", "Whole replies, 50 users, 60 ms upstream".to_owned(), 50, whole),
            Self::Whole500 => ("whole-500", "Whole replies, 500 users, 60 ms upstream".to_owned(), 500, whole),
            Self::Latency => ("latency", "Added latency: one user, upstream without delay".to_owned(), 1, at_once),
            Self::Streams => {
                let title = format!("Streams of 24 events, {gap:?} apart, 50 users, 60 ms upstream");
                ("streams", title, 50, ReplyShape { gap, ..whole })
            }
            Self::Stalls => {
                let gap = args.stall_gap;
                let title = format!("1,000 concurrent streams of 60 events, {gap:?} apart");
                ("stalls", title, 1_000, ReplyShape { gap, tokens: 60, ..whole })
            }
            Self::Throughput => {
                ("throughput", "Most throughput: 50 users, upstream without delay".to_owned(), 50, at_once)
            }
            Self::Open => {
                let title = format!("Open loop: {} requests/s arrive, 60 ms upstream", args.rate);
                // Enough for a second of arrivals in flight, and then for none that waits behind another.
                ("open", title, args.rate.clamp(50, 2_000), whole)
            }
        };
        LoadCell {
            name: name.to_owned(),
            title,
            users,
            stream: matches!(self, Self::Streams | Self::Stalls),
            rate: (self == Self::Open).then_some(args.rate),
            shape,
            differences: matches!(self, Self::Latency | Self::Streams | Self::Stalls),
        }
    }

    /// What has to be known to read the table.
    pub(crate) fn note(self) -> &'static str {
        match self {
            Self::Whole50 | Self::Whole500 => {
                "Closed loop. The rate is held by the upstream's delay; what differs is the CPU that it takes."
            }
            Self::Latency => {
                "Each subject minus direct within a repeat: median (least … most) over the repeats. What `direct again` \
                 adds is noise: a difference that is not clear of it says nothing."
            }
            Self::Streams => {
                "CPU is for a whole stream. Added time to the first token: minus direct within a repeat, median \
                 (least … most); `direct again` is its noise."
            }
            Self::Stalls => {
                "A stall is a pause between two events that is more than 5 ms longer than the mock's. Those of \
                 `direct` are made by mock, load and machine alone. Stalls and gaps are summed over the repeats, the \
                 worst is that of all repeats."
            }
            Self::Throughput => {
                "Closed loop. Mock, load and gateway compete for the cores, so the CPU of all three decides."
            }
            Self::Open => {
                "Requests are sent when they are due, whether or not others are answered, and latency counts from then. \
                 Unsent are those for which no connection was free until the end."
            }
        }
    }

    pub(crate) fn columns(self) -> Vec<Column> {
        let rate = |title| Column::new(title, Number::Median(of::per_second), 0, Better::More);
        let ratio = Column::new("of nginx's CPU", Number::Ratio(of::cpu), 2, Better::None);
        let cpu = |title| Column::new(title, Number::Median(of::cpu), 1, Better::Less);
        let tools = Column::new("CPU of mock and load, µs", Number::Median(of::tools_cpu), 1, Better::None);
        let memory = Column::new("memory, MiB", Number::Median(of::mebibytes), 1, Better::Less);
        let p50 = Column::new("p50", Number::Median(of::p50), 2, Better::Less);
        let p99 = Column::new("p99", Number::Median(of::p99), 2, Better::Less);
        let ms = |column: Column, title| Column { title, ..column }.in_ms();
        let mut columns = match self {
            Self::Whole50 | Self::Whole500 | Self::Throughput => vec![
                rate("requests/s"),
                Column::new("of nginx's rate", Number::Ratio(of::per_second), 3, Better::None),
                ms(p50, "p50, ms"),
                ms(p99, "p99, ms"),
                cpu("CPU per request, µs"),
                ratio,
            ],
            Self::Latency => vec![
                Column::new("added p50, µs", Number::Added(of::p50), 1, Better::Less),
                Column::new("added p99, µs", Number::Added(of::p99), 1, Better::Less),
                Column { digits: 1, title: "p50, µs", ..p50 },
                Column { digits: 1, title: "p99, µs", ..p99 },
                cpu("CPU per request, µs"),
                ratio,
            ],
            Self::Streams => vec![
                rate("streams/s"),
                Column::new("added to first token, p50, µs", Number::Added(of::first_p50), 0, Better::Less),
                Column::new("added to first token, p99, µs", Number::Added(of::first_p99), 0, Better::Less),
                cpu("CPU per stream, µs"),
                ratio,
            ],
            Self::Stalls => vec![
                rate("streams/s"),
                Column::new("stalls", Number::Sum(of::stalls), 0, Better::None),
                Column::new("of gaps", Number::Sum(of::gaps), 0, Better::None),
                Column::new("stalls, % of gaps", Number::Median(of::stalled), 2, Better::Less),
                Column::new("worst stall, ms", Number::Worst(of::worst_stall), 1, Better::Less).in_ms(),
                cpu("CPU per stream, µs"),
                ratio,
            ],
            Self::Open => vec![
                rate("requests/s"),
                ms(p50, "p50, ms"),
                ms(p99, "p99, ms"),
                Column::new("p99.9, ms", Number::Median(of::p999), 2, Better::Less).in_ms(),
                Column::new("unsent", Number::Sum(of::unsent), 0, Better::Less),
                Column::new("sent late, p99, ms", Number::Median(of::late), 2, Better::None).in_ms(),
                cpu("CPU per request, µs"),
                ratio,
            ],
        };
        columns.extend([
            tools,
            memory,
            Column::new("failed", Number::Sum(of::failed), 0, Better::Less),
            Column::new("astray", Number::Sum(of::astray), 0, Better::Less),
        ]);
        columns
    }
}
