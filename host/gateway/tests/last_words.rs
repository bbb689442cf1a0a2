//! Why a plugin broke off, in its own words: a line of its own in the log, as all that it writes, and nowhere else.

use crate::support;

use crate::guest::{Guest, gateway, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, chat, post, until};
use std::process::Command;

/// What the SDK's panic hook does: the words go to the log, then the guest traps.
const PANIC: &str =
    r#"(call $log.write (i32.const 4) @"panicked at src/lib.rs:7:5: no \"team\" in my secret text") unreachable"#;
const WORDS: &str = r#"panicked at src/lib.rs:7:5: no "team" in my secret text"#;

#[test]
fn what_a_plugin_says_as_it_breaks_off_is_in_the_log_with_its_request_and_is_told_to_nobody_else() {
    let guest = Guest::on("policy", PANIC);
    let gateway = gateway(Upstream::chat().address, "", &[("guard", &guest, ""), ("guard", &guest, "name = \"eu\"")]);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (500, "plugin_failed"));
    assert!(!reply.text().contains("secret") && !reply.text().contains("panicked"), "{}", reply.text());
    let id = reply.header("x-request-id").unwrap();
    let line = |word: &str| {
        until(word, || {
            let found = |line: &&str| line.contains(word) && line.contains(id) && line.contains("plugin=\"guard\"");
            gateway.log().lines().find(found).map(str::to_owned)
        })
    };
    assert!(line(WORDS).contains("ERROR plugin: "), "{}", gateway.log());
    assert!(!line("plugin fault").contains("secret"), "{}", gateway.log());
    for place in ["/metrics", "/readyz?verbose", "/admin/v1/plugins"] {
        assert!(!gateway.admin_get(place).text().contains("secret"), "{place}");
    }
}

#[test]
fn what_a_plugin_says_as_it_breaks_off_in_its_start_is_in_the_log_too() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let guest = Guest::on("policy", "(call $pass)").init(PANIC);
    install(&gateway.plugins().join("all"), "guard", &guest.build());
    until("it is a problem", || gateway.ready()["problems"].to_string().contains("unreachable").then_some(()));
    let said = gateway.log();
    assert!(said.lines().any(|line| line.contains(WORDS) && line.contains("plugin=\"all/guard\"")), "{said}");
}

#[test]
fn the_tools_show_what_a_plugin_says_as_it_breaks_off() {
    let folder = tempfile::tempdir().unwrap();
    let (file, case) = (folder.path().join("guard.wasm"), folder.path().join("case.json"));
    std::fs::write(&case, r#"{"hook":"policy"}"#).unwrap();
    let tool = |arguments: &[&str]| {
        let output = Command::new(support::weir()).arg("plugin").args(arguments).current_dir(&folder).output().unwrap();
        assert!(!output.status.success());
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    std::fs::write(&file, Guest::on("policy", PANIC).build()).unwrap();
    let said = tool(&["test", "guard.wasm", "--case", "case.json"]);
    assert!(said.contains("the plugin faulted: trap") && said.contains(&format!("error: {WORDS}")), "{said}");
    std::fs::write(&file, Guest::on("policy", "(call $pass)").init(PANIC).build()).unwrap();
    for arguments in [&["test", "guard.wasm", "--case", "case.json"][..], &["check", "guard.wasm"]] {
        let said = tool(arguments);
        assert!(said.contains("fails at start") && said.contains(&format!("error: {WORDS}")), "{said}");
    }
    // Of one that says nothing, what to do for it to be said.
    std::fs::write(&file, Guest::on("policy", "unreachable").build()).unwrap();
    let said = tool(&["test", "guard.wasm", "--case", "case.json"]);
    assert!(said.contains("weir_plugin::log::panics()"), "{said}");
}
