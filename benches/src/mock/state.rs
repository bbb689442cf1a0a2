//! What every connection of the mock shares.

use arc_swap::ArcSwap;

use super::journal::Journal;
use super::reply::Replies;

/// What every connection shares.
#[derive(Debug)]
pub(super) struct Mock {
    pub(super) replies: ArcSwap<Replies>,
    pub(super) journal: Journal,
}
