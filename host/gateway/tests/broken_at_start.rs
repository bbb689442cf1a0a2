//! What cannot be had at the start closes those whom it is meant to apply to, and nobody else, until it can be had.

use crate::support;

use crate::guest::policies::{code, problems, refusing};
use crate::guest::signing::Author;
use crate::guest::{Guest, chain, install};
use crate::support::irregular::{KINDS, put, remove};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, TENANTS, chat, config, get, post, until, with_folders};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Looks that acme is closed for what `named` says, and nobody else, and that this is told wherever one looks.
fn acme_is_closed(gateway: &Gateway, what: &str, named: &str) {
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.code().as_str()), (503, "tenant_closed"), "{what}");
    assert_eq!(get(gateway.address, "/v1/models", Some(ACME)).code(), "tenant_closed", "{what}");
    assert_eq!(code(gateway, GLOBEX), "", "{what}");
    let problems = problems(gateway);
    assert!(
        problems.contains(named) && problems.contains("it closes whom it is meant to apply to"),
        "{what}: {problems}"
    );
    assert_eq!(gateway.ready()["closed"].to_string(), "[\"acme\"]", "{what}");
    let plugins: serde_json::Value = serde_json::from_slice(&gateway.admin_get("/admin/v1/plugins").body).unwrap();
    assert_eq!(plugins["closed"], gateway.ready()["closed"], "{what}");
    assert_eq!(gateway.admin_get("/readyz").status, 200, "{what}: others are served");
    soon_eq!(gateway.metric("weir_tenants_closed", &[]), 1.0, "{what}");
    let counted = || gateway.metric("weir_refusals_total", &["code=\"tenant_closed\"", "tenant=\"acme\""]);
    until("it is counted", || (counted() >= 2.0).then_some(()));
    until("the log says so", || gateway.log().contains("it closes whom it is meant to apply to").then_some(()));
}

/// Takes away whatever is in acme's folder, puts a good plugin there, and waits until acme is open with it.
fn mend(gateway: &Gateway, what: &str) {
    let acme = gateway.plugins().join("tenants/acme");
    for entry in fs::read_dir(&acme).unwrap() {
        remove(&entry.unwrap().path());
    }
    install(&acme, "guard", &refusing("mended").build());
    until(&format!("{what} is mended: {}", problems(gateway)), || (code(gateway, ACME) == "mended").then_some(()));
    until(&format!("nothing is wrong after {what}"), || {
        let ready = gateway.ready();
        (ready["closed"].to_string() + &ready["problems"].to_string() == "[][]").then_some(())
    });
    soon_eq!(gateway.metric("weir_tenants_closed", &[]), 0.0, "{what}");
    assert_eq!(code(gateway, GLOBEX), "", "{what}");
}

/// A gateway that starts with what `prepare` puts into acme's folder.
fn started(config: &str, prepare: impl FnOnce(&Path)) -> Gateway {
    Gateway::start_with(config, |folder| {
        let acme = folder.join("tenants/acme");
        fs::create_dir_all(&acme).unwrap();
        prepare(&acme);
    })
}

