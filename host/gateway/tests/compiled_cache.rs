//! Compiled code is kept between starts, and only code that the gateway itself has sealed is ever loaded.

use crate::support;

use crate::guest::{Guest, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, post, until};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

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
fn what_was_compiled_of_a_plugin_that_is_gone_goes_with_it_and_nobody_elses_does() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("compiled");
    let plugins = format!("[plugins]\nfolder = \"plugins\"\ncache = \"{}\"\n", cache.display());
    let config = format!("{}\n[metrics]\nkeep_removed = \"1s\"\n{plugins}", support::config(Upstream::chat().address));
    let guest = |code: &str| Guest::on("policy", &format!(r#"(call $refuse (i32.const 400) @"{code}" @"")"#)).build();
    let gateway = Gateway::start_with(&config, |folder| install(&folder.join("all"), "stays", &guest("stays")));
    let alone = entries(&cache).len();
    let own = gateway.plugins().join("tenants/acme");
    let names = ["a", "b", "c", "d"];
    names.iter().for_each(|name| install(&own, name, &guest(name)));
    until("all serve", || (gateway.ready()["plugins"].as_array()?.len() == 5).then_some(()));
    assert!(entries(&cache).len() >= alone + 2 * names.len(), "the component and the module of each");
    fs::remove_file(own.join("a.wasm")).unwrap();
    until("what is gone is gone", || (entries(&cache).len() < alone + 2 * names.len()).then_some(()));
    fs::remove_dir_all(&own).unwrap();
    until("nothing is left of them", || (entries(&cache).len() == alone).then_some(()));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).code(), "stays");
    drop(gateway);
    let again = Gateway::start_with(&config, |folder| install(&folder.join("all"), "stays", &guest("stays")));
    again.says("stays.wasm from the cache");
    assert!(!again.log().contains("compiling"), "{}", again.log());
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

/// Everything in the cache but its key.
fn kept(cache: &Path) -> Vec<String> {
    let names = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "key").collect()
}

/// A gateway whose cache is on a disk of its own, of two pages; none, with a word on standard error, where that cannot be had.
fn on_a_full_disk(cache: &Path) -> Option<Gateway> {
    let unshared = Command::new("unshare").args(["-m", "true"]).stderr(Stdio::null()).status();
    if !unshared.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: this test needs a mount namespace (run it as root)");
        return None;
    }
    let plugins = format!("\n[plugins]\nfolder = \"plugins\"\ncache = \"{}\"\n", cache.display());
    let config = format!("{}{plugins}", support::config(Upstream::chat().address));
    Some(Gateway::start_by(&config, |command| {
        let mut around = Command::new("unshare");
        let mount = format!("mount -t tmpfs -o size=8k,mode=700 none {:?} && exec \"$0\" \"$@\"", cache.display());
        around.args(["-m", "sh", "-c", &mount]).arg(command.get_program()).args(command.get_args());
        around.env_remove("WEIR_CONFIG").env("WEIR_LOG", "debug");
        around
    }))
}

#[test]
fn a_full_disk_keeps_no_plugin_from_serving_and_nothing_half_written_stays_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some(gateway) = on_a_full_disk(folder.path()) else { return };
    // The gateway sees another folder there than this test does.
    let cache =
        Path::new("/proc").join(gateway.pid().to_string()).join("root").join(folder.path().strip_prefix("/").unwrap());
    let all = gateway.plugins().join("all");
    for code in ["one", "two", "three"] {
        install(
            &all,
            "guard",
            &Guest::on("policy", &format!(r#"(call $refuse (i32.const 400) @"{code}" @"")"#)).build(),
        );
        let serves = || post(gateway.address, ACME, &chat("hi")).code() == code;
        until(&format!("{code} serves"), || serves().then_some(()));
        until("it is said", || gateway.log().contains("compiled code is not kept").then_some(()));
        assert_eq!(kept(&cache), [""; 0], "after {code}");
    }
    assert!(cache.join("key").is_file(), "the cache was looked for elsewhere");
}

#[test]
fn what_a_gateway_that_was_killed_had_half_written_is_taken_away_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("compiled");
    start(&cache);
    let good = entries(&cache);
    // No process has such a number; what somebody else keeps there is theirs.
    for name in ["beef-01.4294967295.tmp", "key.4294967295.tmp", "notes.tmp"] {
        fs::write(cache.join(name), b"half").unwrap();
    }
    assert!(start(&cache).contains("from the cache"));
    assert_eq!(entries(&cache).len(), good.len());
    let left: Vec<_> = kept(&cache).into_iter().filter(|name| name.ends_with(".tmp")).collect();
    assert_eq!(left, ["notes.tmp"]);
}
