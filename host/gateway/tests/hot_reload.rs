//! What is put into the plugin folder goes live by itself, and what is broken never does.

use crate::guest::policies::{code, refusing};
use crate::guest::{Guest, chain, gateway, gateway_with, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, config, until};
use std::fs;
use std::time::{Duration, Instant};

/// Waits until requests are refused with this code, and answers how long that took. What is promised is two seconds; a
/// machine that is busy with other tests gets five.
fn live(gateway: &Gateway, key: &str, expected: &str) -> Duration {
    let start = Instant::now();
    until(&format!("`{expected}` is live: {}", gateway.log()), || (code(gateway, key) == expected).then_some(()));
    let took = start.elapsed();
    eprintln!("`{expected}` was live after {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    took
}

fn problems(gateway: &Gateway) -> Vec<String> {
    let ready = gateway.ready();
    ready["problems"].as_array().unwrap().iter().map(|p| p.as_str().unwrap().to_owned()).collect()
}

fn generation(gateway: &Gateway) -> u64 {
    gateway.ready()["generation"].as_u64().unwrap()
}

#[test]
fn a_file_in_all_applies_to_everybody_and_its_end_undoes_it() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let all = gateway.plugins().join("all");
    let first = generation(&gateway);
    install(&all, "guard", &refusing("one").build());
    live(&gateway, ACME, "one");
    assert_eq!(code(&gateway, GLOBEX), "one");
    install(&all, "guard", &refusing("two").build());
    live(&gateway, ACME, "two");
    fs::remove_file(all.join("guard.wasm")).unwrap();
    live(&gateway, ACME, "");
    assert_eq!(generation(&gateway), first + 3, "each change is one generation");
    soon_eq!(gateway.metric("weir_generation", &[]), (first + 3) as f64);
    soon_eq!(gateway.metric("weir_reloads_total", &["live"]), 3.0);
    assert!(problems(&gateway).is_empty());
}

#[test]
fn a_file_in_a_tenants_folder_applies_to_that_tenant_alone() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    install(&gateway.plugins().join("tenants/globex"), "guard", &refusing("globex_only").build());
    live(&gateway, GLOBEX, "globex_only");
    assert_eq!(code(&gateway, ACME), "");
    install(&gateway.plugins().join("all"), "guard", &refusing("everybody").build());
    live(&gateway, ACME, "everybody");
    assert_eq!(code(&gateway, GLOBEX), "everybody", "what is for all runs first");
    fs::remove_dir_all(gateway.plugins().join("all")).unwrap();
    live(&gateway, ACME, "");
    assert_eq!(code(&gateway, GLOBEX), "globex_only");
}

#[test]
fn a_folder_of_a_tenant_that_is_not_there_is_pointed_out() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    install(&gateway.plugins().join("tenants/acmee"), "guard", &refusing("nobody").build());
    let problem = until("it is pointed out", || problems(&gateway).into_iter().next());
    assert!(problem.contains("no tenant `acmee`"), "{problem}");
    assert_eq!(code(&gateway, ACME), "");
}

#[test]
fn settings_beside_a_plugin_apply_when_they_change() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let all = gateway.plugins().join("all");
    // Refuses if its settings are longer than `{}`; traps if they are `{"trap":1}`, ten bytes.
    let settings = Guest::on(
        "policy",
        r#"(if (i32.eq (global.get $len) (i32.const 10)) (then unreachable))
           (if (i32.gt_u (global.get $len) (i32.const 2)) (then (return (call $refuse (i32.const 400) @"set" @""))))
           (call $pass)"#,
    )
    .init("(global.set $len (local.get $settings-len)) (i32.store (i32.const 0) (i32.const 0)) (i32.const 0)")
    .with("(global $len (mut i32) (i32.const 0))");
    install(&all, "set", &settings.build());
    until("it serves", || (gateway.ready()["plugins"].as_array()?.len() == 1).then_some(()));
    assert_eq!(code(&gateway, ACME), "");
    fs::write(all.join("set.toml"), "config = { deny = \"everything\" }").unwrap();
    live(&gateway, ACME, "set");
    fs::write(all.join("set.toml"), "config = { trap = 1 }").unwrap();
    live(&gateway, ACME, "plugin_failed");
    fs::write(all.join("set.toml"), "on_failure = \"open\"\nconfig = { trap = 1 }").unwrap();
    live(&gateway, ACME, "");
    fs::write(all.join("set.toml"), "on_failur = \"open\"").unwrap();
    let problem = until("the typing error is shown", || problems(&gateway).into_iter().next());
    assert!(problem.contains("on_failur") && problem.contains("last good version serves on"), "{problem}");
    assert_eq!(code(&gateway, ACME), "");
}

