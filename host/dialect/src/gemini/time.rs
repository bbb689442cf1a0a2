//! Times as Google writes them (RFC 3339).

const DAY: u64 = 86_400;

/// The seconds since 1970 of a time in UTC, of which fractions are left out; none of what is no such time.
pub(super) fn read(text: &str) -> Option<u64> {
    let (date, time) = text.split_once('T')?;
    let time = time.strip_suffix('Z')?;
    let time = time.split_once('.').map_or(time, |(whole, _)| whole);
    let [year, month, day] = three(date, '-')?;
    let [hour, minute, second] = three(time, ':')?;
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60
    {
        return None;
    }
    Some(days(year, month, day)? * DAY + hour * 3_600 + minute * 60 + second)
}

/// The time of so many seconds since 1970.
pub(super) fn written(seconds: u64) -> String {
    let (day, rest) = (seconds / DAY, seconds % DAY);
    let (year, month, day) = date(day);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}

fn three(text: &str, between: char) -> Option<[u64; 3]> {
    let mut parts = text.split(between).map(|part| {
        let is_number = part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| is_number)
    });
    let all = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(all)
}

/// Days since 1970, by years that begin in March, so that the day that is put in comes last.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    // 719,468 days lie between the first of March of the year 0 and 1970.
    (year * 365 + year / 4 - year / 100 + year / 400 + of_year).checked_sub(719_468)
}

fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let of_year_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_year_era + of_year_era / 4 - of_year_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + of_year_era + next, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_and_written() {
        assert_eq!(read("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(read("2026-05-04T20:01:02.264968Z"), Some(1_777_924_862));
        assert_eq!(read("2024-02-29T23:59:59Z"), Some(1_709_251_199));
        assert_eq!(written(1_709_251_199), "2024-02-29T23:59:59Z");
        for other in ["", "2026-05-04", "2026-13-04T20:01:02Z", "2026-05-04T20:01:02+02:00", "-1-1-1T1:1:1Z"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(seconds in 0..253_402_300_799_u64) {
            prop_assert_eq!(read(&written(seconds)), Some(seconds));
        }
    }
}
