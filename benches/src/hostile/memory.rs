//! What a gateway has in memory: what its guests have, and all else.

use std::fs;

use anyhow::{Context as _, Result};

use crate::metrics::Scrape;
use crate::process;

/// Address space that is set aside behind each linear memory, at the least: the pool has some 4 GiB for each.
const ASIDE: u64 = 16 << 20;
/// The room for tables of all guests is one mapping of more than so much; the heap's are of a GiB.
const TABLES: u64 = 4 << 30;

/// Memory in KiB, by proportional set size.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    /// Linear memories and tables of guests, as far as they are there. Their stacks are among all else.
    pub(super) guests: u64,
    /// All else of the gateway.
    pub(super) host: u64,
    /// The processes that compile.
    pub(super) compilers: u64,
    /// What guests may use of what the gateway has counted for them.
    pub(super) counted: u64,
    /// The most that it lets them have together.
    pub(super) limit: u64,
}

impl Memory {
    /// # Errors
    /// There is no such process, or it is not ours.
    pub(super) fn of(pid: u32) -> Result<Self> {
        let maps = fs::read_to_string(format!("/proc/{pid}/smaps")).context("the gateway's memory cannot be read")?;
        let (guests, host) = split(&maps);
        let compilers = process::memory(pid).saturating_sub(guests + host);
        Ok(Self { guests, host, compilers, ..Self::default() })
    }

    pub(super) fn all(&self) -> u64 {
        self.guests + self.host
    }

    /// How much more all else is than it was before, with what the gateway says of its guests.
    pub(super) fn beyond(self, before: &Self, metrics: &Scrape) -> Self {
        let kib = |name| metrics.count(name, &[]) / 1_024;
        Self {
            host: self.host.saturating_sub(before.host),
            guests: self.guests.saturating_sub(before.guests),
            compilers: self.compilers,
            counted: kib("weir_plugin_memory_bytes"),
            limit: kib("weir_plugin_memory_limit_bytes"),
        }
    }

    /// Of each the most.
    pub(super) fn most(self, other: &Self) -> Self {
        Self {
            guests: self.guests.max(other.guests),
            host: self.host.max(other.host),
            compilers: self.compilers.max(other.compilers),
            counted: self.counted.max(other.counted),
            limit: self.limit.max(other.limit),
        }
    }
}

/// One mapping of a process.
struct Mapping {
    from: u64,
    to: u64,
    kind: Kind,
    pss: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nobody may touch it: it is address space, and next to nothing in it.
    Aside,
    Tables,
    Other,
}

impl Mapping {
    fn touches(&self, next: &Self) -> bool {
        self.to == next.from
    }
}

/// KiB of guests' memory and of all else. A linear memory is what lies in one piece between two stretches of address space
/// that were set aside, as the pool of instances is laid out; nothing else of a gateway does.
fn split(maps: &str) -> (u64, u64) {
    let mappings = read(maps);
    let (mut guests, mut host) = (0, 0);
    // Runs of mappings that touch one another, of one kind each.
    let runs: Vec<&[Mapping]> =
        mappings.chunk_by(|one, next| one.kind == next.kind && one.kind == Kind::Other && one.touches(next)).collect();
    for (n, run) in runs.iter().enumerate() {
        let neighbour = |n: Option<usize>| n.and_then(|n| runs.get(n)).copied().unwrap_or_default();
        let before = neighbour(n.checked_sub(1)).last().filter(|mapping| mapping.kind == Kind::Aside);
        let after = neighbour(Some(n + 1)).first().filter(|mapping| mapping.kind == Kind::Aside);
        let lies_between = match (before, run.first(), run.last(), after) {
            (Some(before), Some(first), Some(last), Some(after)) => before.touches(first) && last.touches(after),
            _ => false,
        };
        let is_guests = lies_between || run.iter().any(|mapping| mapping.kind != Kind::Other);
        let pss: u64 = run.iter().map(|mapping| mapping.pss).sum();
        if is_guests { guests += pss } else { host += pss }
    }
    (guests, host)
}

fn read(maps: &str) -> Vec<Mapping> {
    let mut mappings: Vec<Mapping> = Vec::new();
    for line in maps.lines() {
        if let Some(pss) = line.strip_prefix("Pss:") {
            let kib = pss.split_whitespace().next().and_then(|kib| kib.parse().ok());
            if let (Some(last), Some(kib)) = (mappings.last_mut(), kib) {
                last.pss = kib;
            }
        } else if let Some(mapping) = head(line) {
            mappings.push(mapping);
        }
    }
    mappings
}

/// `7f00-7f10 ---p 00000000 00:00 0  [name]`
fn head(line: &str) -> Option<Mapping> {
    let mut words = line.split_whitespace();
    let (from, to) = words.next()?.split_once('-')?;
    let address = |text| u64::from_str_radix(text, 16).ok();
    let (from, to, rights) = (address(from)?, address(to)?, words.next()?);
    let is_named = words.nth(3).is_some();
    let kind = match (rights.starts_with("---"), to - from) {
        _ if is_named => Kind::Other,
        (true, size) if size >= ASIDE => Kind::Aside,
        (false, size) if size >= TABLES => Kind::Tables,
        _ => Kind::Other,
    };
    Some(Mapping { from, to, kind, pss: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_two_stretches_that_were_set_aside_is_a_guests() {
        let maps = "55550000-55560000 r-xp 00000000 fe:00 12    /usr/bin/weir\nPss:   9 kB\n\
            7f0000000000-7f0040000000 rw-p 00000000 00:00 0 \nPss:   100 kB\n\
            7f1000000000-7f1002000000 ---p 00000000 00:00 0 \nPss:   0 kB\n\
            7f1002000000-7f1002010000 rw-p 00000000 00:01 99   /memfd:image (deleted)\nPss:   4 kB\n\
            7f1002010000-7f1002020000 rw-p 00000000 00:00 0 \nRss: 99 kB\nPss:   30 kB\n\
            7f1002020000-7f1102000000 ---p 00000000 00:00 0 \nPss:   2 kB\n\
            7f1102000000-7f1102010000 rw-p 00000000 00:00 0 \nPss:   500 kB\n\
            7f1102010000-7f1202000000 ---p 00000000 00:00 0 \nPss:   0 kB\n\
            7f1202000000-7f1202001000 ---p 00000000 00:00 0 \nPss:   0 kB\n\
            7f1202001000-7f1202010000 rw-p 00000000 00:00 0 \nPss:   16 kB\n\
            7f1202010000-7f1502010000 rw-p 00000000 00:00 0 \nPss:   800 kB\n\
            7f1502010000-7f1502020000 rw-p 00000000 00:00 0 \nPss:   3 kB\n\
            7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0          [stack]\nPss:   1 kB\n";
        assert_eq!(split(maps), (4 + 30 + 2 + 500 + 800, 9 + 100 + 16 + 3 + 1));
    }
}
