//! What a fuzzer found, and what its search begins with, is tried again by whoever runs the tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use weir_fuzz::TARGETS;

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// The names of what is in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_target_has_a_corpus_and_a_wrapper_and_every_corpus_and_wrapper_a_target() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets.len(), TARGETS.len());
    let corpora = names(&here("corpus")).into_iter().filter(|name| !name.starts_with(".")).collect::<BTreeSet<_>>();
    assert_eq!(corpora, targets);
    let wrappers = names(&here("targets/fuzz_targets"));
    assert_eq!(wrappers, targets.iter().map(|name| format!("{name}.rs")).collect());
    let manifest = fs::read_to_string(here("targets/Cargo.toml")).unwrap();
    for name in &targets {
        assert!(
            manifest.contains(&format!("[[bin]]\nname = \"{name}\"\n")),
            "targets/Cargo.toml does not build {name}"
        );
    }
}

#[test]
fn every_file_of_every_corpus_passes_its_target() {
    let (mut failed, mut bytes) = (Vec::new(), 0);
    for (name, target) in TARGETS {
        let folder = here("corpus").join(name);
        let files = names(&folder);
        assert!(!files.is_empty(), "{name} has an empty corpus");
        for file in files {
            let data = fs::read(folder.join(&file)).unwrap();
            bytes += data.len();
            if panic::catch_unwind(|| target(&data)).is_err() {
                failed.push(format!("{name}/{file}"));
            }
        }
    }
    assert!(failed.is_empty(), "these do not pass: {failed:?}");
    assert!(bytes < 1 << 20, "{bytes} bytes are more than a corpus in the tree should have");
}

#[test]
fn what_no_target_expects_passes_as_well() {
    for (name, target) in TARGETS {
        for data in [&b""[..], b"\0", b"\xff", b"\xff\xff\xff\xff", &[0; 300], &[255; 300], &[b'a'; 300]] {
            assert!(panic::catch_unwind(|| target(data)).is_ok(), "{name} of {data:?}");
        }
    }
}
