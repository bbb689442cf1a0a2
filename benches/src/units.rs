//! Durations as they are written on a command line, the date, and what the system gives to this process.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Reads `0`, `250us`, `60ms`, `10s` or `5m`, up to an hour.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| format!("`{text}` is not a duration: write 60ms, 10s or 5m"))?;
    let micros = match text.get(digits.len()..) {
        Some("us") => Some(1),
        Some("ms") => Some(1_000),
        Some("s") => Some(1_000_000),
        Some("m") => Some(60_000_000),
        Some("") if number == 0 => Some(1),
        _ => None,
    };
    let micros = micros.ok_or_else(|| format!("`{text}` has no unit: write us, ms, s or m behind the number"))?;
    Some(Duration::from_micros(number.saturating_mul(micros)))
        .filter(|duration| *duration <= Duration::from_secs(3_600))
        .ok_or_else(|| format!("`{text}` is too long: an hour is the most"))
}

/// The cores that this process may use.
pub(crate) fn cores() -> u16 {
    std::thread::available_parallelism().map_or(1, |cores| u16::try_from(cores.get()).unwrap_or(u16::MAX))
}

/// As many open files as this process may have, for itself and for what it starts: thousands of users need thousands.
pub(crate) fn raise_descriptors() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // What cannot be raised shows as connections that fail.
        let _raised = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

/// Today in UTC as `2026-01-31`.
pub(crate) fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    date(seconds / 86_400)
}

/// The Gregorian date of a day counted from 1970-01-01.
fn date(days: u64) -> String {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut year, mut left) = (1970, days);
    while left >= 365 + u64::from(leap(year)) {
        left -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", left + 1)
}
