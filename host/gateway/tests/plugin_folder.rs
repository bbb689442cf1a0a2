//! A plugin folder that was named and is not there, or has gone away, is never taken for an empty one.

use crate::support;

use crate::guest::policies::{code, problems, refusing};
use crate::guest::{Guest, chain, gateway, gateway_with, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, cache, config, demo_config, until};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

/// A gateway with a policy in the chain, one in `all/` and one of a tenant's.
fn guarded() -> Gateway {
    let (upstream, passing) = (Upstream::chat(), Guest::on("policy", "(call $pass)"));
    let gateway = gateway(upstream.address, "", &[("chained", &passing, "")]);
    install(&gateway.plugins().join("tenants/globex"), "own", &refusing("own").build());
    install(&gateway.plugins().join("tenants/acme"), "own", &refusing("acmes").build());
    until("the tenants' apply", || (code(&gateway, GLOBEX) == "own" && code(&gateway, ACME) == "acmes").then_some(()));
    gateway
}

/// Waits until the folder is missed, and looks that it is said everywhere and that the policies hold.
fn missed(gateway: &Gateway, why: &str) {
    let holds = || (code(gateway, GLOBEX), code(gateway, ACME)) == ("own".to_owned(), "acmes".to_owned());
    until(&format!("it is missed: {why}"), || {
        assert!(holds(), "a policy is gone, and nobody is told");
        problems(gateway).contains(why).then_some(())
    });
    assert!(problems(gateway).contains(gateway.plugins().to_str().unwrap()), "{}", problems(gateway));
    until("it is logged", || gateway.log().contains(why).then_some(()));
    soon!(gateway.metric("weir_plugin_problems", &[]) >= 1.0);
    assert!(holds());
}

#[test]
fn a_folder_that_goes_away_takes_no_policy_with_it() {
    let gateway = guarded();
    let (folder, away) = (gateway.plugins(), gateway.folder.path().join("away"));
    fs::rename(&folder, &away).unwrap();
    missed(&gateway, "is not there");
    // A change of the configuration goes live all the same, with the policies.
    let live = gateway.metric("weir_reloads_total", &["live"]);
    let more = fs::read_to_string(gateway.config_file()).unwrap() + "\n[models.new]\ntargets = [\"up/new\"]\n";
    fs::write(gateway.config_file(), &more).unwrap();
    until("the change is live", || (gateway.metric("weir_reloads_total", &["live"]) > live).then_some(()));
    assert_eq!(code(&gateway, GLOBEX), "own");
    // What is left where something was mounted: another folder, and empty.
    fs::create_dir(&folder).unwrap();
    missed(&gateway, "is another folder than it was, and empty");
    fs::remove_dir(&folder).unwrap();
    symlink(gateway.folder.path().join("nowhere"), &folder).unwrap();
    missed(&gateway, "is not there");
    fs::remove_file(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    missed(&gateway, folder.to_str().unwrap());
    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
    install(&folder.join("all"), "guard", &refusing("everybody").build());
    until("it is watched again", || (code(&gateway, ACME) == "everybody").then_some(()));
}

#[test]
fn a_part_of_the_folder_that_leads_nowhere_takes_no_policy_with_it_and_keeps_nobody_from_theirs() {
    let gateway = guarded();
    let (globex, away) = (gateway.plugins().join("tenants/globex"), gateway.folder.path().join("away"));
    fs::rename(&globex, &away).unwrap();
    symlink(gateway.folder.path().join("nowhere"), &globex).unwrap();
    missed(&gateway, "tenants/globex");
    install(&gateway.plugins().join("tenants/acme"), "own", &refusing("new").build());
    until("others' changes go live", || (code(&gateway, ACME) == "new").then_some(()));
    assert_eq!(code(&gateway, GLOBEX), "own");
    fs::remove_file(&globex).unwrap();
    symlink(&away, &globex).unwrap();
    until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
    // Whoever takes the whole folder of a tenant away means it.
    fs::remove_file(&globex).unwrap();
    until("it no longer applies", || code(&gateway, GLOBEX).is_empty().then_some(()));
    fs::remove_dir_all(gateway.plugins().join("tenants")).unwrap();
    until("nor the other", || code(&gateway, ACME).is_empty().then_some(()));
    assert_eq!(problems(&gateway), "[]");
}

#[test]
fn a_link_to_a_plugin_that_leads_nowhere_is_a_plugin_that_is_missed() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let (all, elsewhere) = (gateway.plugins().join("all"), gateway.folder.path().join("elsewhere"));
    install(&elsewhere, "guard", &refusing("kept").build());
    fs::create_dir_all(&all).unwrap();
    symlink(elsewhere.join("guard.wasm"), all.join("guard.wasm")).unwrap();
    until("it applies", || (code(&gateway, ACME) == "kept").then_some(()));
    fs::rename(elsewhere.join("guard.wasm"), elsewhere.join("gone.wasm")).unwrap();
    until("it is missed", || problems(&gateway).contains("all/guard.wasm").then_some(()));
    assert_eq!(code(&gateway, ACME), "kept");
}

