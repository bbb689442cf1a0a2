//! A new plugin is started once before it serves. One that spins there has all the time that a start has, and nobody else
//! waits for it.

use crate::support;

use crate::guest::{Guest, gateway, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, post, until};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// Each is a file of its own, so that none is known from another.
fn spinning(n: usize) -> Vec<u8> {
    Guest::on("policy", &format!(r#"(call $refuse (i32.const 400) @"spin_{n}" @"")"#))
        .init("(loop $forever (br $forever)) unreachable")
        .build()
}

fn refusing(code: &str) -> Vec<u8> {
    Guest::on("policy", &format!(r#"(call $refuse (i32.const 400) @"{code}" @"")"#)).build()
}

fn code(gateway: &Gateway, key: &str) -> String {
    let reply = post(gateway.address, key, &chat("hi"));
    if reply.status == 200 { String::new() } else { reply.code() }
}

fn words(gateway: &Gateway, list: &str) -> Vec<String> {
    let ready = gateway.ready();
    ready[list].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

/// How many of acme's wait for their start, or are in it.
fn under_way(gateway: &Gateway) -> usize {
    let is_one = |line: &&String| line.contains("tenants/acme/spin") && line.contains("is being tried out");
    words(gateway, "compiling").iter().filter(is_one).count()
}

/// A gateway with a plugin of globex's that serves, and so many in acme's folder that spin in their start.
fn spun(count: usize) -> Gateway {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    install(&gateway.plugins().join("tenants/globex"), "own", &refusing("own"));
    until("globex's own applies", || (code(&gateway, GLOBEX) == "own").then_some(()));
    let (acme, beside) = (gateway.plugins().join("tenants/acme"), gateway.folder.path().join("beside"));
    (0..count).for_each(|n| install(&beside, &format!("spin{n:02}"), &spinning(n)));
    fs::rename(&beside, &acme).unwrap();
    until("they are compiled and wait", || (under_way(&gateway) >= count / 2).then_some(()));
    gateway
}

#[test]
fn twenty_plugins_that_spin_in_their_start_keep_no_other_tenants_from_going_live() {
    let gateway = spun(20);
    let (globex, start) = (gateway.plugins().join("tenants/globex"), Instant::now());
    install(&globex, "new", &refusing("new"));
    fs::remove_file(globex.join("own.wasm")).unwrap();
    until("globex's new one is live, and the old one is gone", || (code(&gateway, GLOBEX) == "new").then_some(()));
    // Each of them has two seconds, and none of a tenant's begins before another is over.
    assert!(under_way(&gateway) >= 4, "it went live after {:?}: {:?}", start.elapsed(), words(&gateway, "compiling"));
    assert_eq!(code(&gateway, ACME), "", "acme was served before, and still is");
    // Whatever lies there, no key and no process waits for it.
    let text = fs::read_to_string(gateway.config_file()).unwrap();
    gateway.write_config(&text.replacen("id = \"acme\"", "id = \"acme2\"", 1));
    until("the key is gone", || (post(gateway.address, ACME, &chat("hi")).status == 401).then_some(()));
    assert!(under_way(&gateway) >= 2, "it was gone after {:?}", start.elapsed());
    let mut gateway = gateway;
    gateway.signal("TERM");
    assert!(gateway.wait().success());
}

#[test]
fn a_start_that_spins_is_ended_when_its_file_goes_and_is_tried_once_while_it_stays() {
    let gateway = spun(4);
    let acme = gateway.plugins().join("tenants/acme");
    for n in [1, 2, 3] {
        fs::remove_file(acme.join(format!("spin{n:02}.wasm"))).unwrap();
    }
    until("the one that is left has had its time", || {
        let problems = words(&gateway, "problems");
        (under_way(&gateway) == 0 && problems.len() == 1 && problems[0].contains("ran past its deadline")).then_some(())
    });
    let tried = || gateway.log().matches("is not tried again until its file or its settings change").count();
    let before = tried();
    for code in ["one", "two"] {
        install(&acme, "good", &refusing(code));
        until("what is good goes live beside it", || (self::code(&gateway, ACME) == code).then_some(()));
        assert_eq!(under_way(&gateway), 0);
    }
    assert_eq!(tried(), before, "{}", gateway.log());
    // Another file in its place is another plugin.
    install(&acme, "spin00", &refusing("mended"));
    fs::remove_file(acme.join("good.wasm")).unwrap();
    until("it is mended", || (code(&gateway, ACME) == "mended").then_some(()));
    until("nothing is wrong", || words(&gateway, "problems").is_empty().then_some(()));
}

#[test]
fn what_a_plugin_says_against_its_settings_is_said_once_and_not_anew_with_each_reload() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let all = gateway.plugins().join("all");
    let picky = Guest::on("policy", "(call $pass)")
        .init("(i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const 40000)) (i32.store (i32.const 8) (i32.const 9)) (i32.const 0)")
        .with("(data (i32.const 40000) \"not these\")");
    install(&all, "picky", &picky.build());
    until("it is a problem", || {
        words(&gateway, "problems").iter().any(|line| line.contains("refuses its settings: not these")).then_some(())
    });
    for name in ["one", "two", "three"] {
        install(&all, name, &Guest::on("policy", "(call $pass)").build());
        gateway.says(&format!("plugin put in plugin=\"all/{name}\""));
        assert!(!words(&gateway, "compiling").iter().any(|line| line.contains("picky")), "{}", gateway.ready());
    }
    assert_eq!(gateway.log().matches("refuses its settings: not these").count(), 1, "{}", gateway.log());
    assert_eq!(gateway.log().matches("no longer: plugin all/picky.wasm").count(), 0, "{}", gateway.log());
}

#[test]
fn check_says_of_each_that_it_spins_and_ends() {
    let gateway = spun(2);
    let (output, start) = (
        Command::new(support::weir())
            .args(["check", "--config", gateway.config_file().to_str().unwrap()])
            .env_remove("WEIR_CONFIG")
            .output()
            .unwrap(),
        Instant::now(),
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.matches("ran past its deadline").count(), 2, "{said}");
    assert!(start.elapsed() < Duration::from_secs(60));
}
