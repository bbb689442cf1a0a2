//! Files that are written by chance, in one piece or in several, over simulated time: what is said to lie still is whole, nothing that
//! has changed is missed, and nobody is waited for without end.

use super::super::{LONGEST, SHRUNK, STILL, StableWait, WatchStep};
use super::Prints;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use weir_config::Stamp;
use weir_seeded::{Chance, seeded};

const NAMES: [&str; 5] = ["weir.toml", "guard.toml", "guard.wasm", "other.wasm", "more.toml"];
const SETTLED: usize = 30;
/// A look may come so much later than it was asked for.
const LATE: usize = 150;
/// Less than this is half of something, and so is more than [`LONG`]; whole files are of lengths that come once.
const SHORT: usize = 100;
const LONG: usize = 100_000;

/// What is still to be done to a file.
#[derive(Debug, Default)]
struct Writer {
    /// When the next piece comes, and how many.
    next: Option<(Instant, usize)>,
    /// When it was touched last.
    last: Option<Instant>,
}

struct World {
    folder: tempfile::TempDir,
    now: Instant,
    writers: BTreeMap<&'static str, Writer>,
    written: usize,
    /// What files were when they lay still last.
    seen: Prints,
    /// Whether anybody begins to write.
    calm: bool,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let writers = NAMES.iter().map(|name| (*name, Writer::default())).collect();
        Self { folder, now: Instant::now(), writers, written: SHORT, seen: Prints::new(), calm: false }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Pieces follow sooner than a file may lie still in between.
    fn gap(name: &str, chance: &mut Chance) -> Duration {
        let most = if name.ends_with(".toml") { SHRUNK } else { STILL };
        chance.millis(usize::try_from(most.as_millis()).unwrap() - 1) + Duration::from_millis(1)
    }

    /// A whole file of a length that no other has.
    fn whole(&mut self) -> Vec<u8> {
        self.written += 1;
        vec![b'#'; self.written]
    }

    /// Lets everybody write who is due until a time.
    fn pass(&mut self, until: Instant, chance: &mut Chance) {
        while self.now < until {
            self.now = until.min(self.now + Duration::from_millis(5));
            for name in NAMES {
                self.turn(name, chance);
            }
        }
    }

    fn turn(&mut self, name: &'static str, chance: &mut Chance) {
        let (path, now) = (self.path(name), self.now);
        let due = match self.writers[name].next {
            Some((at, _)) if at > now => return,
            due => due,
        };
        let left = match due {
            Some((_, left)) => left,
            // Each of them begins something every few seconds.
            None if self.calm || !chance.percent(1) || !chance.percent(20) => return,
            None => match chance.below(4) {
                0 => return self.one_go(name, |path, _| drop(fs::remove_file(path))),
                1 => return self.one_go(name, put),
                _ => 1 + chance.below(6),
            },
        };
        let next = if left > 1 {
            let part = if chance.percent(70) || !self.is_the_same(&path) {
                chance.below(SHORT)
            } else {
                LONG + chance.below(LONG)
            };
            // A new text that is empty says as much as none.
            let part = part.max(usize::from(!self.seen.contains_key(&path)));
            fs::write(&path, vec![b'#'; part]).unwrap();
            Some((now + Self::gap(name, chance), left - 1))
        } else {
            let whole = self.whole();
            fs::write(&path, whole).unwrap();
            None
        };
        *self.writers.get_mut(name).unwrap() = Writer { next, last: Some(now) };
    }

    /// Whether it is the file that lay still, whatever is in it now: of another one that is longer nobody can tell that it is no whole one.
    fn is_the_same(&self, path: &Path) -> bool {
        let (was, is) = (self.seen.get(path), Stamp::of(path));
        was.zip(is).is_some_and(|(was, is)| *was == is || was.is_rewritten(&is))
    }

    fn one_go(&mut self, name: &'static str, act: fn(&Path, &[u8])) {
        let whole = self.whole();
        act(&self.path(name), &whole);
        *self.writers.get_mut(name).unwrap() = Writer { next: None, last: Some(self.now) };
    }

    fn prints(&self) -> Prints {
        let all = NAMES.iter().map(|name| self.path(name));
        all.filter_map(|path| Stamp::of(&path).map(|stamp| (path, stamp))).collect()
    }

    /// Waits until files lie still, and judges what is said of them.
    fn settle(&mut self, chance: &mut Chance) {
        let before = self.seen.clone();
        let (begun, mut settle) = (self.now, StableWait::begin(&before, self.now));
        let found = loop {
            match settle.step(self.prints(), self.now) {
                WatchStep::Wait(time) => {
                    let late = if chance.percent(20) { chance.millis(LATE) } else { Duration::ZERO };
                    self.pass(self.now + time + late, chance);
                }
                WatchStep::Done(found) => break found,
            }
        };
        let late = Duration::from_millis(LATE as u64);
        assert!(self.now - begun <= LONGEST + STILL + late, "{:?}", self.now - begun);
        let moving: Vec<&Path> = found.change.looked.all_moving().collect();
        for name in NAMES {
            let path = self.path(name);
            let (was, is) = (before.get(&path), found.seen.get(&path));
            if moving.contains(&&*path) {
                assert_eq!(was, is, "{name} is compared with what it was when it lay still");
                let since = self.now - self.writers[name].last.expect("nobody has touched it");
                assert!(since <= SHRUNK + late, "{name} has not moved for {since:?}");
                continue;
            }
            assert_eq!(found.change.changed.contains(&path), was != is, "{name} has changed");
            let is_whole = is.is_none_or(|stamp| (SHORT..LONG).contains(&usize::try_from(stamp.len).unwrap()));
            assert!(is_whole, "half of {name} is said to lie still: {is:?}");
        }
        self.seen = found.seen;
    }
}

/// Puts a whole file in the place of another one.
fn put(path: &Path, whole: &[u8]) {
    let new = path.with_extension("new");
    fs::write(&new, whole).unwrap();
    fs::rename(new, path).unwrap();
}

#[test]
fn what_is_said_to_lie_still_is_whole_and_nothing_is_missed() {
    seeded("settle", 10, |chance| {
        let mut world = World::new();
        for _ in 0..SETTLED {
            let pause = chance.millis(1_500);
            world.pass(world.now + pause, chance);
            world.settle(chance);
        }
        world.calm = true;
        for _ in 0..3 {
            world.pass(world.now + LONGEST, chance);
            world.settle(chance);
        }
        assert_eq!(world.seen, world.prints(), "a change was missed");
    });
}
