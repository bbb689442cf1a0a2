//! What bounds a plugin: one table of all limits, from which they are read, shown and held to ceilings.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::keys::ConfigKey;
use crate::table::ConfigTable;
use crate::told::{Tell, ToldTable};
use crate::units::{LONGEST, SHORTEST};
use crate::units::{show_duration, show_size};
use crate::value::ConfigValue;

/// Which of two values of a limit is the tighter one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tighter {
    /// The smaller one.
    Less,
    /// The larger one: for how long faults are remembered, and a plugin is kept away for them.
    More,
    /// The smaller one, but for zero, which is no limit at all.
    LessNotZero,
}

/// A row of the table of limits, as an operator writes its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginLimit {
    /// Its key.
    pub key: &'static str,
    /// What applies where nothing is said.
    pub default: String,
    /// The smallest value that can be given.
    pub least: String,
    /// The largest one.
    pub most: String,
    /// Which of two values bounds the plugin more.
    pub tighter: Tighter,
}

/// Makes of the table everything that there is to a limit, so that none can be read and not bounded.
macro_rules! plugin_limits {
    ($($(#[$doc:meta])* $key:ident: $type:ty = $default:expr, $unit:ty, $range:expr, $tighter:ident;)*) => {
        /// What bounds a plugin.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct PluginLimits {
            $($(#[$doc])* pub $key: $type,)*
        }

        impl Default for PluginLimits {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl PluginLimits {
            /// Every limit there is, in the order of the documentation.
            pub fn table() -> Vec<PluginLimit> {
                vec![$(row::<$type, $unit>(stringify!($key), $default, &$range, Tighter::$tighter),)*]
            }

            /// Reads a table of limits. What is looser than the ceiling, where there is one, is a problem.
            pub(crate) fn read(table: ConfigTable<'_>, default: &Self, ceiling: Option<&Self>) -> Self {
                let limits = Self {
                    $($key: read::<$type, $unit>(
                        table.value(stringify!($key)),
                        default.$key,
                        $range,
                        ceiling.map(|ceiling| (ceiling.$key, Tighter::$tighter)),
                    ),)*
                };
                table.finish();
                limits
            }

            /// Each limit by its key, in the order of the documentation, as an operator writes its value.
            pub fn shown(&self) -> Vec<(&'static str, String)> {
                vec![$((stringify!($key), <$unit as Unit<$type>>::show(self.$key)),)*]
            }

            /// Of each limit the tighter one of two.
            #[must_use]
            pub fn tightest(&self, other: &Self) -> Self {
                Self { $($key: Tighter::$tighter.of(self.$key, other.$key),)* }
            }

        }

        impl Tell for PluginLimits {
            fn tell(&self, told: &mut ToldTable) {
                self.shown().into_iter().for_each(|(key, value)| told.open(key, value));
            }
        }
    };
}

plugin_limits! {
    /// CPU time of one call; 50 ms by default, 100 µs to 60 s.
    deadline: Duration = millis(50), Time, Duration::from_micros(100)..=secs(60), Less;
    /// More of it for each MiB of the bodies that the call can look at; 500 ms by default, 0 to 60 s.
    deadline_per_mib: Duration = millis(500), Time, Duration::ZERO..=secs(60), Less;
    /// Bytes of an instance's linear memory; 64 MiB by default, 64 KiB to 4 GiB.
    memory: usize = 64 << 20, Bytes, 64 << 10..=4 << 30, Less;
    /// More of them for each MiB of the bodies that the call can look at; 4 MiB by default, 0 to 64 MiB.
    memory_per_mib: usize = 4 << 20, Bytes, 0..=64 << 20, Less;
    /// Instances per worker thread and pool; 8 by default, 1 to 1,000.
    instances: usize = 8, Count, 1..=1_000, Less;
    /// How long a call may wait for an instance; 50 ms by default, 0 to 24 h.
    wait: Duration = millis(50), Time, Duration::ZERO..=LONGEST, Less;
    /// How long an unused instance is kept; 60 s by default.
    idle: Duration = secs(60), Time, SHORTEST..=LONGEST, Less;
    /// Calls after which an instance is retired; 100,000 by default.
    max_calls: u64 = 100_000, Count, 1..=1_000_000_000_000, Less;
    /// Calls of the host within one call; 10,000 by default.
    host_calls: u32 = 10_000, Count, 1..=1_000_000_000, Less;
    /// Bytes of log within one call; 4 KiB by default, 1 B to 1 MiB.
    log_bytes: usize = 4 << 10, Bytes, 1..=1 << 20, Less;
    /// Bytes of log for one tenant each second, on all workers together, four seconds' worth at once after a rest; 16 KiB by
    /// default, 1 B to 1 GiB.
    log_rate: usize = 16 << 10, Bytes, 1..=1 << 30, Less;
    /// Entries that its key-value store holds for each tenant; 10,000 by default.
    kv_entries: u64 = 10_000, Count, 1..=100_000_000, Less;
    /// How long such an entry lives at most; 1 h by default.
    kv_ttl: Duration = secs(3_600), Time, SHORTEST..=LONGEST * 366, Less;
    /// CPU time that it may use for one tenant each second, on all workers together; 1 s by default, 1 ms to 1,000 s.
    cpu: Duration = secs(1), Time, SHORTEST..=secs(1_000), Less;
    /// CPU time that it may use for one tenant at once, after a rest; 2 s by default, 1 ms to 1 h.
    cpu_burst: Duration = secs(2), Time, SHORTEST..=secs(3_600), Less;
    /// Faults for one tenant within `fault_window` that lead to quarantine; 10 by default, 0 for never.
    faults: u32 = 10, Count, 0..=1_000_000, LessNotZero;
    /// The time in which faults add up; 30 s by default, 1 ms to 24 h.
    fault_window: Duration = secs(30), Time, SHORTEST..=LONGEST, More;
    /// How long the first quarantine lasts; each that follows at once lasts twice as long. 5 s by default, 1 ms to 24 h.
    quarantine: Duration = secs(5), Time, SHORTEST..=LONGEST, More;
    /// How long a quarantine lasts at most; 5 min by default, 1 ms to 24 h.
    quarantine_most: Duration = secs(300), Time, SHORTEST..=LONGEST, More;
}

/// A table of limits; none past the ceiling, where there is one.
pub(crate) struct PluginLimitsKey<'a>(pub(crate) Option<&'a PluginLimits>);

impl ConfigKey<PluginLimits> for PluginLimitsKey<'_> {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: PluginLimits) -> PluginLimits {
        PluginLimits::read(table.table(key), &default, self.0)
    }

    fn tell(value: &PluginLimits, key: &str, told: &mut ToldTable) {
        told.within(key, value);
    }
}

const fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

impl Tighter {
    /// Whether the first bounds less than the second.
    fn is_looser<T: PartialOrd + Default>(self, value: &T, than: &T) -> bool {
        let none = T::default();
        match self {
            Self::Less => value > than,
            Self::More => value < than,
            Self::LessNotZero => *than != none && (*value == none || value > than),
        }
    }

    fn of<T: PartialOrd + Default>(self, one: T, other: T) -> T {
        if self.is_looser(&one, &other) { other } else { one }
    }

    /// What a value may be so as not to be looser than this one.
    fn bound(self, ceiling: &str) -> String {
        match self {
            Self::Less | Self::LessNotZero => format!("at most {ceiling}"),
            Self::More => format!("at least {ceiling}"),
        }
    }
}

/// How values are written.
trait Unit<T> {
    fn read(value: &ConfigValue<'_>, range: RangeInclusive<T>) -> Option<T>;
    fn show(value: T) -> String;
}

struct Time;
struct Bytes;
struct Count;

impl Unit<Duration> for Time {
    fn read(value: &ConfigValue<'_>, range: RangeInclusive<Duration>) -> Option<Duration> {
        value.duration(range)
    }

    fn show(value: Duration) -> String {
        show_duration(value)
    }
}

impl Unit<usize> for Bytes {
    fn read(value: &ConfigValue<'_>, range: RangeInclusive<usize>) -> Option<usize> {
        let size = value.size(wide(*range.start())..=wide(*range.end()));
        size.and_then(|size| usize::try_from(size).ok())
    }

    fn show(value: usize) -> String {
        show_size(wide(value))
    }
}

impl<N: Copy + PartialOrd + Display + TryFrom<i64>> Unit<N> for Count {
    fn read(value: &ConfigValue<'_>, range: RangeInclusive<N>) -> Option<N> {
        value.whole(range)
    }

    fn show(value: N) -> String {
        value.to_string()
    }
}

fn wide(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// The value of a key, or the default. One that is looser than the ceiling is told with both.
fn read<T: Copy + PartialOrd + Default, U: Unit<T>>(
    value: Option<ConfigValue<'_>>,
    default: T,
    range: RangeInclusive<T>,
    ceiling: Option<(T, Tighter)>,
) -> T {
    let Some(value) = value else { return default };
    let Some(given) = U::read(&value, range) else { return default };
    let Some((most, tighter)) = ceiling.filter(|(most, tighter)| tighter.is_looser(&given, most)) else { return given };
    let bound = tighter.bound(&U::show(most));
    value.past_ceiling(&bound, &format!("give {bound}"));
    default
}

fn row<T: Copy, U: Unit<T>>(key: &'static str, default: T, range: &RangeInclusive<T>, tighter: Tighter) -> PluginLimit {
    let (least, most) = (U::show(*range.start()), U::show(*range.end()));
    PluginLimit { key, default: U::show(default), least, most, tighter }
}
