//! Compiled code is kept between starts, and only code that the gateway itself has sealed is ever loaded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod guest;
mod support;

use guest::{Guest, install};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::upstream::Upstream;
use support::{ACME, Gateway, chat, post, until};

/// Starts a gateway with one plugin, asks it once, and answers what it logged.
fn start(cache: &Path) -> String {
    let upstream = Upstream::chat();
    let config = format!(
        "{}\n[plugins]\nfolder = \"plugins\"\ncache = \"{}\"\n[[plugins.chain]]\nplugin = \"guard\"\n",
        support::config(upstream.address),
        cache.display()
    );
    let guard = Guest::on("policy", r#"(call $refuse (i32.const 400) @"guarded" @"")"#).build();
    let gateway = Gateway::start_with(&config, |folder| install(folder, "guard", &guard));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).code(), "guarded");
    // The refusal's own line comes after everything that the start has said.
    until("the log is whole", || Some(gateway.log()).filter(|log| log.contains("code=\"guarded\"")))
}

fn entries(cache: &Path) -> Vec<std::path::PathBuf> {
    let paths = fs::read_dir(cache).unwrap().map(|e| e.unwrap().path());
    paths.filter(|p| p.extension().is_some_and(|e| e == "code")).collect()
}

#[test]
fn a_start_with_a_warm_cache_compiles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("compiled");
    let first = start(&cache);
    assert!(first.contains("guard.wasm compiled in") && !first.contains("from the cache"), "{first}");
    let second = start(&cache);
    assert!(second.contains("guard.wasm from the cache") && !second.contains("compil"), "{second}");
    assert_eq!(fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(cache.join("key")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_entry_that_somebody_changed_is_thrown_away_and_compiled_anew() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("compiled");
    start(&cache);
    // The component, and its module and driver, by which it is called.
    let all = entries(&cache);
    assert_eq!(all.len(), 3, "{all:?}");
    for entry in all {
        one_entry(&cache, &entry);
    }
    assert!(start(&cache).contains("from the cache"));
}

fn one_entry(cache: &Path, entry: &Path) {
    let good = fs::read(entry).unwrap();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let foreign_seal = [[7; 32].as_slice(), &good[32..]].concat();
    for (what, bytes) in
        [("one bit", flipped), ("the seal", foreign_seal), ("half", good[..good.len() / 2].to_vec()), ("all", vec![])]
    {
        fs::write(entry, bytes).unwrap();
        let log = start(cache);
        assert!(log.contains("does not match its seal") && log.contains("guard.wasm compiled in"), "{what}: {log}");
        assert_eq!(fs::read(entry).unwrap().len(), good.len(), "{what}: a good one is in its place");
    }
}

#[test]
fn a_folder_that_others_may_write_to_is_no_cache() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("compiled");
    fs::create_dir(&cache).unwrap();
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
    let log = start(&cache);
    assert!(log.contains("others may write to"), "{log}");
    assert!(entries(&cache).is_empty());
}
