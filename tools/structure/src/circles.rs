//! Files that lead to one another.

use crate::resolve::Arrows;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Files each of which leads to all the others, by whatever way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    pub(crate) files: BTreeSet<String>,
    /// The fewest of them that lead back to where they began.
    pub(crate) shortest: Vec<String>,
}

/// Every circle, each file in one of them at most.
pub(crate) fn circles(arrows: &Arrows) -> Vec<Circle> {
    let mut left: BTreeSet<&String> = arrows.keys().collect();
    let mut found = Vec::new();
    let back = turned(arrows);
    while let Some(first) = left.pop_first() {
        let ahead = reached(first, |file| arrows.get(file).into_iter().flat_map(BTreeMap::keys).collect());
        let behind = reached(first, |file| back.get(file).into_iter().flatten().copied().collect());
        let files: BTreeSet<String> = ahead.intersection(&behind).map(|file| (*file).clone()).collect();
        left.retain(|file| !files.contains(*file));
        let chains = files.iter().filter_map(|file| chain(arrows, file));
        if let Some(shortest) = chains.min_by_key(Vec::len) {
            found.push(Circle { files, shortest });
        }
    }
    found
}

/// The shortest way from a file back to it, if there is one.
pub(crate) fn chain(arrows: &Arrows, file: &str) -> Option<Vec<String>> {
    let mut came_from: BTreeMap<&String, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([file]);
    while let Some(here) = queue.pop_front() {
        for next in arrows.get(here).into_iter().flat_map(BTreeMap::keys) {
            if next == file {
                let mut chain = vec![here.to_owned()];
                let mut at = here;
                while let Some(before) = came_from.iter().find(|(to, _)| to.as_str() == at).map(|(_, from)| *from) {
                    chain.push(before.to_owned());
                    at = before;
                }
                chain.reverse();
                return Some(chain);
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, here);
                queue.push_back(next);
            }
        }
    }
    None
}

fn turned(arrows: &Arrows) -> BTreeMap<&String, BTreeSet<&String>> {
    let mut back: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for (from, to) in arrows.iter().flat_map(|(from, all)| all.keys().map(move |to| (from, to))) {
        back.entry(to).or_default().insert(from);
    }
    back
}

/// All that can be reached, the beginning only if something leads back to it.
fn reached<'a>(from: &'a String, next: impl Fn(&String) -> Vec<&'a String>) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut queue = vec![from];
    while let Some(here) = queue.pop() {
        for file in next(here) {
            if found.insert(file) {
                queue.push(file);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
