//! Which entry of the chain is which binding, from one configuration to the next: what a binding keeps follows what it is for
//! its operator, and not where it stands. A name says it. Where there is none, what the entry says does; and where that does
//! not decide between two, neither gets what the other one kept.

use crate::which::WhichBinding;
use std::collections::{BTreeMap, VecDeque};
use weir_config::Binding;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Entries of one file that are gone and known again should they come back as they were; the oldest are forgotten first.
const GONE: usize = 64;

/// The entries of the chain without a name, by file, as they were when it was built last.
#[derive(Debug, Clone, Default)]
pub(super) struct Entries(BTreeMap<String, OfFile>);

#[derive(Debug, Clone, Default)]
struct OfFile {
    /// The number of the next entry that is none of those known. No number stands for two things while the process runs.
    next: u64,
    /// In the order of the chain.
    present: Vec<KnownEntry>,
    gone: VecDeque<KnownEntry>,
}

#[derive(Debug, Clone)]
struct KnownEntry {
    nth: u64,
    entry: Binding,
}

/// How alike two entries have to be to be the same one: the closest first.
const LIKENESSES: [fn(&Binding, &Binding) -> bool; 4] = [
    is_whole,
    |one, other| one.settings == other.settings,
    |one, other| one.settings.config == other.settings.config,
    |one, other| is_for_the_same(one, other),
];

fn is_for_the_same(one: &Binding, other: &Binding) -> bool {
    (&one.tenants, &one.models) == (&other.tenants, &other.models)
}

fn is_whole(one: &Binding, other: &Binding) -> bool {
    is_for_the_same(one, other) && one.settings == other.settings
}

impl Entries {
    /// Which binding each entry of a chain is, in the order of the chain. From now on it is this chain that is known.
    pub(super) fn tell(&mut self, chain: &[Binding]) -> Vec<WhichBinding> {
        let mut of_file: BTreeMap<&str, Vec<&Binding>> = BTreeMap::new();
        for entry in chain.iter().filter(|entry| entry.name.is_none()) {
            of_file.entry(&entry.plugin).or_default().push(entry);
        }
        for (file, known) in &mut self.0 {
            known.renew(of_file.remove(file.as_str()).unwrap_or_default());
        }
        for (file, entries) in of_file {
            self.0.entry(file.to_owned()).or_default().renew(entries);
        }
        let mut told: BTreeMap<&str, usize> = BTreeMap::new();
        let which = |entry: &Binding| match &entry.name {
            Some(name) => Some(WhichBinding::Named(name.clone())),
            None => {
                let known = self.0.get(&entry.plugin)?;
                let (file, _) = self.0.get_key_value(&entry.plugin)?;
                let at = told.entry(file.as_str()).or_default();
                *at += 1;
                known.present.get(*at - 1).map(|known| WhichBinding::Nth(known.nth))
            }
        };
        // Each of them has just been given one.
        chain.iter().map(which).map(|which| which.unwrap_or(WhichBinding::FIRST)).collect()
    }
}

impl OfFile {
    /// These are the entries now.
    fn renew(&mut self, entries: Vec<&Binding>) {
        let mut before = std::mem::take(&mut self.present);
        let mut now: Vec<(&Binding, Option<u64>)> = entries.into_iter().map(|entry| (entry, None)).collect();
        // Those that say the same are the same for everybody, so that any of them will do.
        for (entry, nth) in &mut now {
            *nth = take_first(&mut before, entry);
        }
        for is_alike in LIKENESSES {
            pair_up(&mut before, &mut now, is_alike);
        }
        let mut open = now.iter_mut().filter(|(_, nth)| nth.is_none());
        if let (Some((_, nth)), None, 1) = (open.next(), open.next(), before.len()) {
            // One that was changed from end to end.
            *nth = before.pop().map(|known| known.nth);
        }
        self.gone.extend(before);
        for (entry, nth) in now {
            let nth = nth.or_else(|| {
                let back = self.gone.iter().position(|known| is_whole(&known.entry, entry))?;
                self.gone.remove(back).map(|known| known.nth)
            });
            let nth = nth.unwrap_or_else(|| {
                self.next += 1;
                self.next - 1
            });
            self.present.push(KnownEntry { nth, entry: entry.clone() });
        }
        let more = self.gone.len().saturating_sub(GONE);
        self.gone.drain(..more);
    }
}

/// The number of the first of these that says just what an entry says.
fn take_first(before: &mut Vec<KnownEntry>, entry: &Binding) -> Option<u64> {
    let at = before.iter().position(|known| is_whole(&known.entry, entry))?;
    Some(before.remove(at).nth)
}

/// Gives those entries their numbers that are alike to one known entry, and no other one is, on either side.
fn pair_up(
    before: &mut Vec<KnownEntry>,
    now: &mut [(&Binding, Option<u64>)],
    is_alike: fn(&Binding, &Binding) -> bool,
) {
    let open: Vec<&Binding> = now.iter().filter(|(_, nth)| nth.is_none()).map(|(entry, _)| *entry).collect();
    let mut taken = Vec::new();
    for (entry, nth) in now.iter_mut().filter(|(_, nth)| nth.is_none()) {
        let entry: &Binding = entry;
        let mut alike = before.iter().filter(|known| is_alike(&known.entry, entry));
        let (Some(known), None) = (alike.next(), alike.next()) else { continue };
        if open.iter().filter(|other| is_alike(&known.entry, other)).count() == 1 {
            *nth = Some(known.nth);
            taken.push(known.nth);
        }
    }
    before.retain(|known| !taken.contains(&known.nth));
}
