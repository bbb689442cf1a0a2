//! The date as HTTP writes it (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.

/// So many bytes a date has.
pub(super) const LENGTH: usize = 29;

const DAYS: [&[u8; 3]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// The date so many seconds after 1970 began, up to the year 9999.
pub(super) fn text(seconds: u64) -> [u8; LENGTH] {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let mut text = *b"Thu, 00 Jan 0000 00:00:00 GMT";
    put(&mut text, 0, name(&DAYS, days % 7));
    put(&mut text, 5, &two(day));
    put(&mut text, 8, name(&MONTHS, month - 1));
    put(&mut text, 12, &two(year / 100));
    put(&mut text, 14, &two(year % 100));
    put(&mut text, 17, &two(second / 3600));
    put(&mut text, 20, &two(second / 60 % 60));
    put(&mut text, 23, &two(second % 60));
    text
}

/// Year, month from 1 and day from 1 of a day counted from 1970. Years are counted from March, so that the day that
/// leap years have more comes last; 146,097 days are 400 of them.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let first = (153 * month + 2) / 5;
    let (shift, month) = if month < 10 { (0, month + 3) } else { (1, month - 9) };
    (400 * era + year + shift, month, day - first + 1)
}

fn put(text: &mut [u8; LENGTH], at: usize, piece: &[u8]) {
    if let Some(room) = text.get_mut(at..at + piece.len()) {
        room.copy_from_slice(piece);
    }
}

fn name<const N: usize>(names: &[&'static [u8; 3]; N], number: u64) -> &'static [u8; 3] {
    usize::try_from(number).ok().and_then(|number| names.get(number).copied()).unwrap_or(b"???")
}

/// The last two digits.
fn two(number: u64) -> [u8; 2] {
    [number / 10, number].map(|digit| b"0123456789".get((digit % 10) as usize).copied().unwrap_or(b'0'))
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
            (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(String::from_utf8_lossy(&text(seconds)), expected);
        }
    }
}