#[test]
fn a_plugin_that_does_not_load_at_the_start_closes_its_tenant_alone_until_it_is_mended() {
    let config = config(Upstream::chat().address);
    let good = refusing("good").build();
    let with = |acme: &Path, beside: &str, text: &str| {
        install(acme, "guard", &good);
        fs::write(acme.join(beside), text).unwrap();
    };
    let half = good[..good.len() / 2].to_vec();
    let cases: [(&str, &dyn Fn(&Path), &str); 9] = [
        ("junk", &|acme| install(acme, "guard", b"#!/bin/sh\n"), "not a WebAssembly file"),
        ("half", &|acme| install(acme, "guard", &half), "does not compile"),
        ("empty", &|acme| install(acme, "guard", b""), "not a WebAssembly file"),
        ("dangling", &|acme| symlink(acme.join("nowhere"), acme.join("guard.wasm")).unwrap(), "cannot read"),
        ("settings", &|acme| with(acme, "guard.toml", "on_failur = \"open\"\n"), "on_failur"),
        ("no settings", &|acme| with(acme, "guard.toml", "on_failure = \n"), "not TOML"),
        ("schema", &|acme| with(acme, "guard.schema.json", "{"), "schema"),
        ("unfit", &|acme| with(acme, "guard.schema.json", "{\"required\": [\"deny\"]}"), "deny"),
        (
            "name",
            &|acme| fs::write(acme.join(std::ffi::OsStr::from_bytes(b"\xff.wasm")), &good).unwrap(),
            "its name is not UTF-8",
        ),
    ];
    for (what, prepare, named) in cases {
        let gateway = started(&config, prepare);
        acme_is_closed(&gateway, what, named);
        mend(&gateway, what);
    }
}

#[test]
fn what_is_no_file_at_the_start_closes_its_tenant_alone_until_it_is_mended() {
    let config = config(Upstream::chat().address);
    for (n, (kind, named)) in KINDS.into_iter().enumerate() {
        let file = ["guard.wasm", "guard.toml", "guard.schema.json"][n % 3];
        let gateway = started(&config, |acme| {
            install(acme, "guard", &refusing("good").build());
            put(kind, &acme.join(file));
        });
        let named = match kind {
            "endless" if file == "guard.wasm" => "larger than a plugin may be",
            // Whatever they lead to: it is not in the tenant's folder.
            "zero" | "tty" => "it is a link that leads out of its folder",
            _ => named,
        };
        acme_is_closed(&gateway, &format!("{kind} for {file}"), named);
        mend(&gateway, kind);
    }
}

#[test]
fn a_folder_that_cannot_be_told_at_the_start_closes_its_tenant_alone() {
    let config = config(Upstream::chat().address);
    let gateway = started(&config, |acme| {
        for n in 0..5_000 {
            fs::File::create(acme.join(format!("{n}.txt"))).unwrap();
        }
    });
    acme_is_closed(&gateway, "too many files", "holds more than 4096 files");
    mend(&gateway, "too many files");
    let gateway = Gateway::start_with(&config, |folder| {
        fs::create_dir(folder.join("tenants")).unwrap();
        symlink(folder.join("nowhere"), folder.join("tenants/acme")).unwrap();
    });
    acme_is_closed(&gateway, "a link to nowhere", "folder tenants/acme");
    let acme = gateway.plugins().join("tenants/acme");
    fs::remove_file(&acme).unwrap();
    fs::create_dir(&acme).unwrap();
    mend(&gateway, "a link to nowhere");
}

#[test]
fn where_signatures_are_required_what_is_not_signed_closes_its_tenant_alone() {
    let author = Author::new();
    let keys = format!("[plugins]\nrequire_signature = true\nkeys = [\"{}\"]\n", author.key.public());
    let signed = |author: &Author, wasm: &[u8]| author.signed("guard", 1, wasm, &[]).bytes("wasm.sig");
    let config = format!("{}\n{keys}", config(Upstream::chat().address));
    for (what, named) in
        [("unsigned", "there is no signature"), ("of another", "not among the trusted keys"), ("a pipe", "a pipe")]
    {
        let wasm = refusing("good").build();
        let gateway = started(&config, |acme| {
            let signature = acme.join("guard.wasm.sig");
            match what {
                "of another" => fs::write(&signature, signed(&Author::new(), &wasm)).unwrap(),
                "a pipe" => put("pipe", &signature),
                _ => {}
            }
            install(acme, "guard", &wasm);
        });
        acme_is_closed(&gateway, what, named);
        let signature = gateway.plugins().join("tenants/acme/guard.wasm.sig");
        remove(&signature);
        fs::write(&signature, signed(&author, &wasm)).unwrap();
        until("it is signed", || (code(&gateway, ACME) == "good").then_some(()));
    }
}

