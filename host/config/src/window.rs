//! `window` of a plugin's settings: how much of a stream its `event` hook is shown at once.

use std::time::Duration;

use crate::keys::{ConfigKey, SizeKey, TimeKey, keys, show_bytes};
use crate::table::ConfigTable;
use crate::told::ToldTable;
use crate::units::show_duration;

keys! {
    /// How the host holds a stream back for an `event` plugin, so that it sees together what came in pieces.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Window(table) {
        /// Bytes of new text that are gathered before the plugin is called; 256 by default, 1 B to 1 MiB.
        pub size: usize = 256 => "size" SizeKey(1..=1 << 20);
        /// Bytes of text at the end of a call that are held back and shown again, first, in the next; so what is no longer
        /// than this is seen whole in one call. 64 by default, 0 to 64 KiB.
        pub overlap: usize = 64 => "overlap" SizeKey(0..=64 << 10);
        /// After so long without an event the client gets a comment, so that nobody takes the stream for dead; 15 s by
        /// default, 100 ms to 1 h.
        pub keep_alive: Duration =
            Duration::from_secs(15) => "keep_alive" TimeKey(Duration::from_millis(100)..=Duration::from_secs(3_600));
    }
}

/// A window, each key of which may be left out.
pub(crate) struct WindowKey();

impl ConfigKey<Option<Window>> for WindowKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<Window>) -> Option<Window> {
        let Some(table) = table.value(key).and_then(|value| value.table()) else { return default };
        let window = Window::of(&table);
        table.finish();
        Some(window)
    }

    fn tell(value: &Option<Window>, key: &str, told: &mut ToldTable) {
        // All of them, so that one that is added cannot be left out.
        let shown = |Window { size, overlap, keep_alive }: Window| {
            format!("{} + {}, {}", show_bytes(size), show_bytes(overlap), show_duration(keep_alive))
        };
        told.open(key, value.map_or_else(|| "none".to_owned(), shown));
    }
}
