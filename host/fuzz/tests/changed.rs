//! Without a fuzzer: what is like the corpora, by chance. `WEIR_SEEDS=…` goes on with so many new seeds, of all targets or of the one
//! that `WEIR_TARGET` names.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::env;
use std::fs;
use std::path::Path;

use weir_fuzz::TARGETS;
use weir_seeded::{Chance, seeded};

/// Inputs of each target for each seed.
const INPUTS: usize = 20;

/// Every file of a target's corpus.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// One of these with some changes: bytes that are others, gone, there twice, or from another one.
fn changed(all: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut data = all[chance.below(all.len())].clone();
    for _ in 0..=chance.below(4) {
        let at = chance.below(data.len() + 1);
        match chance.below(5) {
            0 => data.insert(at, chance.below(256) as u8),
            1 if at < data.len() => data[at] = chance.one_of([0, 1, 0x7f, 0xff, b'"', b'\n', b' ']),
            2 if at < data.len() => data[at] ^= 1 << chance.below(8),
            3 => drop(data.drain(at..(at + 1 + chance.below(8)).min(data.len()).max(at))),
            _ => {
                let other = &all[chance.below(all.len())];
                let from = chance.below(other.len() + 1);
                let some = other[from..].iter().take(1 + chance.below(24)).copied();
                data.splice(at..at, some);
            }
        }
    }
    data
}

#[test]
fn what_is_like_a_corpus_passes_its_target_as_well() {
    let one = env::var("WEIR_TARGET").ok();
    let targets = TARGETS.iter().filter(|(name, _)| one.as_ref().is_none_or(|one| one == name));
    for (name, target) in targets {
        let all = corpus(name);
        seeded(name, 4, |chance| {
            for _ in 0..INPUTS {
                target(&changed(&all, chance));
            }
        });
    }
}
