//! Whoever may write to one tenant's plugin folder has the gateway read what lies in it, and nothing else that it can read.

use crate::support;

use crate::guest::policies::{code, problems, refusing};
use crate::guest::{Guest, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, config, post, until};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

const OUT: &str = "it is a link that leads out of its folder";

/// Refuses with its settings as the message.
fn telling() -> Vec<u8> {
    let keep = r#"(global.set $at (local.get $settings)) (global.set $len (local.get $settings-len))
                  (i32.store (i32.const 0) (i32.const 0)) (i32.const 0)"#;
    Guest::on("policy", r#"(call $refuse (i32.const 400) @"told" (global.get $at) (global.get $len))"#)
        .init(keep)
        .with("(global $at (mut i32) (i32.const 0)) (global $len (mut i32) (i32.const 0))")
        .build()
}

fn start(prepare: impl FnOnce(&Path)) -> Gateway {
    Gateway::start_with(&config(Upstream::chat().address), |folder| {
        fs::create_dir_all(folder.join("tenants/acme")).unwrap();
        install(&folder.join("tenants/globex"), "secret", &refusing("globexs").build());
        fs::write(folder.join("tenants/globex/secret.toml"), "config = { word = \"hush\" }\n").unwrap();
        prepare(folder);
    })
}

fn told(gateway: &Gateway, file: &str) {
    until(&format!("{file} is named: {}", problems(gateway)), || {
        let ready = gateway.ready();
        let all: Vec<&str> = ready["problems"].as_array()?.iter().filter_map(|p| p.as_str()).collect();
        all.iter().any(|p| p.contains(file) && p.contains(OUT)).then_some(())
    });
}

/// Puts a link in the place of whatever is there.
fn link(to: impl AsRef<Path>, at: &Path) {
    let half = at.parent().unwrap().join(".half");
    symlink(to, &half).unwrap();
    fs::rename(half, at).unwrap();
}

#[test]
fn a_link_out_of_a_tenants_folder_is_no_plugin_of_its() {
    let gateway = start(|_| {});
    let acme = gateway.plugins().join("tenants/acme");
    install(&gateway.plugins(), "available", &refusing("operators").build());
    symlink("../globex", acme.join("near")).unwrap();
    for (n, to) in [
        "../globex/secret.wasm".into(),
        gateway.plugins().join("tenants/globex/secret.wasm"),
        "near/secret.wasm".into(),
        "../../available.wasm".into(),
        "/proc/self/exe".into(),
        "/etc/hostname".into(),
    ]
    .iter()
    .enumerate()
    {
        link(to, &acme.join(format!("it{n}.wasm")));
        told(&gateway, &format!("tenants/acme/it{n}.wasm"));
        assert_eq!(code(&gateway, ACME), "", "{to:?}");
    }
    // What the tenant has of its own goes live beside them.
    install(&acme, "own", &refusing("own").build());
    until("its own goes live", || (code(&gateway, ACME) == "own").then_some(()));
    link("../globex/secret.wasm", &acme.join("own.wasm"));
    told(&gateway, "tenants/acme/own.wasm");
    assert_eq!(code(&gateway, ACME), "own", "the last good version serves on");
}

#[test]
fn neither_settings_nor_schemas_nor_signatures_are_read_from_elsewhere() {
    let gateway = start(|folder| {
        install(&folder.join("tenants/acme"), "it", &telling());
        fs::write(folder.join("tenants/acme/it.toml"), "config = { mine = 1 }\n").unwrap();
    });
    let acme = gateway.plugins().join("tenants/acme");
    let message = || post(gateway.address, ACME, &chat("hi")).json()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(message(), "{\"mine\":1}");
    for to in ["../globex/secret.toml".into(), gateway.config_file()] {
        link(to, &acme.join("it.toml"));
        told(&gateway, "tenants/acme/it.toml");
        assert_eq!(message(), "{\"mine\":1}");
    }
    let said = problems(&gateway) + &gateway.log();
    assert!(!said.contains("hush") && !said.contains("upstream-secret"), "nothing of it is shown");
    fs::remove_file(acme.join("it.toml")).unwrap();
    until("it has no settings any more", || (message() == "{}").then_some(()));
    link("../../../weir.toml", &acme.join("it.schema.json"));
    told(&gateway, "tenants/acme/it.schema.json");
    assert!(!(problems(&gateway) + &gateway.log()).contains("upstream-secret"));
}

#[test]
fn a_link_out_of_its_folder_at_the_start_closes_its_tenant_and_nobody_else() {
    let gateway = start(|folder| symlink("../globex/secret.wasm", folder.join("tenants/acme/it.wasm")).unwrap());
    told(&gateway, "tenants/acme/it.wasm");
    assert_eq!(code(&gateway, ACME), "tenant_closed");
    assert_eq!(post(gateway.address, support::GLOBEX, &chat("hi")).code(), "globexs");
}

#[test]
fn links_within_a_tenants_folder_are_followed_as_kubernetes_makes_them() {
    let gateway = start(|_| {});
    let acme = gateway.plugins().join("tenants/acme");
    // Each version in a folder of its own, and one link that says which of them is meant.
    for version in ["one", "two"] {
        install(&acme.join(format!("..{version}")), "it", &telling());
        fs::write(acme.join(format!("..{version}/it.toml")), format!("config = {{ is = \"{version}\" }}\n")).unwrap();
    }
    symlink("..one", acme.join("..data")).unwrap();
    symlink("..data/it.toml", acme.join("it.toml")).unwrap();
    symlink("..data/it.wasm", acme.join("it.wasm")).unwrap();
    let message = || post(gateway.address, ACME, &chat("hi")).json()["error"]["message"].as_str().map(str::to_owned);
    let serves = |version: &str| {
        let wanted = format!("{{\"is\":\"{version}\"}}");
        until(version, || (message().as_deref() == Some(&wanted)).then_some(()));
    };
    serves("one");
    link("..two", &acme.join("..data"));
    serves("two");
    // By its whole path, too, and by way of the folder around it.
    link(acme.join("..one/it.wasm"), &acme.join("it.wasm"));
    link("../acme/..one/it.toml", &acme.join("it.toml"));
    serves("one");
    assert_eq!(problems(&gateway), "[]");
}

#[test]
fn a_link_that_is_changed_while_it_is_looked_at_shows_nothing_either() {
    let gateway = start(|folder| install(&folder.join("tenants/acme"), "real", &refusing("own").build()));
    let acme = gateway.plugins().join("tenants/acme");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                link(if n % 2 == 0 { "real.wasm" } else { "../globex/secret.wasm" }, &acme.join("it.wasm"));
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        for n in 1..=8 {
            gateway.signal("HUP");
            until("it is read", || {
                assert_eq!(code(&gateway, ACME), "own");
                (gateway.log().matches("SIGHUP: nothing new").count()
                    + gateway.log().matches("SIGHUP: something").count()
                    >= n)
                    .then_some(())
            });
        }
        stop.store(true, Ordering::Relaxed);
    });
    link("../globex/secret.wasm", &acme.join("it.wasm"));
    told(&gateway, "tenants/acme/it.wasm");
    assert_eq!(code(&gateway, ACME), "own");
}
