//! What a file says that the configuration names is part of the configuration: it is read anew when it changes.

use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, config_with, post, until};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// What the upstream is sent as its key now.
fn sent(gateway: &Gateway, upstream: &Upstream) -> String {
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    upstream.seen().last().unwrap().header("x-secret").unwrap_or_default()
}

fn provider(key: &Path) -> String {
    format!("headers.x-secret = \"file:{}\"", key.display())
}

#[test]
fn a_secret_in_a_file_is_read_anew_when_it_changes_however_it_is_written() {
    let upstream = Upstream::chat();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, "zero\n").unwrap();
    let gateway = Gateway::start(&config_with(upstream.address, &provider(&key), ""));
    assert_eq!(sent(&gateway, &upstream), "zero");
    fs::write(&key, "in place, and longer").unwrap();
    until("in place", || (sent(&gateway, &upstream) == "in place, and longer").then_some(()));
    fs::write(&key, "short").unwrap();
    until("shorter", || (sent(&gateway, &upstream) == "short").then_some(()));
    let new = folder.path().join("new");
    fs::write(&new, "renamed").unwrap();
    fs::rename(&new, &key).unwrap();
    until("renamed over", || (sent(&gateway, &upstream) == "renamed").then_some(()));
    // A link elsewhere, whose folder nobody watches, as Kubernetes keeps secrets.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("key"), "linked").unwrap();
    symlink(elsewhere.path().join("key"), &new).unwrap();
    fs::rename(&new, &key).unwrap();
    until("linked", || (sent(&gateway, &upstream) == "linked").then_some(()));
    fs::write(elsewhere.path().join("key"), "behind the link").unwrap();
    until("behind the link", || (sent(&gateway, &upstream) == "behind the link").then_some(()));
    until("it is said, and not what it is", || {
        gateway.log().contains("configuration: providers.up.headers.x-secret: changed").then_some(())
    });
    assert!(!gateway.log().contains("behind the link"));
}

#[test]
fn a_file_that_a_reload_names_is_watched_from_then_on_and_one_that_is_missing_is_waited_for() {
    let upstream = Upstream::chat();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let gateway = Gateway::start(&config_with(upstream.address, "", ""));
    gateway.write_config(&config_with(upstream.address, &provider(&key), ""));
    let said = format!("x-secret: its file {} cannot be read", key.display());
    let missed = || gateway.ready()["problems"].to_string().contains(&said);
    until("it is missed", || missed().then_some(()));
    assert_eq!(sent(&gateway, &upstream), "");
    fs::write(&key, "arrived").unwrap();
    until("it has arrived", || (sent(&gateway, &upstream) == "arrived").then_some(()));
    fs::write(&key, "and changed").unwrap();
    until("it is watched", || (sent(&gateway, &upstream) == "and changed").then_some(()));
    fs::remove_file(&key).unwrap();
    until("it is missed", || missed().then_some(()));
    assert_eq!(sent(&gateway, &upstream), "and changed", "what served serves on");
    fs::write(&key, "back").unwrap();
    until("it is back", || (sent(&gateway, &upstream) == "back").then_some(()));
}

#[test]
fn a_signal_reads_named_files_where_nothing_watches_them() {
    let upstream = Upstream::chat();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, "one").unwrap();
    let gateway = Gateway::start(&config_with(upstream.address, &provider(&key), "[plugins]\nreload = false\n"));
    fs::write(&key, "two").unwrap();
    assert_eq!(sent(&gateway, &upstream), "one");
    gateway.signal("HUP");
    until("it is read", || (sent(&gateway, &upstream) == "two").then_some(()));
}
