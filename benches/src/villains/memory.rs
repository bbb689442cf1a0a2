//! What a gateway has in memory: what its guests have, and all else.

use std::fs;

use anyhow::{Context as _, Result};

use crate::metrics::Metrics;
use crate::process;

/// Address space that is set aside behind each linear memory, at the least: the pool has some 4 GiB for each.
const ASIDE: u64 = 16 << 20;

/// Memory in KiB, by proportional set size.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    /// Linear memories of guests, as far as they are there.
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
    pub(super) fn beyond(self, before: &Self, metrics: &Metrics) -> Self {
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
    /// Nobody may touch it: it is address space, and has nothing in it.
    is_aside: bool,
    pss: u64,
}

/// KiB of linear memories and of all else. A linear memory is what lies in one piece between two stretches of address space
/// that were set aside, as the pool of instances is laid out; nothing else of a gateway does.
fn split(maps: &str) -> (u64, u64) {
    let mappings = read(maps);
    let (mut guests, mut host) = (0, 0);
    let mut at = 0;
    while let Some(first) = mappings.get(at) {
        // A run of mappings that touch one another and are not set aside.
        let mut end = at + 1;
        while !first.is_aside
            && mappings
                .get(end)
                .is_some_and(|next| !next.is_aside && mappings.get(end - 1).is_some_and(|m| m.to == next.from))
        {
            end += 1;
        }
        let run = mappings.get(at..end).unwrap_or_default();
        let pss: u64 = run.iter().map(|mapping| mapping.pss).sum();
        let touches = |one: Option<&Mapping>, other: Option<&Mapping>| match (one, other) {
            (Some(one), Some(other)) => one.to == other.from,
            _ => false,
        };
        let before = at.checked_sub(1).and_then(|n| mappings.get(n)).filter(|m| m.is_aside);
        let after = mappings.get(end).filter(|m| m.is_aside);
        let is_guests = first.is_aside || (touches(before, run.first()) && touches(run.last(), after));
        if is_guests {
            guests += pss
        } else {
            host += pss
        }
        at = end;
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
    Some(Mapping { from, to, is_aside: rights.starts_with("---") && !is_named && to - from >= ASIDE, pss: 0 })
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
            7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0          [stack]\nPss:   1 kB\n";
        assert_eq!(split(maps), (4 + 30 + 2 + 500, 9 + 100 + 16 + 1));
    }
}
