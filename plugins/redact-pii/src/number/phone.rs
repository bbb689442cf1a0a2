//! Phone numbers in the ways in which people write them: with a country code, with an area code from 0 on, or in the
//! North American groups. A bare run of other digits is more often an order number, and left alone; so are dates.

use super::{Group, MOST_DIGITS};

pub(super) fn is(plus: bool, groups: &[Group<'_>]) -> bool {
    let mut sizes = [0; MOST_DIGITS];
    for (size, group) in sizes.iter_mut().zip(groups) {
        *size = group.digits.len();
    }
    let sizes = sizes.get(..groups.len()).unwrap_or_default();
    let count: usize = sizes.iter().sum();
    let mut digits = groups.iter().flat_map(|group| group.digits.bytes());
    let head = [digits.next(), digits.next(), digits.next()];
    if plus {
        return head[0] != Some(b'0') && (8..=15).contains(&count) && international(sizes);
    }
    match head {
        [Some(b'0'), Some(b'0'), Some(b'1'..=b'9')] => (10..=17).contains(&count) && international(sizes),
        [Some(b'0'), Some(b'1'..=b'9'), _] => national(count, sizes),
        _ => north_american(groups, sizes),
    }
}

/// After the country code at most one group may have a single digit: France's area code, or the 0 in parentheses.
fn international(sizes: &[usize]) -> bool {
    let singles = sizes.iter().skip(1).filter(|size| **size == 1).count();
    sizes.len() <= 8 && singles <= 1
}

/// 030 1234567, 020 7946 0958, 02 9374 4000, 01 23 45 67 89; not 01.02.2024 and not 0.123456789.
fn national(count: usize, sizes: &[usize]) -> bool {
    match sizes {
        [_] => (10..=12).contains(&count),
        [2, rest @ ..] => (9..=12).contains(&count) && (rest.iter().all(|size| *size >= 4) || *rest == [2, 2, 2, 2]),
        [3..=6, rest @ ..] => (9..=12).contains(&count) && rest.len() <= 4 && rest.iter().all(|size| *size >= 2),
        _ => false,
    }
}

/// 555-123-4567 or 1 555 123 4567; an area code begins with 2 to 9.
fn north_american(groups: &[Group<'_>], sizes: &[usize]) -> bool {
    let area = match sizes {
        [3, 3, 4] => groups.first(),
        [1, 3, 3, 4] if groups.first().is_some_and(|group| group.digits == "1") => groups.get(1),
        _ => None,
    };
    area.is_some_and(|area| area.digits.starts_with(|c: char| ('2'..='9').contains(&c)))
}
