//! Whether two values say the same, and which elements of two lists are each other's.

use std::collections::HashMap;

use weir_http::json::JsonKind;

use crate::canon::RawJson;

/// Lists whose lengths have a greater product than this are compared from the front.
const MOST: usize = 1 << 16;

/// Whether two values say the same, however they are written. Numbers are the same where they are written alike.
pub(super) fn is_same(one: &RawJson, other: &RawJson) -> bool {
    if one.bytes() == other.bytes() {
        return true;
    }
    if one.kind() != other.kind() {
        return false;
    }
    match one.kind() {
        JsonKind::String => match (one.text(), other.text()) {
            (Some(one), Some(other)) => one.text() == other.text(),
            _ => false,
        },
        JsonKind::Array => {
            let (one, other) = (one.elements(), other.elements());
            one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| is_same(one, other))
        }
        JsonKind::Object => are_same_members(one, other),
        JsonKind::Number | JsonKind::Bool | JsonKind::Null => false,
    }
}

fn are_same_members(one: &RawJson, other: &RawJson) -> bool {
    let (one, other) = (one.members(), other.members());
    if one.len() != other.len() {
        return false;
    }
    let in_order = one.iter().zip(other.iter()).all(|((name, _), (as_well, _))| name == as_well);
    if in_order {
        return one.iter().zip(other.iter()).all(|((_, one), (_, other))| is_same(one, other));
    }
    let by_name: HashMap<&[u8], &RawJson> = other.iter().collect();
    one.iter().all(|(name, one)| by_name.get(name).is_some_and(|other| is_same(one, other)))
}

/// What became of an element of a list, or what came into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aligned {
    /// It is still there, at this place of the new list, perhaps changed.
    Both(usize, usize),
    /// It is gone.
    Gone(usize),
    /// It came, before what is at this place of the old list.
    New(usize, usize),
}

/// By what elements of a list are known again.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListKeys {
    /// What no change makes another: those of another kind are others.
    pub(super) kind: fn(&RawJson) -> Vec<u8>,
    /// What tells them apart where some are gone or new.
    pub(super) name: fn(&RawJson) -> Vec<u8>,
}

/// Which elements of two lists are each other's: those that say the same, and in between those of the same kind and name, in
/// order. Where none is gone or new it is their order alone.
pub(super) fn aligned(old: &[RawJson], new: &[RawJson], keys: ListKeys) -> Vec<Aligned> {
    let mut out = Vec::with_capacity(old.len().max(new.len()));
    let front = old.iter().zip(new).take_while(|(old, new)| is_same(old, new)).count();
    let (old_rest, new_rest) = (old.get(front..).unwrap_or_default(), new.get(front..).unwrap_or_default());
    let back = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| is_same(old, new)).count();
    out.extend((0..front).map(|at| Aligned::Both(at, at)));
    let (old_end, new_end) = (old.len() - back, new.len() - back);
    let (mut old_at, mut new_at) = (front, front);
    for (old_anchor, new_anchor) in anchors(old, new, front..old_end, front..new_end) {
        gap(old, new, old_at..old_anchor, new_at..new_anchor, keys, &mut out);
        out.push(Aligned::Both(old_anchor, new_anchor));
        (old_at, new_at) = (old_anchor + 1, new_anchor + 1);
    }
    gap(old, new, old_at..old_end, new_at..new_end, keys, &mut out);
    out.extend((0..back).map(|at| Aligned::Both(old_end + at, new_end + at)));
    out
}

type Range = std::ops::Range<usize>;

/// Elements that stand in both, where they have not the same length.
fn anchors(old: &[RawJson], new: &[RawJson], old_at: Range, new_at: Range) -> Vec<(usize, usize)> {
    if old_at.len() == new_at.len() {
        return Vec::new();
    }
    let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (place, raw) in old.iter().enumerate().take(old_at.end).skip(old_at.start).rev() {
        places.entry(raw.bytes()).or_default().push(place);
    }
    let mut found = Vec::new();
    let mut from = old_at.start;
    for (at, raw) in new.iter().enumerate().take(new_at.end).skip(new_at.start) {
        let Some(places) = places.get_mut(raw.bytes().as_ref()) else { continue };
        while let Some(place) = places.pop() {
            if place >= from {
                found.push((place, at));
                from = place + 1;
                break;
            }
        }
    }
    found
}

/// What lies between elements that are the same.
fn gap(old: &[RawJson], new: &[RawJson], old_at: Range, new_at: Range, keys: ListKeys, out: &mut Vec<Aligned>) {
    let all = |list: &[RawJson], at: &Range, key: fn(&RawJson) -> Vec<u8>| -> Vec<Vec<u8>> {
        list.get(at.clone()).unwrap_or_default().iter().map(key).collect()
    };
    let of_kind = (all(old, &old_at, keys.kind), all(new, &new_at, keys.kind));
    let pairs = if of_kind.0 == of_kind.1 {
        (0..of_kind.0.len()).map(|at| (at, at)).collect()
    } else {
        pairs(&all(old, &old_at, keys.name), &all(new, &new_at, keys.name))
    };
    let (old_length, new_length) = (old_at.len(), new_at.len());
    let (mut at, mut other) = (0, 0);
    for (of_old, of_new) in pairs.into_iter().chain([(old_length, new_length)]) {
        out.extend((at..of_old).map(|at| Aligned::Gone(old_at.start + at)));
        out.extend((other..of_new).map(|other| Aligned::New(old_at.start + of_old, new_at.start + other)));
        if of_old < old_length {
            out.push(Aligned::Both(old_at.start + of_old, new_at.start + of_new));
        }
        (at, other) = (of_old + 1, of_new + 1);
    }
}

/// The longest sequence of names that both have, by the places in both.
fn pairs(old: &[Vec<u8>], new: &[Vec<u8>]) -> Vec<(usize, usize)> {
    if old == new || old.len().saturating_mul(new.len()) > MOST {
        let length = old.iter().zip(new).take_while(|(old, new)| old == new).count();
        return (0..length).map(|at| (at, at)).collect();
    }
    let width = new.len() + 1;
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    let of = |longest: &[u32], at: usize, other: usize| longest.get(at * width + other).copied().unwrap_or(0);
    for (at, name) in old.iter().enumerate().rev() {
        for (other, as_well) in new.iter().enumerate().rev() {
            let length = if name == as_well {
                of(&longest, at + 1, other + 1) + 1
            } else {
                of(&longest, at + 1, other).max(of(&longest, at, other + 1))
            };
            if let Some(slot) = longest.get_mut(at * width + other) {
                *slot = length;
            }
        }
    }
    let (mut at, mut other, mut found) = (0, 0, Vec::new());
    while at < old.len() && other < new.len() {
        if old.get(at) == new.get(other) {
            found.push((at, other));
            (at, other) = (at + 1, other + 1);
        } else if of(&longest, at + 1, other) >= of(&longest, at, other + 1) {
            at += 1;
        } else {
            other += 1;
        }
    }
    found
}