/// The component with one more import, a resource type: a section of its own at the end.
fn importing(component: &[u8], name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    let import = [&[1, 0, length][..], name.as_bytes(), &[3, 1]].concat();
    [component, &[10, u8::try_from(import.len()).unwrap()], &import].concat()
}

#[test]
fn a_broken_file_changes_nothing_and_its_reason_is_shown() {
    let good = refusing("good");
    let gateway = gateway(Upstream::chat().address, "", &[("chained", &good, "")]);
    let all = gateway.plugins().join("all");
    let component = refusing("other").build();
    let flipped: Vec<u8> = component.iter().enumerate().map(|(n, b)| if n == 200 { b ^ 0xff } else { *b }).collect();
    let wasi = wat::parse_str(r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#).unwrap();
    let foreign = importing(&component, "evil-thing");
    let cases: [(&str, Vec<u8>, &str); 8] = [
        ("empty", Vec::new(), "not a WebAssembly file"),
        ("text", b"#!/bin/sh\necho hello\n".to_vec(), "not a WebAssembly file"),
        ("core", wat::parse_str("(module)").unwrap(), "a core WebAssembly module, not a component"),
        ("half", component[..component.len() / 2].to_vec(), "does not compile"),
        ("flipped", flipped, ""),
        ("hookless", wat::parse_str("(component)").unwrap(), "exports no hook"),
        ("wasi", wasi, "exports no hook"),
        ("foreign", foreign, "imports `evil-thing`, which Weir does not offer"),
    ];
    let before = generation(&gateway);
    for (name, bytes, reason) in cases {
        install(&all, name, &bytes);
        // Over the file that serves, too: the last good version goes on.
        install(&gateway.plugins(), "chained", &bytes);
        let own = |p: &&String| p.contains(&format!("all/{name}.wasm"));
        let chained = |p: &&String| p.contains("chained.wasm") && p.contains("last good version serves on");
        let shown = until(name, || {
            Some(problems(&gateway)).filter(|p| p.iter().any(|p| own(&p)) && p.iter().any(|p| chained(&p)))
        });
        assert!(shown.iter().filter(|p| own(p) || chained(p)).all(|p| p.contains(reason)), "{name}: {shown:?}");
        assert!(shown.iter().find(|p| own(p)).unwrap().contains("it does not serve"), "{name}: {shown:?}");
        assert_eq!(code(&gateway, ACME), "good", "{name}");
        until("the log says so", || gateway.log().contains(&format!("all/{name}.wasm")).then_some(()));
        fs::remove_file(all.join(format!("{name}.wasm"))).unwrap();
    }
    assert_eq!(generation(&gateway), before, "nothing went live");
    install(&gateway.plugins(), "chained", &refusing("mended").build());
    live(&gateway, ACME, "mended");
    until("no problem is left", || problems(&gateway).is_empty().then_some(()));
}

#[test]
fn a_file_that_is_written_piece_by_piece_goes_live_when_it_is_whole() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let all = gateway.plugins().join("all");
    install(&all, "slow", &refusing("old").build());
    live(&gateway, ACME, "old");
    let component = refusing("new").build();
    let path = all.join("slow.wasm");
    fs::write(&path, b"").unwrap();
    let mut seen_broken = false;
    for piece in component.chunks(component.len() / 3 + 1) {
        use std::io::Write;
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(piece).unwrap();
        // Long enough for the half of it to be looked at, sometimes; never may it serve.
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(250) {
            let code = code(&gateway, ACME);
            assert!(code == "old" || code == "new", "{code}");
            seen_broken |= !problems(&gateway).is_empty();
        }
    }
    live(&gateway, ACME, "new");
    until("no problem is left", || problems(&gateway).is_empty().then_some(()));
    eprintln!("half of it was looked at: {seen_broken}");
}

