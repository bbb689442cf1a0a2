//! Times as signatures have them: `20260131T235959Z`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 60 * 60;

/// A time to the second, from 1970 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AmzTime(u64);

impl AmzTime {
    /// The time of a clock.
    pub(crate) fn of(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    /// The time that these sixteen characters name; none if they name none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let (date, time) = (digits(date, 8)?, digits(time, 6)?);
        let (hour, minute, second) = (time / 10_000, time / 100 % 100, time % 100);
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let days = days_of(date / 10_000, date / 100 % 100, date % 100)?;
        Some(Self(days * DAY + hour * 3_600 + minute * 60 + second))
    }

    /// How far another one is, before or after it.
    pub(crate) fn distance(self, other: Self) -> Duration {
        Duration::from_secs(self.0.abs_diff(other.0))
    }

    /// `20260131`.
    pub(crate) fn day(self) -> String {
        let (year, month, day) = date_of(self.0 / DAY);
        format!("{year:04}{month:02}{day:02}")
    }

    /// `20260131T235959Z`.
    pub(crate) fn text(self) -> String {
        let of_day = self.0 % DAY;
        format!("{}T{:02}{:02}{:02}Z", self.day(), of_day / 3_600, of_day / 60 % 60, of_day % 60)
    }
}

fn digits(text: &str, count: usize) -> Option<u64> {
    let is_number = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// How long the months of a year are.
fn months(year: u64) -> [u64; 12] {
    let february = if is_leap(year) { 29 } else { 28 };
    [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// Days from 1970 to a date of the Gregorian calendar; none if it has no such date.
fn days_of(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) {
        return None;
    }
    let months = months(year);
    let month = usize::try_from(month.checked_sub(1)?).ok()?;
    if !(1..=*months.get(month)?).contains(&day) {
        return None;
    }
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let before = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    Some(before + months.iter().take(month).sum::<u64>() + day - 1)
}

/// The date that lies so many days after 1970 began; the last of the year 9999 for what lies behind it.
fn date_of(days: u64) -> (u64, u64, u64) {
    let mut year = (1970 + days / 366).min(9999);
    // The guess is never late, and a few years early at most.
    while year < 9999 && days_of(year + 1, 1, 1).is_some_and(|first| first <= days) {
        year += 1;
    }
    let mut rest = days - days_of(year, 1, 1).unwrap_or(days).min(days);
    for (month, length) in (1..).zip(months(year)) {
        if rest < length {
            return (year, month, rest + 1);
        }
        rest -= length;
    }
    (year, 12, 31)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