#[test]
fn a_plugin_without_which_requests_may_go_on_closes_nobody() {
    let gateway = started(&config(Upstream::chat().address), |acme| {
        fs::write(acme.join("guard.toml"), "on_failure = \"open\"\n").unwrap();
        install(acme, "guard", b"junk");
    });
    assert_eq!(code(&gateway, ACME), "");
    assert!(problems(&gateway).contains("tenants/acme/guard.wasm"));
    assert_eq!(gateway.ready()["closed"].to_string(), "[]");
}

#[test]
fn what_is_meant_for_everybody_and_does_not_load_at_the_start_closes_everybody_until_it_is_mended() {
    let gateway = Gateway::start_with(&config(Upstream::chat().address), |folder| {
        install(&folder.join("all"), "guard", b"junk");
    });
    for key in [ACME, GLOBEX] {
        let reply = post(gateway.address, key, &chat("hi"));
        assert_eq!((reply.status, reply.code().as_str()), (503, "tenant_closed"));
    }
    assert_eq!(gateway.admin_get("/livez").status, 200);
    let ready = gateway.admin_get("/readyz");
    assert_eq!((ready.status, ready.text().as_str()), (503, "closed\n"), "nobody is to send anybody here");
    assert_eq!(gateway.ready()["closed"].to_string(), "[\"acme\",\"globex\"]");
    install(&gateway.plugins().join("all"), "guard", &refusing("mended").build());
    until("it is mended", || (code(&gateway, ACME) == "mended" && code(&gateway, GLOBEX) == "mended").then_some(()));
    assert_eq!(gateway.admin_get("/readyz").status, 200);
}

#[test]
fn once_a_tenant_is_served_a_new_file_that_does_not_load_changes_nothing_and_a_new_tenant_waits_for_its_own() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    install(&gateway.plugins().join("tenants/acme"), "guard", b"junk");
    until("it is named", || problems(&gateway).contains("tenants/acme/guard.wasm").then_some(()));
    assert_eq!(code(&gateway, ACME), "");
    // A tenant that comes with a plugin that does not load is not served without it.
    install(&gateway.plugins().join("tenants/initech"), "guard", b"junk");
    gateway.write_config(&config(upstream.address).replace(TENANTS, &with_initech()));
    until("it is closed", || (gateway.ready()["closed"] == serde_json::json!(["initech"])).then_some(()));
    assert_eq!(code(&gateway, "sk-weir-initech-demo"), "tenant_closed");
    assert_eq!((code(&gateway, ACME), code(&gateway, GLOBEX)), (String::new(), String::new()));
    install(&gateway.plugins().join("tenants/initech"), "guard", &refusing("mended").build());
    until("it is open", || (code(&gateway, "sk-weir-initech-demo") == "mended").then_some(()));
    // From then on the last good version serves.
    install(&gateway.plugins().join("tenants/initech"), "guard", b"junk");
    until("it is named", || problems(&gateway).contains("tenants/initech/guard.wasm").then_some(()));
    assert_eq!(code(&gateway, "sk-weir-initech-demo"), "mended");
}

#[test]
fn a_tenant_that_comes_while_the_folder_is_away_waits_for_what_may_lie_in_it() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    install(&gateway.plugins().join("tenants/acme"), "guard", &refusing("kept").build());
    install(&gateway.plugins().join("tenants/initech"), "guard", &refusing("own").build());
    until("it applies", || (code(&gateway, ACME) == "kept").then_some(()));
    let away = gateway.folder.path().join("away");
    fs::rename(gateway.plugins(), &away).unwrap();
    until("it is missed", || problems(&gateway).contains("is not there").then_some(()));
    gateway.write_config(&config(upstream.address).replace(TENANTS, &with_initech()));
    until("it is closed", || (gateway.ready()["closed"] == serde_json::json!(["initech"])).then_some(()));
    assert_eq!(code(&gateway, "sk-weir-initech-demo"), "tenant_closed");
    assert_eq!((code(&gateway, ACME).as_str(), code(&gateway, GLOBEX).as_str()), ("kept", ""));
    fs::rename(&away, gateway.plugins()).unwrap();
    until("it is open", || (code(&gateway, "sk-weir-initech-demo") == "own").then_some(()));
}

