//! A guard of whole answers that sees no streams, or of streams that sees no whole answers, is said to be one.

use crate::support;

use crate::guest::{Guest, chain, gateway, install};
use crate::support::upstream::Upstream;
use crate::support::{Gateway, config, until, with_folders};
use std::fs;
use std::process::Command;

/// A plugin with these hooks, which let everything pass.
fn guard(hooks: &[&str]) -> Guest {
    let pass = |hook: &str| match hook {
        "event" => "(i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 8) (i32.const 0)) (i32.const 0)",
        _ => "(call $pass)",
    };
    hooks.iter().fold(Guest::default(), |guest, hook| guest.and(hook, pass(hook)))
}

const WHOLE: &str = "it is closed and has the hook `response` without `event`, so that streams pass it unseen";
const STREAMS: &str = "it is closed and has the hook `event` without `response`, so that whole answers pass it unseen";

/// The warnings of plugins that see half of all answers, without what stands before them.
fn warned(gateway: &Gateway) -> Vec<String> {
    let log = gateway.log();
    let lines = log.lines().filter(|line| line.contains("WARN") && line.contains("pass it unseen"));
    lines.map(|line| line[line.find("plugin ").unwrap()..line.find(": use one").unwrap()].to_owned()).collect()
}

#[test]
fn a_closed_plugin_that_sees_one_form_of_answers_is_named_at_the_start_when_it_comes_and_by_check() {
    let upstream = Upstream::chat();
    let (whole, streams, both, neither) =
        (guard(&["response"]), guard(&["event"]), guard(&["response", "event"]), guard(&["policy"]));
    let bound = [
        ("whole", &whole, ""),
        ("streams", &streams, ""),
        ("both", &both, ""),
        ("neither", &neither, ""),
        ("whole", &whole, "on_failure = \"open\""),
    ];
    let gateway = gateway(upstream.address, "", &bound);
    let mut expected = vec![format!("plugin whole: {WHOLE}"), format!("plugin streams: {STREAMS}")];
    until("both are named", || (warned(&gateway).len() >= 2).then_some(()));
    assert_eq!(warned(&gateway), expected);
    // One that is put there later, and no other one again.
    install(&gateway.plugins().join("tenants/acme"), "own", &streams.build());
    until("it is named", || (warned(&gateway).len() > 2).then_some(()));
    gateway.signal("HUP");
    gateway.says("SIGHUP: nothing new went live");
    expected.push(format!("plugin tenants/acme/own: {STREAMS}"));
    assert_eq!(warned(&gateway), expected);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weir.toml");
    fs::write(&file, with_folders(&format!("{}\n{}", config(upstream.address), chain(&bound)))).unwrap();
    bound.iter().for_each(|(name, guest, _)| install(&folder.path().join("plugins"), name, &guest.build()));
    let output = Command::new(support::weir()).arg("check").arg("--config").arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    // It is valid, and said.
    assert!(output.status.success(), "{said}");
    for warning in [format!("warning: plugin whole: {WHOLE}"), format!("warning: plugin streams: {STREAMS}")] {
        assert_eq!(said.matches(&warning).count(), 1, "{said}");
    }
    assert_eq!(said.matches("pass it unseen").count(), 2, "{said}");
}
