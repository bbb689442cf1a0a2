//! Signed plugins: who may vouch for one, for what, and what becomes of one for which nobody does.

use crate::guest;
use crate::support;

use crate::guest::policies::{code, good, refusing, told};
use crate::guest::signing::{Author, CHAIN, REQUIRED, put, trusting};
use crate::guest::{Guest, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, until};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn serves(gateway: &Gateway, wanted: &str) {
    until(&format!("{wanted:?} serves"), || (code(gateway, ACME) == wanted).then_some(()));
}

#[test]
fn only_what_a_trusted_key_signed_goes_live_and_the_last_good_version_serves_on() {
    let (own, other, upstream) = (Author::new(), Author::new(), Upstream::chat());
    let first = own.signed("it", 1, &refusing("one").build(), &[]);
    let config = trusting(&upstream, &[&own], REQUIRED, CHAIN);
    let gateway = Gateway::start_with(&config, |folder| first.put(folder));
    let file = gateway.plugins().join("it.wasm.sig");
    assert_eq!(code(&gateway, ACME), "one");
    // Not of this file: only the plugin was changed.
    install(&gateway.plugins(), "it", &refusing("two").build());
    told(&gateway, "changed after it was signed");
    assert_eq!(code(&gateway, ACME), "one");
    other.signed("it", 2, &refusing("two").build(), &[]).put(&gateway.plugins());
    told(&gateway, "not among the trusted keys");
    assert_eq!(code(&gateway, ACME), "one");
    fs::remove_file(file).unwrap();
    told(&gateway, "there is no signature");
    own.signed("it", 2, &refusing("two").build(), &[]).put(&gateway.plugins());
    serves(&gateway, "two");
    good(&gateway);
}

#[test]
fn where_none_is_required_a_signature_that_is_there_must_hold() {
    let (own, other, upstream) = (Author::new(), Author::new(), Upstream::chat());
    let first = own.signed("it", 1, &refusing("one").build(), &[]);
    let gateway = Gateway::start_with(&trusting(&upstream, &[&own], "", CHAIN), |folder| first.put(folder));
    fs::remove_file(gateway.plugins().join("it.wasm.sig")).unwrap();
    install(&gateway.plugins(), "it", &refusing("two").build());
    serves(&gateway, "two");
    other.signed("it", 3, &refusing("three").build(), &[]).put(&gateway.plugins());
    told(&gateway, "not among the trusted keys");
    assert_eq!(code(&gateway, ACME), "two");
}

#[test]
fn a_signed_plugin_under_another_name_is_not_the_one_that_was_signed() {
    let (own, upstream) = (Author::new(), Upstream::chat());
    let strict = own.signed("strict", 1, &refusing("denied").build(), &[]);
    let chain = "[[plugins.chain]]\nplugin = \"strict\"";
    let config = trusting(&upstream, &[&own], REQUIRED, chain);
    let gateway = Gateway::start_with(&config, |folder| strict.put(folder));
    assert_eq!(code(&gateway, ACME), "denied");
    // The bundled counter, signed by the same author, in the place of the guard.
    let tap = fs::read(support::installed().join("usage-tap.wasm")).unwrap();
    own.signed("usage-tap", 9, &tap, &[]).put_as(&gateway.plugins(), "strict");
    told(&gateway, "signed as `usage-tap` and lies here as `strict`");
    assert_eq!(code(&gateway, ACME), "denied");
    // Nor does a start take it: the guard's name was not signed for these bytes.
    let output = refused_start(&config, |folder| {
        own.signed("usage-tap", 9, &tap, &[]).put_as(folder, "strict");
    });
    assert!(output.contains("signed as `usage-tap` and lies here as `strict`"), "{output}");
}