/// The tenants of the configuration, and one more.
fn with_initech() -> String {
    format!(
        "{TENANTS}\n[tenants.initech]\nmodels = [\"*\"]\n[[tenants.initech.keys]]\nid = \"initech\"\n{}\n",
        hash("initech")
    )
}

/// The line of a key with the secret `demo` and no pepper.
fn hash(id: &str) -> String {
    let digits: String = weir_tenancy::key::hash(b"", id, "demo").iter().map(|byte| format!("{byte:02x}")).collect();
    format!("hash = \"blake3:{digits}\"")
}

#[test]
fn of_many_broken_files_of_one_tenant_a_few_are_named_and_the_others_counted() {
    let gateway = started(&config(Upstream::chat().address), |acme| {
        for n in 0..300 {
            install(acme, &format!("junk{n}"), b"junk");
        }
    });
    acme_is_closed(&gateway, "many", "284 more files in it have problems");
    assert_eq!(gateway.ready()["problems"].as_array().unwrap().len(), 17);
    mend(&gateway, "many");
}

fn weir(arguments: &[&str]) -> Output {
    Command::new(support::weir()).args(arguments).env_remove("WEIR_CONFIG").output().unwrap()
}

#[test]
fn what_the_chain_names_is_strict_and_check_says_whatever_is_broken() {
    let scratch = tempfile::tempdir().unwrap();
    let (file, plugins): (PathBuf, PathBuf) = (scratch.path().join("weir.toml"), scratch.path().join("plugins"));
    let chained = format!("{}{}", config(Upstream::chat().address), chain(&[("guard", &Guest::default(), "")]));
    fs::write(&file, with_folders(&chained)).unwrap();
    install(&plugins, "guard", b"junk");
    install(&plugins.join("tenants/acme"), "own", b"junk");
    let file = file.to_str().unwrap();
    let output = weir(&["serve", "--config", file]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("plugins that are bound do not load"), "{said}");
    install(&plugins, "guard", &refusing("good").build());
    let output = weir(&["check", "--config", file]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("tenants/acme/own.wasm") && !said.contains("plugins/guard.wasm"), "{said}");
}

/// CPU time of a process so far, in seconds.
fn cpu(gateway: &Gateway) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", gateway.pid())).unwrap();
    let times =
        stat.rsplit_once(") ").unwrap().1.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap());
    times.sum::<f64>() / 100.0
}

#[test]
fn a_plugin_whose_start_never_ends_is_tried_once_and_not_at_every_change_of_somebody_elses() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let (acme, globex) = (gateway.plugins().join("tenants/acme"), gateway.plugins().join("tenants/globex"));
    let loops = weir_pack::hostile("loop-in-start").unwrap();
    for n in 0..3 {
        // Three files, not three places of one.
        let section = [0, 3, 1, b'n', n];
        install(&acme, &format!("loops-{n}"), &[loops.as_slice(), &section].concat());
    }
    let told = || problems(&gateway).matches("ran past its deadline").count();
    until("all of them have been tried", || (told() == 3).then_some(()));
    let before = cpu(&gateway);
    install(&globex, "own", &refusing("own").build());
    until("another tenant's is live", || (code(&gateway, GLOBEX) == "own").then_some(()));
    // Each has two seconds for its start.
    let took = cpu(&gateway) - before;
    assert!(took < 5.0, "{took} s");
    assert_eq!(told(), 3);
    // Another file in the same place is tried.
    install(&acme, "loops-0", &refusing("mended").build());
    until("it is mended", || (code(&gateway, ACME) == "mended").then_some(()));
}
