//! The recordings that lie in this repository are those of the shared data, byte for byte, and no others: for each peculiarity
//! the first that shows it. `WEIR_BLESS=1` writes them anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stderr)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use weir_recorded::{Quirk, committed, committed_data, is_complete, quirks, recording, shared_data};

/// What of `.meta.json` is left out: sizes, which the files have.
const LEFT_OUT: [&str; 1] = ["bytes"];

/// More than this does not belong into a repository.
const BOUND: usize = 1_000_000;

/// The files that are to be there, by their paths, but for the README.
fn wanted(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let first: BTreeSet<_> =
        quirks().iter().map(|quirk| (quirk.shown_by[0].provider.clone(), quirk.shown_by[0].name.clone())).collect();
    let (mut wanted, mut metas, mut repositories) = (BTreeMap::new(), String::new(), BTreeSet::new());
    for (provider, name) in first {
        let recording = recording(&provider, &name).unwrap();
        let folder = data.join("recordings").join(&provider).join(&recording.endpoint);
        let meta: Map<String, Value> =
            serde_json::from_slice(&fs::read(folder.join(format!("{name}.meta.json"))).unwrap()).unwrap();
        for file in meta["files"].as_object().unwrap().values().map(|file| file.as_str().unwrap()) {
            wanted.insert(Path::new(&provider).join(file), fs::read(folder.join(file)).unwrap());
        }
        let kept: Map<String, Value> =
            meta.into_iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str())).collect();
        metas += &format!("{}\n", json!(kept));
        repositories.insert(recording.repository.replace('/', "_"));
    }
    wanted.insert("metas.jsonl".into(), metas.into_bytes());
    wanted.insert("QUIRKS.md".into(), list(quirks()).into_bytes());
    for licence in fs::read_dir(data.join("licences")).unwrap().map(|file| file.unwrap().path()) {
        let name = licence.file_name().unwrap().to_str().unwrap();
        if repositories.iter().any(|repository| name.starts_with(&format!("{repository}."))) {
            wanted.insert(Path::new("licences").join(name), fs::read(&licence).unwrap());
        }
    }
    wanted
}

/// The peculiarities, with the recording that is here.
fn list(quirks: &[Quirk]) -> String {
    let line = |quirk: &Quirk| {
        let by = &quirk.shown_by[0];
        let value = by.value.as_ref().map(|value| format!(" {value}")).unwrap_or_default();
        format!("- **{}** — {} (1): `{}{value}`\n", quirk.text, by.provider, by.name)
    };
    let head = "# Peculiarities of the wire, and a recording in this folder that shows each\n\n".to_owned();
    head + &quirks.iter().map(line).collect::<String>()
}

/// The files that are there, by their paths.
fn found(folder: &Path, within: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder.join(within)).into_iter().flatten().map(Result::unwrap) {
        let path = within.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            self::found(folder, &path, found);
        } else if path != Path::new("README.md") {
            found.insert(path.clone(), fs::read(folder.join(path)).unwrap());
        }
    }
}

#[test]
fn what_is_committed_is_the_first_recording_of_each_peculiarity_byte_for_byte() {
    let Some(data) = shared_data() else { return };
    let folder = committed_data();
    let wanted = wanted(data);
    if std::env::var_os("WEIR_BLESS").is_some() {
        for (path, bytes) in &wanted {
            fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
            fs::write(folder.join(path), bytes).unwrap();
        }
    }
    let mut here = BTreeMap::new();
    found(folder, Path::new(""), &mut here);
    assert_eq!(here.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
    for (path, bytes) in &wanted {
        // The order of members is serde_json's, which depends on who else is built with it.
        let parse = |text: &[u8]| -> Vec<Value> {
            text.split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .map(|line| serde_json::from_slice(line).unwrap())
                .collect()
        };
        let is_same =
            if path.ends_with("metas.jsonl") { parse(bytes) == parse(&here[path]) } else { *bytes == here[path] };
        assert!(is_same, "{} is another", path.display());
    }
}

#[test]
fn what_is_committed_shows_all_157_peculiarities_and_names_its_licences() {
    let mut here = BTreeMap::new();
    found(committed_data(), Path::new(""), &mut here);
    let bytes: usize = here.values().map(Vec::len).sum();
    assert!(bytes <= BOUND, "{bytes} bytes");
    assert_eq!((committed().len(), quirks().len()), (94, 157));
    let lines = String::from_utf8(here[Path::new("QUIRKS.md")].clone()).unwrap();
    let shown = |quirk: &&Quirk| {
        let by = &quirk.shown_by[0];
        lines.contains(&format!("**{}** — {} (1): `{}", quirk.text, by.provider, by.name))
            && committed().iter().any(|one| one.provider == by.provider && one.name == by.name)
    };
    assert_eq!(quirks().iter().filter(shown).count(), 157);
    for recording in committed() {
        assert!(
            !recording.response().is_empty()
                && ["MIT", "Apache-2.0", "Apache-2.0 OR BSD-3-Clause"].contains(&recording.licence.as_str())
        );
        let licence = format!("licences/{}.", recording.repository.replace('/', "_"));
        assert!(here.keys().any(|path| path.to_str().unwrap().starts_with(&licence)), "{recording}: no licence");
    }
    assert!(is_complete() || weir_recorded::all().len() == 94);
}
