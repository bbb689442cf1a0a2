//! The names of a comparison's loads.

/// One load by name.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoadKind {
    #[value(name = "whole-50")]
    Whole50,
    #[value(name = "whole-500")]
    Whole500,
    Latency,
    Streams,
    Stalls,
    Throughput,
    Open,
}
