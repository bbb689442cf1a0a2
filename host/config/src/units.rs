//! Sizes and durations as an operator writes them.

use std::time::Duration;

/// A day: no deadline is longer.
pub(crate) const LONGEST: Duration = Duration::from_hours(24);
/// The shortest deadline that means anything to a timer.
pub(crate) const SHORTEST: Duration = Duration::from_millis(1);

/// Units of sizes, the longest suffix first so that `MiB` is not read as `B`.
const SIZES: &[(&str, u64)] = &[
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

/// Units of durations in microseconds; `ms` and `us` stand before `s` and `m`.
const DURATIONS: &[(&str, u64)] =
    &[("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)];

/// Reads a size such as `32KiB`, `10MB` or `512B` into bytes. None if it is not one, or past 2^64.
pub(crate) fn size(text: &str) -> Option<u64> {
    number_with_unit(text, SIZES)
}

/// Reads a duration such as `250ms`, `10s`, `5m` or `1h`. None if it is not one, or past 2^64 microseconds.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    number_with_unit(text, DURATIONS).map(Duration::from_micros)
}

fn number_with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (digits, unit) =
        units.iter().find_map(|(suffix, unit)| text.strip_suffix(suffix).map(|digits| (digits, unit)))?;
    let digits = digits.strip_suffix(' ').unwrap_or(digits);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(*unit)
}

/// The size that a text is meant to be which is none: in other letters, or a unit in words.
pub(crate) fn near_size(text: &str) -> Option<String> {
    let (number, unit) = apart(text)?;
    let unit = match unit.as_str() {
        "b" | "byte" | "bytes" => "B",
        "k" | "kb" | "kilobyte" | "kilobytes" => "KB",
        "m" | "mb" | "megabyte" | "megabytes" => "MB",
        "g" | "gb" | "gigabyte" | "gigabytes" => "GB",
        "ki" | "kib" => "KiB",
        "mi" | "mib" => "MiB",
        "gi" | "gib" => "GiB",
        _ => return None,
    };
    number.parse::<u64>().ok().map(|number| format!("{number}{unit}"))
}

/// The same of a duration; a fraction of one, too.
pub(crate) fn near_duration(text: &str) -> Option<String> {
    let (number, unit) = apart(text)?;
    let unit: u64 = match unit.as_str() {
        "ms" | "msec" | "millis" | "millisecond" | "milliseconds" => 1_000,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000_000,
        "h" | "hr" | "hour" | "hours" => 3_600_000_000,
        "d" | "day" | "days" => 86_400_000_000,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    // Three digits behind the point are enough for whoever writes by hand.
    let part = if part.len() <= 3 { format!("{part:0<3}").parse::<u64>().ok()? } else { return None };
    let thousandths = whole.parse::<u64>().ok()?.checked_mul(1_000)?.checked_add(part)?;
    Some(show_duration(Duration::from_micros(thousandths.checked_mul(unit)? / 1_000)))
}

/// A number, and the unit behind it in small letters.
fn apart(text: &str) -> Option<(&str, String)> {
    let text = text.trim();
    let at = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (number, unit) = text.split_at_checked(at)?;
    let is_number = number.starts_with(|c: char| c.is_ascii_digit());
    is_number.then(|| (number, unit.trim().to_ascii_lowercase()))
}

/// Writes a size the short way: the largest binary unit that divides it.
pub(crate) fn show_size(bytes: u64) -> String {
    for (unit, factor) in [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if bytes >= factor && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    format!("{bytes}B")
}

/// Writes a duration the short way: the largest unit that divides it.
pub(crate) fn show_duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    if micros == 0 {
        return "0s".to_owned();
    }
    for (unit, factor) in [("h", 3_600_000_000_u128), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)] {
        if micros.is_multiple_of(factor) {
            return format!("{}{unit}", micros / factor);
        }
    }
    format!("{micros}us")
}

/// So many of something in words: `1 tenant`, `2 tenants`.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
