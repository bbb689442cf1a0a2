//! What lies in the plugin folder and does nothing is named, with what may be meant: a guard that somebody believes to be active.

use crate::support;

use crate::guest::{Guest, gateway, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, config, post, until};
use std::fs;
use std::path::Path;
use std::process::Command;

fn refusing(code: &str) -> Vec<u8> {
    Guest::on("policy", &format!(r#"(call $refuse (i32.const 400) @"{code}" @"")"#)).build()
}

fn code(gateway: &Gateway) -> String {
    let reply = post(gateway.address, ACME, &chat("hi"));
    if reply.status == 200 { String::new() } else { reply.code() }
}

fn put(path: &Path, what: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, what).unwrap();
}

fn warnings(gateway: &Gateway) -> Vec<String> {
    let list = |said: &serde_json::Value| -> Vec<String> {
        said["warnings"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    };
    let ready = list(&gateway.ready());
    assert_eq!(gateway.ready()["problems"].to_string(), "[]", "nothing is wrong with what serves");
    ready
}

/// What lies there, where below the plugin folder it is named, and what may be meant.
const IDLE: [(&str, &str, &str); 9] = [
    ("all/pii.WASM", "all/pii.WASM", "did you mean `pii.wasm`?"),
    ("tenants/x.wasm", "tenants/x.wasm", "lies in no tenant's folder"),
    ("all/stirct.toml", "all/stirct.toml", "did you mean `strict.toml`?"),
    ("tenants/acme/own.schema.json", "tenants/acme/own.schema.json", "a schema of no plugin"),
    ("tenants/acme/deny.txt", "tenants/acme/deny.txt", "is nothing here by its name"),
    ("tenant/acme/g.wasm", "tenant", "did you mean `tenants/`?"),
    ("tenants/acne/own.toml", "tenants/acne", "did you mean `acme`?"),
    ("loose.toml", "loose.toml", "[[plugins.chain]]"),
    ("policies/guard.wasm", "policies", "nothing in it is looked at"),
];

#[test]
fn what_does_nothing_is_named_once_for_as_long_as_it_lies_there() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    install(&gateway.plugins().join("all"), "strict", &refusing("kept"));
    until("it applies", || (code(&gateway) == "kept").then_some(()));
    for (n, (file, place, hint)) in IDLE.into_iter().enumerate() {
        let at = format!("{}: ", gateway.plugins().join(place).display());
        // Beside it, and all at once, so that it is looked at when it is whole.
        let root = gateway.plugins().join(file.split('/').next().unwrap());
        if file.split('/').count() > 1 && !root.exists() {
            let beside = gateway.folder.path().join("beside");
            put(&beside.join(file), b"config = {}\n");
            fs::rename(beside.join(file.split('/').next().unwrap()), &root).unwrap();
        } else {
            put(&gateway.plugins().join(file), b"config = {}\n");
        }
        let line = until(&format!("{file} is named"), || {
            let found = warnings(&gateway);
            assert!(found.len() <= n + 1, "{found:?}");
            found.into_iter().find(|line| line.starts_with(&at))
        });
        assert!(line.contains(hint), "{line}");
        gateway.says(&line);
        let logged = gateway.log().lines().filter(|said| said.contains(&line)).count();
        assert_eq!(logged, 1, "{}", gateway.log());
        assert!(gateway.log().lines().any(|said| said.contains(" WARN ") && said.contains(&line)), "{line}");
        assert_eq!(code(&gateway), "kept");
    }
    let shown = gateway.admin_get("/admin/v1/plugins").json();
    assert_eq!(shown["warnings"], gateway.ready()["warnings"]);
    let said = gateway.log().matches(" WARN ").count();
    install(&gateway.plugins().join("all"), "another", &Guest::on("policy", "(call $pass)").build());
    gateway.says("plugin put in plugin=\"all/another\"");
    assert_eq!(gateway.log().matches(" WARN ").count(), said, "what is known is not said again: {}", gateway.log());
    for (file, ..) in IDLE {
        let first = file.split('/').next().unwrap();
        let path = gateway.plugins().join(if ["tenant", "policies"].contains(&first) { first } else { file });
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
    until("nothing is left to be said", || warnings(&gateway).is_empty().then_some(()));
    gateway.says("no longer: ");
    assert_eq!(code(&gateway), "kept");
}

#[test]
fn what_people_keep_beside_plugins_is_not_named_and_what_is_named_is_bounded() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let all = gateway.plugins().join("all");
    for name in ["README.md", "LICENSE", ".hidden.WASM", "strict.toml~", "strict.wasm.bak", "strict.wasm.part"] {
        put(&all.join(name), b"x");
    }
    put(&gateway.plugins().join("plugins.lock"), b"x");
    install(&all, "strict", &refusing("kept"));
    until("it applies", || (code(&gateway) == "kept").then_some(()));
    assert_eq!(warnings(&gateway), [""; 0]);
    let acme = gateway.plugins().join("tenants/acme");
    (0..300).for_each(|n| put(&acme.join(format!("{n}.yaml")), b"x"));
    until("they are counted", || {
        let found = warnings(&gateway);
        assert!(found.len() <= 17, "{found:?}");
        found.last().is_some_and(|last| last.contains("284 more files in it do nothing")).then_some(())
    });
}

#[test]
fn check_and_a_start_name_what_does_nothing_and_are_content_all_the_same() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start_with(&config(upstream.address), |folder| {
        for (file, ..) in IDLE {
            put(&folder.join(file), b"config = {}\n");
        }
        install(&folder.join("all"), "strict", &refusing("kept"));
    });
    assert_eq!(code(&gateway), "kept");
    until("the start has named them", || (warnings(&gateway).len() == IDLE.len()).then_some(()));
    let output = Command::new(support::weir())
        .args(["check", "--config", gateway.config_file().to_str().unwrap()])
        .env_remove("WEIR_CONFIG")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    for (_, place, hint) in IDLE {
        let at = format!("warning: {}: ", gateway.plugins().join(place).display());
        assert!(said.lines().any(|line| line.starts_with(&at) && line.contains(hint)), "{place}: {said}");
    }
}

#[test]
fn of_plugins_for_a_tenant_who_is_not_there_it_is_said_who_may_be_meant() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    install(&gateway.plugins().join("tenants/globx"), "own", &refusing("own"));
    until("it is a problem", || {
        let problems = gateway.ready()["problems"].to_string();
        (problems.contains("tenants/globx/own.wasm") && problems.contains("did you mean `globex`?")).then_some(())
    });
    assert_eq!(gateway.ready()["warnings"].to_string(), "[]", "what is a problem is not said twice");
}
