//! `[plugins.compile]`: what compiling a plugin may take, and how large one may be.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::keys::{CountKey, SizeKey, TimeKey, keys};
use crate::table::ConfigTable;

const SECOND: Duration = Duration::from_secs(1);
/// The longest that CPU time may be.
const HOUR: Duration = Duration::from_secs(3_600);
/// The longest that it may last in all.
const DAY: Duration = Duration::from_secs(86_400);
/// How long code may be.
const CODE: RangeInclusive<u64> = 1..=64 << 20;

keys! {
    /// `[plugins.compile]`. Compiling runs in processes of its own, which end at these bounds.
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    pub struct CompileLimits(table), with defaults {
        /// Bytes that compiling one plugin may have in memory; 1 GiB by default, 64 MiB to 64 GiB.
        pub memory: u64 = 1 << 30 => "memory" SizeKey(64 << 20..=64 << 30);
        /// CPU time of it, of all its threads together, in whole seconds; 2 min by default, 1 s to 1 h.
        pub cpu: Duration = Duration::from_secs(120) => "cpu" TimeKey(SECOND..=HOUR);
        /// How long it may last in all; 10 min by default, 1 s to 24 h.
        pub time: Duration = Duration::from_secs(600) => "time" TimeKey(SECOND..=DAY);
        /// Plugins that are compiled at once, of which one tenant has half at most, and one at least; half of the cores by
        /// default, and at least 2; 1 to 64.
        pub processes: usize = usual_processes() => "processes" CountKey(1..=64);
        /// Bytes of the code that comes of it; 256 MiB by default, 1 MiB to 1 GiB.
        pub output: u64 = 256 << 20 => "output" SizeKey(1 << 20..=1 << 30);
        /// Core modules in one file; 100 by default, 1 to 1,000.
        pub modules: u64 = 100 => "modules" CountKey(1..=1_000);
        /// Functions in one file; 200,000 by default, 1 to 10 million.
        pub functions: u64 = 200_000 => "functions" CountKey(1..=10_000_000);
        /// Local variables of one function; 10,000 by default, 1 to 50,000.
        pub locals: u64 = 10_000 => "locals" CountKey(1..=50_000);
        /// Bytes of one function; 2 MiB by default, 1 B to 64 MiB.
        pub function_bytes: u64 = 2 << 20 => "function_bytes" SizeKey(CODE);
        /// Bytes of all functions of one file; 32 MiB by default, 1 B to 64 MiB.
        pub code_bytes: u64 = 32 << 20 => "code_bytes" SizeKey(CODE);
        /// Everything else that has a number: types, imports, exports, tables, globals, segments, instances, aliases; 100,000
        /// by default, 1 to 10 million.
        pub items: u64 = 100_000 => "items" CountKey(1..=10_000_000);
    }
}

/// Half of the cores, for the other half serves; two at least, so that no plugin waits for one other.
fn usual_processes() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / 2).clamp(2, 64)
}

impl CompileLimits {
    pub(crate) fn read(table: ConfigTable<'_>) -> Self {
        let compile = Self::of(&table);
        table.finish();
        compile
    }
}
