//! Why a call failed: in the log, on the admin listener and in the tools, in the engine's own words and on one line.

use crate::support;

use crate::guest::{Bound, Guest, chain, gateway_with};
use crate::support::upstream::Upstream;
use crate::support::{ACME, chat, config, post, until};
use std::process::Command;

/// What a guest does wrong, and a word of why that is no call that ended well.
fn mistakes() -> Vec<(&'static str, Guest, &'static str)> {
    let policy = |body: &str| Guest::on("policy", body);
    vec![
        ("abort", policy("unreachable"), "unreachable"),
        (
            "divide",
            policy("(drop (i32.div_u (i32.const 1) (i32.load (i32.const 512)))) (call $pass)"),
            "divide by zero",
        ),
        ("reach", policy("(drop (i32.load (i32.const -16))) (call $pass)"), "out of bounds"),
        // Nothing of these is a trap: the engine, or the host, does not take what the guest hands over.
        ("text", policy("(call $log.write (i32.const 3) (i32.const -8) (i32.const 64)) (call $pass)"), "out of bounds"),
        ("verdict", policy("(i32.store8 (i32.const 0) (i32.const 7)) (i32.const 0)"), "discriminant"),
        (
            "utf",
            policy(
                "(i32.store8 (i32.const 512) (i32.const 255)) (call $log.write (i32.const 3) (i32.const 512) (i32.const 1)) (call $pass)",
            ),
            "utf-8",
        ),
    ]
}

#[test]
fn why_a_call_failed_is_said_in_one_line_whichever_way_the_plugin_is_called() {
    let upstream = Upstream::chat();
    for direct in [true, false] {
        let all = mistakes();
        let bound: Vec<Bound<'_>> =
            all.iter().map(|(name, guest, _)| (*name, guest, "on_failure = \"open\"")).collect();
        let plugins = chain(&bound).replacen("[plugins]\n", &format!("[plugins]\ndirect = {direct}\n"), 1);
        let gateway = gateway_with(&format!("{}\n{plugins}", config(upstream.address)), &bound);
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
        let told = gateway.admin_get("/admin/v1/plugins").json();
        for (name, _, word) in &all {
            let line = until(&format!("{name} is logged"), || {
                let log = gateway.log();
                let said = |l: &&str| l.contains("plugin fault") && l.contains(&format!("plugin=\"{name}\""));
                log.lines().find(said).map(str::to_owned)
            });
            assert!(line.to_lowercase().contains(word), "direct = {direct}: {line}");
            let plugin = told["plugins"].as_array().unwrap().iter().find(|p| p["name"] == *name).unwrap();
            let last = plugin["tenants"]["acme"]["last_fault"].as_str().unwrap();
            assert!(last.to_lowercase().contains(word) && last.len() < 700 && !last.contains('\n'), "{last}");
        }
        assert!(!gateway.log().contains("error while executing at wasm backtrace"), "{}", gateway.log());
    }
}

#[test]
fn the_tools_say_it_in_the_same_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut hooks = vec![("policy", mistakes())];
    hooks.push(("observe", vec![("abort", Guest::default().observe("unreachable"), "unreachable")]));
    for (hook, all) in hooks {
        let case = folder.path().join("case.json");
        std::fs::write(&case, format!("{{\"hook\":\"{hook}\"}}")).unwrap();
        for (name, guest, word) in all {
            let file = folder.path().join(format!("{name}.wasm"));
            std::fs::write(&file, guest.build()).unwrap();
            let output = Command::new(support::weir())
                .args(["plugin", "test"])
                .arg(&file)
                .arg("--case")
                .arg(&case)
                .output()
                .unwrap();
            let said =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(!output.status.success(), "{hook} {name}: {said}");
            let fault =
                said.lines().find(|line| line.contains("the plugin faulted")).unwrap_or_else(|| panic!("{said}"));
            assert!(fault.to_lowercase().contains(word), "{hook} {name}: {fault}");
            assert!(!said.contains("wasm backtrace"), "{said}");
        }
    }
}
