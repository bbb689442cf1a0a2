//! `[plugins.compile]`: what compiling a plugin may take, and how large one may be.

use std::time::Duration;

use crate::table::ConfigTable;

/// `[plugins.compile]`. Compiling runs in processes of its own, which end at these bounds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CompileLimits {
    /// Bytes that compiling one plugin may have in memory; 1 GiB by default, 64 MiB to 64 GiB.
    pub memory: u64,
    /// CPU time of it, of all its threads together, in whole seconds; 2 min by default, 1 s to 1 h.
    pub cpu: Duration,
    /// How long it may last in all; 10 min by default, 1 s to 24 h.
    pub time: Duration,
    /// Plugins that are compiled at once, of which one tenant has half at most, and one at least; half of the cores by
    /// default, and at least 2; 1 to 64.
    pub processes: usize,
    /// Bytes of the code that comes of it; 256 MiB by default, 1 MiB to 1 GiB.
    pub output: u64,
    /// Core modules in one file; 100 by default, 1 to 1,000.
    pub modules: u64,
    /// Functions in one file; 200,000 by default, 1 to 10 million.
    pub functions: u64,
    /// Local variables of one function; 10,000 by default, 1 to 50,000.
    pub locals: u64,
    /// Bytes of one function; 2 MiB by default, 1 B to 64 MiB.
    pub function_bytes: u64,
    /// Bytes of all functions of one file; 32 MiB by default, 1 B to 64 MiB.
    pub code_bytes: u64,
    /// Everything else that has a number: types, imports, exports, tables, globals, segments, instances, aliases; 100,000 by
    /// default, 1 to 10 million.
    pub items: u64,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            memory: 1 << 30,
            cpu: Duration::from_secs(120),
            time: Duration::from_secs(600),
            processes: usual_processes(),
            output: 256 << 20,
            modules: 100,
            functions: 200_000,
            locals: 10_000,
            function_bytes: 2 << 20,
            code_bytes: 32 << 20,
            items: 100_000,
        }
    }
}

/// Half of the cores, for the other half serves; two at least, so that no plugin waits for one other.
fn usual_processes() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / 2).clamp(2, 64)
}

impl CompileLimits {
    pub(crate) fn read(table: ConfigTable<'_>) -> Self {
        let default = Self::default();
        let second = Duration::from_secs(1);
        let size = |key, default: u64, range| table.value(key).and_then(|value| value.size(range)).unwrap_or(default);
        let compile = Self {
            memory: size("memory", default.memory, 64 << 20..=64 << 30),
            cpu: table.duration("cpu", default.cpu, second..=second * 3_600),
            time: table.duration("time", default.time, second..=second * 86_400),
            processes: table.whole("processes", default.processes, 1..=64),
            output: size("output", default.output, 1 << 20..=1 << 30),
            modules: table.whole("modules", default.modules, 1..=1_000),
            functions: table.whole("functions", default.functions, 1..=10_000_000),
            locals: table.whole("locals", default.locals, 1..=50_000),
            function_bytes: size("function_bytes", default.function_bytes, 1..=64 << 20),
            code_bytes: size("code_bytes", default.code_bytes, 1..=64 << 20),
            items: table.whole("items", default.items, 1..=10_000_000),
        };
        table.finish();
        compile
    }
}
