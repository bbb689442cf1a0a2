//! Payment cards (ISO/IEC 7812): 13 to 19 digits with a Luhn check digit.

use super::groups::{Gap, Group};

/// No card has more groups after its first.
const MOST_OTHERS: usize = 4;
const MOST_DIGITS: usize = 19;

pub(super) fn is(groups: &[Group<'_>]) -> bool {
    let [first, rest @ ..] = groups else { return false };
    let all = || groups.iter().flat_map(|group| group.digits.bytes()).map(|byte| u32::from(byte - b'0'));
    let laid_out = rest.is_empty() || parted(first, rest);
    (13..=MOST_DIGITS).contains(&count(groups)) && laid_out && is_issued(first) && luhn(all().rev())
}

/// Whether a card of more groups may begin with these.
pub(super) fn goes_on(groups: &[Group<'_>]) -> bool {
    let [first, rest @ ..] = groups else { return true };
    // Most groups are ruled out by the length of the first.
    first.digits.len() == 4
        && rest.len() < MOST_OTHERS
        && is_issued(first)
        && parted(first, rest)
        && count(groups) < MOST_DIGITS
}

fn count(groups: &[Group<'_>]) -> usize {
    groups.iter().map(|group| group.digits.len()).sum()
}

/// Groups are parted by spaces or by hyphens, never by both; the first has four digits, as on the card.
fn parted(first: &Group<'_>, rest: &[Group<'_>]) -> bool {
    let gap = rest.first().map_or(Gap::Space, |group| group.gap);
    let alike = rest.iter().all(|group| group.gap == gap && (1..=6).contains(&group.digits.len()));
    first.digits.len() == 4 && alike && gap != Gap::Other && rest.len() <= MOST_OTHERS
}

/// The beginnings that card schemes use: 3 to 6, and 2221 to 2720. Times in milliseconds begin with 1.
fn is_issued(first: &Group<'_>) -> bool {
    let number = first.digits.bytes().take(4).fold(0, |number, byte| number * 10 + u32::from(byte - b'0'));
    matches!(number, 2221..=2720 | 3000..=6999)
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
