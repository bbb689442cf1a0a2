//! `window` of a plugin's settings: how much of a stream its `event` hook is shown at once.

use std::time::Duration;

use crate::table::ConfigTable;

/// How the host holds a stream back for an `event` plugin, so that it sees together what came in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Bytes of new text that are gathered before the plugin is called; 256 by default, 1 B to 1 MiB.
    pub size: usize,
    /// Bytes of text at the end of a call that are held back and shown again, first, in the next; so what is no longer
    /// than this is seen whole in one call. 64 by default, 0 to 64 KiB.
    pub overlap: usize,
    /// After so long without an event the client gets a comment, so that nobody takes the stream for dead; 15 s by
    /// default, 100 ms to 1 h.
    pub keep_alive: Duration,
}

impl Window {
    /// Reads `window` of a plugin's settings: a table, each key of which may be left out.
    pub(crate) fn read(table: &ConfigTable<'_>) -> Option<Self> {
        let table = table.value("window")?.table()?;
        let window = Self {
            size: table.size("size", 256, 1..=1 << 20),
            overlap: table.size("overlap", 64, 0..=64 << 10),
            keep_alive: table.duration(
                "keep_alive",
                Duration::from_secs(15),
                Duration::from_millis(100)..=Duration::from_secs(3_600),
            ),
        };
        table.finish();
        Some(window)
    }
}
