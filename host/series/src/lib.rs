//! Figures under labels: made when something happens that they count, bounded in number, never lost.
//!
//! A [`Table`] has a row for each combination of labels that has occurred, until nobody needs or holds it. Who counts asks
//! for its row once, keeps it, and then writes atomics; a lock is taken for that first look alone. Past its limit a table
//! answers a row that later combinations share, so that sums stay exact and only the attribution is lost. [`Names`] are
//! the same for what guests name themselves, [`Shards`] one row's figures apart for each thread that writes them.
//!
//! What is said of such things rather than counted is a [`RareLine`].
//!
//! Reading holds up nobody who counts for longer than a few rows take.
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod names;
mod rare_line;
mod shards;
mod table;

pub use names::{NameBudget, Names};
pub use rare_line::RareLine;
pub use shards::Shards;
pub use table::{Row, Table};

/// Figures of which can be told whether anybody holds a part of them to write to.
pub trait Idle {
    /// Whether nobody does. Who holds the figures themselves is not meant.
    fn is_idle(&self) -> bool;
}

impl Idle for std::sync::atomic::AtomicU64 {
    fn is_idle(&self) -> bool {
        true
    }
}

/// What stands for the labels that found no room of their own.
pub const OTHER: &str = "other";