/// What `weir check` says of a configuration and a folder that no gateway may start with.
fn refused_start(config: &str, prepare: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (file, plugins) = (folder.path().join("weir.toml"), folder.path().join("plugins"));
    fs::create_dir(&plugins).unwrap();
    prepare(&plugins);
    fs::write(&file, support::with_folders(config)).unwrap();
    let output = Command::new(support::weir()).arg("check").arg("--config").arg(&file).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

#[test]
fn settings_beside_a_signed_plugin_are_those_that_were_signed() {
    let (own, upstream) = (Author::new(), Upstream::chat());
    let guard = fs::read(support::installed().join("prompt-guard.wasm")).unwrap();
    let deny = "config = { deny = [\"hi\"] }\n";
    let strict = own.signed("strict", 1, &guard, &[("toml", deny)]);
    let config = trusting(&upstream, &[&own], REQUIRED, "");
    let gateway = Gateway::start_with(&config, |folder| strict.put(&folder.join("all")));
    let toml = gateway.plugins().join("all/strict.toml");
    assert_eq!(code(&gateway, ACME), "content_filter");
    // What denies nothing, what skips the guard whenever it has no CPU time, and what only adds a comment.
    for settings in [
        "config = { deny = [\"nobody says this\"] }\n",
        "on_failure = \"open\"\nlimits.cpu = \"1ms\"\n",
        "# hm\nconfig = { deny = [\"hi\"] }\n",
    ] {
        put(&toml, settings.as_bytes());
        told(&gateway, "its settings file (NAME.toml) was changed after it was signed");
        assert_eq!(code(&gateway, ACME), "content_filter", "{settings}");
        put(&toml, deny.as_bytes());
        good(&gateway);
    }
    fs::remove_file(&toml).unwrap();
    told(&gateway, "its settings file (NAME.toml) was signed and is not there");
    assert_eq!(code(&gateway, ACME), "content_filter");
    // Signed without settings, it has none.
    own.signed("strict", 2, &refusing("plain").build(), &[]).put(&gateway.plugins().join("all"));
    serves(&gateway, "plain");
    put(&toml, b"on_failure = \"open\"\n");
    told(&gateway, "its settings file (NAME.toml) was added after it was signed");
    assert_eq!(code(&gateway, ACME), "plain");
}

#[test]
fn the_schema_beside_a_signed_plugin_is_the_one_that_was_signed() {
    let (own, upstream) = (Author::new(), Upstream::chat());
    let schema = "{\"type\":\"object\",\"required\":[\"deny\"]}";
    let beside = [("toml", "config = { deny = 1 }\n"), ("schema.json", schema)];
    let it = own.signed("it", 1, &refusing("one").build(), &beside);
    let config = trusting(&upstream, &[&own], REQUIRED, "");
    let gateway = Gateway::start_with(&config, |folder| it.put(&folder.join("tenants/acme")));
    let file = gateway.plugins().join("tenants/acme/it.schema.json");
    assert_eq!(code(&gateway, ACME), "one");
    put(&file, b"{}");
    told(&gateway, "its schema (NAME.schema.json) was changed after it was signed");
    fs::remove_file(&file).unwrap();
    told(&gateway, "its schema (NAME.schema.json) was signed and is not there");
    assert_eq!(code(&gateway, ACME), "one");
    own.signed("it", 2, &refusing("two").build(), &[("toml", "config = { deny = 2 }\n")]).put(file.parent().unwrap());
    serves(&gateway, "two");
    put(&file, schema.as_bytes());
    told(&gateway, "its schema (NAME.schema.json) was added after it was signed");
    assert_eq!(code(&gateway, ACME), "two");
}

#[test]
fn a_signature_of_bytes_alone_is_refused_and_says_how_to_sign_anew() {
    let (own, upstream) = (Author::new(), Upstream::chat());
    let config = trusting(&upstream, &[&own], REQUIRED, CHAIN);
    let key = own.key.public();
    let output = refused_start(&config, |folder| {
        let signature = "A".repeat(86) + "==";
        fs::write(folder.join("it.wasm.sig"), format!("{key} {signature}\n")).unwrap();
        install(folder, "it", &refusing("one").build());
    });
    assert!(output.contains("of the component alone") && output.contains("weir plugin sign"), "{output}");
}

#[test]
fn a_manifest_that_was_changed_vouches_for_nothing() {
    let (own, upstream) = (Author::new(), Upstream::chat());
    let it = own.signed("it", 3, &refusing("one").build(), &[]);
    let config = trusting(&upstream, &[&own], REQUIRED, CHAIN);
    let gateway = Gateway::start_with(&config, |folder| it.put(folder));
    let sig: PathBuf = gateway.plugins().join("it.wasm.sig");
    let text = String::from_utf8(it.bytes("wasm.sig")).unwrap();
    let other = own.signed("it", 4, &refusing("two").build(), &[]);
    let other = String::from_utf8(other.bytes("wasm.sig")).unwrap();
    let signature = |text: &str| text.lines().last().unwrap().to_owned();
    for (changed, what) in [
        (text.replacen("version 3", "version 9", 1), "not of this manifest"),
        (text.replacen("name it", "name  it", 1), "its manifest"),
        (text.replacen("version 3", "version 03", 1), "not written as"),
        (text.replace('\n', "\r\n"), "its manifest"),
        (format!("{}{}", text.replacen(&signature(&text), "", 1), signature(&other)), "not of this manifest"),
        (format!("{text}{other}").replacen(&signature(&text), "", 1), "not of this manifest"),
    ] {
        put(&sig, changed.as_bytes());
        told(&gateway, what);
        assert_eq!(code(&gateway, ACME), "one", "{changed}");
        put(&sig, text.as_bytes());
        good(&gateway);
    }
}

#[test]
fn a_closed_guard_without_cpu_time_refuses_and_lets_nothing_through() {
    // A guard that uses up more than it has at its first call; all that it is asked must be denied.
    let guard = Guest::on(
        "policy",
        r#"(local $n i32)
           (loop $again
             (local.set $n (i32.add (local.get $n) (i32.const 1)))
             (br_if $again (i32.lt_u (local.get $n) (i32.const 3000000))))
           (call $refuse (i32.const 400) @"denied" @"said")"#,
    );
    let upstream = Upstream::chat();
    let limits = "limits = { cpu = \"1ms\", cpu_burst = \"1ms\", faults = 0 }";
    let gateway = guest::gateway(upstream.address, "", &[("guard", &guard, limits)]);
    let codes: Vec<String> = (0..60).map(|_| code(&gateway, ACME)).collect();
    assert!(codes.iter().all(|code| !code.is_empty()), "one passed: {codes:?}");
    assert!(codes.iter().any(|code| code == "plugin_over_budget"), "{codes:?}");
}