#[test]
fn a_chain_goes_on_with_what_it_had_when_a_file_is_deleted_and_takes_it_again_when_it_is_back() {
    let gateway = gateway(Upstream::chat().address, "", &[("guard", &refusing("kept"), "")]);
    let file = gateway.plugins().join("guard.wasm");
    fs::remove_file(&file).unwrap();
    let problem = until("it is missed", || problems(&gateway).into_iter().next());
    assert!(problem.contains("no file guard.wasm") && problem.contains("last good version serves on"), "{problem}");
    assert_eq!(code(&gateway, ACME), "kept", "a policy that was deleted by mistake is still a policy");
    install(&gateway.plugins(), "guard", &refusing("back").build());
    live(&gateway, ACME, "back");
    until("no problem is left", || problems(&gateway).is_empty().then_some(()));
}

#[test]
fn a_configuration_that_names_a_plugin_which_cannot_serve_is_refused_as_a_whole() {
    let upstream = Upstream::chat();
    let gateway = gateway_with(
        &format!("{}{}", config(upstream.address), chain(&[("guard", &refusing("kept"), "")])),
        &[("guard", &refusing("kept"), "")],
    );
    let before = generation(&gateway);
    // The chain loses its guard, whose file goes too, and gets a plugin that is not there.
    fs::remove_file(gateway.plugins().join("guard.wasm")).unwrap();
    until("it is missed", || (!problems(&gateway).is_empty()).then_some(()));
    let other = Guest::default();
    gateway.write_config(&format!("{}{}", config(upstream.address), chain(&[("absent", &other, "")])));
    until("it is refused", || problems(&gateway).iter().any(|p| p.contains("no file absent.wasm")).then_some(()));
    assert_eq!(code(&gateway, ACME), "kept", "the old one stays, with the plugins it had");
    assert_eq!(generation(&gateway), before);
    install(&gateway.plugins(), "absent", &refusing("arrived").build());
    live(&gateway, ACME, "arrived");
    assert!(problems(&gateway).is_empty());
}

#[test]
fn a_link_that_points_elsewhere_now_is_a_change() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let versions = gateway.folder.path().join("versions");
    install(&versions, "one", &refusing("one").build());
    install(&versions, "two", &refusing("two").build());
    let all = gateway.plugins().join("all");
    fs::create_dir(&all).unwrap();
    for version in ["one", "two"] {
        let link = all.join(".link");
        std::os::unix::fs::symlink(versions.join(format!("{version}.wasm")), &link).unwrap();
        fs::rename(link, all.join("guard.wasm")).unwrap();
        live(&gateway, ACME, version);
    }
}

#[test]
fn a_storm_of_files_is_weathered() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let all = gateway.plugins().join("all");
    fs::create_dir(&all).unwrap();
    for n in 0..500 {
        fs::write(all.join(format!("junk{n}.wasm")), b"junk").unwrap();
        fs::write(all.join(format!("note{n}.txt")), b"junk").unwrap();
    }
    install(&all, "guard", &refusing("through").build());
    live(&gateway, ACME, "through");
    assert_eq!(problems(&gateway).len(), 500);
    for n in 0..500 {
        fs::remove_file(all.join(format!("junk{n}.wasm"))).unwrap();
    }
    until("all are gone", || problems(&gateway).is_empty().then_some(()));
    assert_eq!(code(&gateway, ACME), "through");
}

#[test]
fn a_schema_that_changes_alone_is_held_against_the_settings_that_serve() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let all = gateway.plugins().join("all");
    install(&all, "guard", &refusing("one").build());
    live(&gateway, ACME, "one");
    let put = |schema: &str| {
        fs::write(all.join(".half"), schema).unwrap();
        fs::rename(all.join(".half"), all.join("guard.schema.json")).unwrap();
    };
    for (broken, said) in
        [(r#"{"required":["deny"]}"#, "deny"), (r#"{"type":"#, "schema"), (r#"{"type":"array"}"#, "array")]
    {
        put(broken);
        until("it is said", || {
            problems(&gateway).iter().any(|problem| problem.contains("guard") && problem.contains(said)).then_some(())
        });
        assert_eq!(code(&gateway, ACME), "one", "the last good version serves on");
        put("{}");
        until("nothing is wrong", || problems(&gateway).is_empty().then_some(()));
    }
}
