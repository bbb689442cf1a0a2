mod simulated;

use super::*;
use std::fs;

/// A folder of files with states that a test makes, and a clock that it moves.
struct World {
    folder: tempfile::TempDir,
    now: Instant,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), now: Instant::now() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A stamp of a file of this name with this content.
    fn stamp(&self, name: &str, content: &str) -> (PathBuf, Stamp) {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        let stamp = Stamp::of(&path).unwrap();
        (path, stamp)
    }

    /// The same of a file that is put in the place of the one that is there.
    fn put(&self, name: &str, content: &str) -> (PathBuf, Stamp) {
        let (new, _) = self.stamp(&format!("{name}.new"), content);
        fs::rename(new, self.path(name)).unwrap();
        (self.path(name), Stamp::of(&self.path(name)).unwrap())
    }

    /// Looks at what is there, which `prints` says by the time since the beginning, until it is done; answers what was found
    /// and after how long.
    fn settle(&mut self, before: &Prints, mut prints: impl FnMut(Duration) -> Prints) -> (SettledFiles, Duration) {
        let begun = self.now;
        let mut settle = StableWait::begin(before, begun);
        loop {
            match settle.step(prints(self.now - begun), self.now) {
                WatchStep::Wait(time) => {
                    assert!(!time.is_zero() && time <= STILL);
                    self.now += time;
                }
                WatchStep::Done(found) => return (found, self.now - begun),
            }
        }
    }
}

fn moving(found: &SettledFiles) -> Vec<PathBuf> {
    found.change.looked.all_moving().map(Path::to_path_buf).collect()
}

const MS: Duration = Duration::from_millis(1);

#[test]
fn what_has_not_changed_is_not_waited_for() {
    let mut world = World::new();
    let before = Prints::from([world.stamp("weir.toml", "a")]);
    let (found, took) = world.settle(&before, |_| before.clone());
    assert_eq!((took, found.change.changed.len(), found.seen), (Duration::ZERO, 0, before));
}

#[test]
fn a_text_that_is_written_in_place_is_waited_for_whether_it_became_shorter_or_not() {
    let mut world = World::new();
    let before = Prints::from([world.stamp("weir.toml", "whole")]);
    let pieces: Vec<Prints> =
        ["# long, and", "# long, and whole"].map(|p| Prints::from([world.stamp("weir.toml", p)])).into();
    let (found, took) = world.settle(&before, |at| pieces[((at.as_millis() / 600) as usize).min(1)].clone());
    assert_eq!((moving(&found).len(), &found.seen), (0, &pieces[1]));
    assert!(took >= 600 * MS + SHRUNK, "{took:?}");
}

#[test]
fn a_file_that_became_longer_is_waited_for_a_moment() {
    let mut world = World::new();
    let before = Prints::from([world.stamp("weir.toml", "a")]);
    let after = Prints::from([world.put("weir.toml", "ab")]);
    let (found, took) = world.settle(&before, |_| after.clone());
    assert_eq!(took, STILL);
    assert_eq!(found.change.changed, BTreeSet::from([world.path("weir.toml")]));
    assert_eq!(found.seen, after);
}

#[test]
fn a_text_that_became_shorter_is_waited_for_until_it_is_whole() {
    let mut world = World::new();
    let before = Prints::from([world.stamp("weir.toml", "whole")]);
    let pieces: Vec<Prints> =
        ["", "wh", "whole, and", "whole, and more"].map(|p| Prints::from([world.stamp("weir.toml", p)])).into();
    // Four pieces, 600 ms between them: each would be taken for the whole after less than that.
    let (found, took) = world.settle(&before, |at| pieces[((at.as_millis() / 600) as usize).min(3)].clone());
    assert_eq!(moving(&found), Vec::<PathBuf>::new());
    assert_eq!(found.seen, pieces[3], "longer than it was, and still not taken before it lay still");
    assert!(took >= 1800 * MS + SHRUNK, "{took:?}");
}

#[test]
fn a_text_that_never_lies_still_is_said_to_be_moving_and_holds_up_nobody_for_ever() {
    let mut world = World::new();
    let before = Prints::from([world.stamp("weir.toml", "whole"), world.stamp("other.toml", "a")]);
    let other = world.stamp("other.toml", "abc");
    let states: Vec<_> = ["a", "ab"].map(|text| world.stamp("weir.toml", text)).into();
    let mut looks = 0;
    let (found, took) = world.settle(&before, |_| {
        looks += 1;
        Prints::from([states[looks % 2].clone(), other.clone()])
    });
    assert!(took >= LONGEST && took < LONGEST + SHRUNK, "{took:?}");
    assert_eq!(moving(&found), [world.path("weir.toml")]);
    assert_eq!(found.change.changed, BTreeSet::from([world.path("other.toml")]));
    assert_eq!(found.seen[&world.path("weir.toml")], before[&world.path("weir.toml")], "still compared with the whole");
}

#[test]
fn a_compiled_plugin_that_became_shorter_is_waited_for_a_moment_only() {
    let mut world = World::new();
    let before = Prints::from([world.stamp("guard.wasm", "long")]);
    let after = Prints::from([world.stamp("guard.wasm", "l")]);
    assert_eq!(world.settle(&before, |_| after.clone()).1, STILL);
}

#[test]
fn settings_that_go_away_alone_are_waited_for_and_together_with_their_plugin_they_are_not() {
    let mut world = World::new();
    let (plugin, settings) = (world.stamp("guard.wasm", "a"), world.stamp("guard.toml", "b"));
    let before = Prints::from([plugin.clone(), settings]);
    assert_eq!(world.settle(&before, |_| Prints::from([plugin.clone()])).1, SHRUNK);
    assert_eq!(world.settle(&before, |_| Prints::new()).1, STILL);
}

#[test]
fn a_text_that_is_new_is_waited_for_like_one_that_is_written_in_place() {
    let mut world = World::new();
    let plugin = world.stamp("guard.wasm", "a");
    let before = Prints::from([plugin.clone()]);
    let pieces: Vec<Prints> =
        ["on", "one, and", "one, and two"].map(|p| Prints::from([plugin.clone(), world.stamp("guard.toml", p)])).into();
    let (found, took) = world.settle(&before, |at| pieces[((at.as_millis() / 600) as usize).min(2)].clone());
    assert_eq!((moving(&found).len(), &found.seen), (0, &pieces[2]));
    assert!(took >= 1200 * MS + SHRUNK, "{took:?}");
    // One that was empty when it lay still is new when it is filled.
    let before = Prints::from([world.stamp("other.toml", "")]);
    let after = Prints::from([world.stamp("other.toml", "a")]);
    assert_eq!(world.settle(&before, |_| after.clone()).1, SHRUNK);
    // Half of a compiled plugin is none, and a folder is no text.
    let after = Prints::from([
        world.stamp("new.wasm", "a"),
        (world.path("acme"), Stamp::of_folder(world.folder.path()).unwrap()),
    ]);
    assert_eq!(world.settle(&Prints::new(), |_| after.clone()).1, STILL);
}