fn weir(arguments: &[&str]) -> Output {
    Command::new(support::weir()).args(arguments).env_remove("WEIR_CONFIG").output().unwrap()
}

/// Whether neither `check` nor `serve` finds the folder good; both name it.
fn refused(file: &Path, more: &[&str], folder: &Path) {
    for command in ["check", "serve"] {
        let output = weir(&[&[command, "--config", file.to_str().unwrap()], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{command}: {said}");
        assert!(said.contains(folder.to_str().unwrap()), "{command}: {said}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("good"));
    }
}

#[test]
fn a_folder_that_is_named_and_not_there_is_refused_at_the_start_and_by_check() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let named = |folder: &str| {
        let text = demo_config(&format!("[plugins]\nfolder = \"{folder}\"\ncache = \"{}\"\n", cache().display()));
        fs::write(at("weir.toml"), text).unwrap();
    };
    named("pluggins");
    refused(&at("weir.toml"), &[], &at("pluggins"));
    symlink(at("nowhere"), at("linked")).unwrap();
    named("linked");
    refused(&at("weir.toml"), &[], &at("linked"));
    fs::write(at("file"), "").unwrap();
    named("file");
    refused(&at("weir.toml"), &[], &at("file"));
    fs::create_dir(at("there")).unwrap();
    named("there");
    assert!(weir(&["check", "--config", at("weir.toml").to_str().unwrap()]).status.success());
    let wrong = at("wrong");
    refused(&at("weir.toml"), &["--plugins", wrong.to_str().unwrap()], &wrong);
    // A policy that leads nowhere is no less missed: nobody is served without it.
    fs::create_dir(at("there/all")).unwrap();
    symlink(at("nowhere"), at("there/all/guard.wasm")).unwrap();
    let output = weir(&["check", "--config", at("weir.toml").to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains(at("there/all/guard.wasm").to_str().unwrap()), "{said}");
    let gateway = Gateway::start_file(&at("weir.toml"), &[]);
    assert_eq!((code(&gateway, ACME).as_str(), code(&gateway, GLOBEX).as_str()), ("tenant_closed", "tenant_closed"));
}

#[test]
fn a_folder_that_nobody_named_need_not_be_there() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("weir.toml");
    let text = demo_config(&format!("[plugins]\ncache = \"{}\"\n", cache().display()));
    fs::write(&file, text).unwrap();
    let output = weir(&["check", "--config", file.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let gateway = Gateway::start_file(&file, &[]);
    assert_eq!(problems(&gateway), "[]");
    // It is watched all the same, and from then on it is there.
    install(&scratch.path().join("plugins/all"), "guard", &refusing("arrived").build());
    until("it applies", || (code(&gateway, ACME) == "arrived").then_some(()));
    fs::rename(scratch.path().join("plugins"), scratch.path().join("away")).unwrap();
    until("it is missed", || problems(&gateway).contains("is not there").then_some(()));
    assert_eq!(code(&gateway, ACME), "arrived");
}

#[test]
fn what_the_chain_names_goes_on_when_the_folder_is_away() {
    let upstream = Upstream::chat();
    let guard = refusing("kept");
    let gateway = gateway_with(
        &format!("{}{}", config(upstream.address), chain(&[("guard", &guard, "")])),
        &[("guard", &guard, "")],
    );
    fs::rename(gateway.plugins(), gateway.folder.path().join("away")).unwrap();
    until("it is missed", || problems(&gateway).contains("is not there").then_some(()));
    assert_eq!(code(&gateway, ACME), "kept");
    assert!(!problems(&gateway).contains("folder :") && !problems(&gateway).contains("nothing of it serves"));
    assert!(problems(&gateway).contains("what the chain names keeps its last good versions"), "{}", problems(&gateway));
    let refused = || gateway.metric("weir_reloads_total", &["refused"]);
    let before = refused();
    for times in [1.0, 2.0] {
        gateway.signal("HUP");
        until("each signal tries it again", || (refused() == before + times).then_some(()));
        until("and has an answer", || {
            (gateway.log().matches("SIGHUP: nothing new went live, and").count() as f64 == times).then_some(())
        });
    }
    assert_eq!(code(&gateway, ACME), "kept");
}
