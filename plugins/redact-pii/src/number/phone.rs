//! Phone numbers in the ways in which people write them: with a country code, with an area code from 0 on, or in the
//! North American groups. A bare run of other digits is more often an order number, and left alone; so are dates.

use super::groups::{Group, MOST_GROUPS};
use std::ops::RangeInclusive;

/// How many digits follow a plus, two zeros, and one zero.
const WITH_PLUS: RangeInclusive<usize> = 8..=15;
const WITH_ZEROS: RangeInclusive<usize> = 10..=17;
const NATIONAL: RangeInclusive<usize> = 9..=12;

/// How a number begins, as far as its digits say it.
enum Start {
    International(RangeInclusive<usize>),
    National,
    NorthAmerican,
    /// Zeros alone so far.
    Zeros,
    None,
}

impl Start {
    fn of(plus: bool, groups: &[Group<'_>]) -> Self {
        match first_digits(groups) {
            _ if groups.len() > MOST_GROUPS => Self::None,
            [Some(b'0'), ..] if plus => Self::None,
            _ if plus => Self::International(WITH_PLUS),
            [Some(b'0'), Some(b'0'), Some(b'1'..=b'9')] => Self::International(WITH_ZEROS),
            [Some(b'0'), Some(b'0'), Some(_)] => Self::None,
            [Some(b'0'), Some(b'1'..=b'9'), _] => Self::National,
            [Some(b'0'), ..] => Self::Zeros,
            _ => Self::NorthAmerican,
        }
    }
}

/// The first three digits, as far as there are so many. In most numbers they are one group.
#[inline]
fn first_digits(groups: &[Group<'_>]) -> [Option<u8>; 3] {
    if let Some([a, b, c, ..]) = groups.first().map(|group| group.digits.as_bytes()) {
        return [Some(*a), Some(*b), Some(*c)];
    }
    let mut digits = groups.iter().flat_map(|group| group.digits.bytes());
    [digits.next(), digits.next(), digits.next()]
}

pub(super) fn is(plus: bool, groups: &[Group<'_>]) -> bool {
    let mut sizes = [0; MOST_GROUPS];
    let (sizes, count) = sizes_of(groups, &mut sizes);
    match Start::of(plus, groups) {
        Start::International(digits) => digits.contains(&count) && international(sizes),
        Start::National => national(count, sizes),
        Start::NorthAmerican => north_american(groups, sizes, |sizes, form| sizes == form),
        Start::Zeros | Start::None => false,
    }
}

/// Whether a number of more groups may begin with these.
pub(super) fn goes_on(plus: bool, groups: &[Group<'_>]) -> bool {
    let mut sizes = [0; MOST_GROUPS];
    let (sizes, count) = sizes_of(groups, &mut sizes);
    match Start::of(plus, groups) {
        Start::International(digits) => count < *digits.end() && sizes.len() < MOST_GROUPS && international(sizes),
        Start::National => count < *NATIONAL.end() && national_goes_on(sizes),
        Start::NorthAmerican => {
            north_american(groups, sizes, |sizes, form| sizes.len() < form.len() && form.starts_with(sizes))
        }
        // A third one alone would be the second group of a single digit.
        Start::Zeros => sizes.len() <= 2,
        Start::None => false,
    }
}

/// How many digits each group has, and all together.
fn sizes_of<'s>(groups: &[Group<'_>], sizes: &'s mut [usize; MOST_GROUPS]) -> (&'s [usize], usize) {
    for (size, group) in sizes.iter_mut().zip(groups) {
        *size = group.digits.len();
    }
    let count = sizes.iter().sum();
    (sizes.get(..groups.len()).unwrap_or_default(), count)
}

/// After the country code at most one group may have a single digit: France's area code, or the 0 in parentheses.
fn international(sizes: &[usize]) -> bool {
    let singles = sizes.iter().skip(1).filter(|size| **size == 1).count();
    sizes.len() <= MOST_GROUPS && singles <= 1
}

/// 030 1234567, 020 7946 0958, 02 9374 4000, 01 23 45 67 89; not 01.02.2024 and not 0.123456789.
fn national(count: usize, sizes: &[usize]) -> bool {
    match sizes {
        [_] => (10..=12).contains(&count),
        [2, rest @ ..] => NATIONAL.contains(&count) && (rest.iter().all(|size| *size >= 4) || *rest == PAIRS),
        [3..=6, rest @ ..] => {
            NATIONAL.contains(&count) && rest.len() <= PAIRS.len() && rest.iter().all(|size| *size >= 2)
        }
        _ => false,
    }
}

/// The groups after the first, in France.
const PAIRS: [usize; 4] = [2; 4];

fn national_goes_on(sizes: &[usize]) -> bool {
    match sizes {
        [2, rest @ ..] => rest.iter().all(|size| *size >= 4) || rest.len() < PAIRS.len() && PAIRS.starts_with(rest),
        [3..=6, rest @ ..] => rest.len() < PAIRS.len() && rest.iter().all(|size| *size >= 2),
        _ => false,
    }
}

/// 555-123-4567 or 1 555 123 4567; an area code begins with 2 to 9.
fn north_american(groups: &[Group<'_>], sizes: &[usize], fits: impl Fn(&[usize], &[usize]) -> bool) -> bool {
    let area = |group: &Group<'_>| group.digits.starts_with(|c: char| ('2'..='9').contains(&c));
    match groups {
        [first, rest @ ..] if first.digits == "1" => fits(sizes, &[1, 3, 3, 4]) && rest.first().is_none_or(area),
        [first, ..] => fits(sizes, &[3, 3, 4]) && area(first),
        [] => false,
    }
}
