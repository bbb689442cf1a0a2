//! Payment cards (ISO/IEC 7812): 13 to 19 digits with a Luhn check digit.

use super::{Gap, Group};

pub(super) fn is(groups: &[Group<'_>]) -> bool {
    let [first, rest @ ..] = groups else { return false };
    let digits: usize = groups.iter().map(|group| group.digits.len()).sum();
    // Groups are parted by spaces or by hyphens, never by both; the first has four digits, as on the card.
    let gap = rest.first().map_or(Gap::None, |group| group.gap);
    let parted = rest.iter().all(|group| group.gap == gap && (1..=6).contains(&group.digits.len()));
    let laid_out = rest.is_empty() || (first.digits.len() == 4 && parted && gap != Gap::Other && rest.len() <= 4);
    let all = || groups.iter().flat_map(|group| group.digits.bytes()).map(|byte| u32::from(byte - b'0'));
    (13..=19).contains(&digits) && laid_out && is_issued(all()) && luhn(all().rev())
}

/// The beginnings that card schemes use: 3 to 6, and 2221 to 2720. Times in milliseconds begin with 1.
fn is_issued(digits: impl Iterator<Item = u32>) -> bool {
    matches!(digits.take(4).fold(0, |number, digit| number * 10 + digit), 2221..=2720 | 3000..=6999)
}

/// Takes the digits from the last on.
fn luhn(digits: impl Iterator<Item = u32>) -> bool {
    let sum: u32 = digits
        .enumerate()
        .map(|(index, digit)| match (index % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}
