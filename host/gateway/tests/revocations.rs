//! Revocations first: what a new configuration takes away is refused as soon as it is read, whatever else is slow or fails.

use crate::guest::{Guest, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, config_with, post, until};
use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A second model, that `acme` alone may use.
const MORE: &str = "\n[models.other]\ntargets = [\"up/other\"]\n";

/// A cache of compiled code that nobody has filled.
const OWN_CACHE: &str = "[plugins]\nfolder = \"plugins\"\ncache = \"compiled\"\n";

/// Two models and two tenants.
fn whole(upstream: &Upstream) -> String {
    let text = config_with(upstream.address, "retries = 0", &format!("{MORE}\n{OWN_CACHE}"));
    text.replace("models = [\"m\"]", "models = [\"m\", \"other\"]")
}

/// The configuration without these lines, which are made comments: it becomes no shorter.
fn without(text: &str, from: &str, to: &str) -> String {
    let at = text.find(from).unwrap_or_else(|| panic!("no {from}"));
    let end = at + text[at..].find(to).map_or(text.len() - at, |end| end + to.len());
    format!("{}# {}{}", &text[..at], text[at..end].trim_end().replace('\n', "\n# "), &text[end..])
}

fn without_globex(text: &str) -> String {
    without(text, "[tenants.globex]", "8cc317\"\n")
}

/// A policy that refuses everything, and takes a second to compile for each few dozen of its functions.
fn slow_to_compile(code: &str, functions: usize) -> Guest {
    let step = |n: usize| {
        let (to, from, with) = (n % 7, (n * 3 + 1) % 7, (n * 5 + 2) % 7);
        format!(
            "(local.set {to} (i64.add (i64.mul (local.get {from}) (i64.const {n})) (i64.rotl (local.get {with}) (local.get {to}))))"
        )
    };
    let steps: String = (0..2000).map(step).collect();
    let functions: String = (0..functions)
        .map(|n| {
            format!(
                "(func (export \"slow{n}\") (param i64 i64 i64 i64 i64 i64 i64) (result i64) {steps}(local.get {}))\n",
                n % 7
            )
        })
        .collect();
    Guest::on("policy", &format!(r#"(call $refuse (i32.const 400) @"{code}" @"")"#)).with(&functions)
}

/// Status for a key and a model, and the code of what refused it.
fn asked(gateway: &Gateway, key: &str, model: &str) -> (u16, String) {
    let reply = post(gateway.address, key, &chat("hi").replace("\"m\"", &format!("\"{model}\"")));
    (reply.status, if reply.status == 200 { String::new() } else { reply.code() })
}

fn live(gateway: &Gateway) -> f64 {
    gateway.metric("weir_reloads_total", &["result=\"live\""])
}

/// Waits until it is answered so, and looks each time that nothing of the slow plugin is live yet.
fn before_it_is_live(gateway: &Gateway, key: &str, model: &str, expected: (u16, &str)) {
    until(&format!("{expected:?}"), || {
        let is = asked(gateway, key, model);
        assert_eq!(asked(gateway, ACME, "m").0, 200, "what is slow was live first");
        ((is.0, is.1.as_str()) == expected).then_some(())
    });
}

#[test]
fn a_key_is_refused_before_the_plugin_that_came_with_its_removal_has_compiled() {
    let upstream = Upstream::chat();
    // Nothing is read before the signal, and then all of it: one reload.
    let text = whole(&upstream).replace(OWN_CACHE, &format!("{OWN_CACHE}reload = false\n"));
    let gateway = Gateway::start(&text);
    install(&gateway.plugins().join("all"), "slow", &slow_to_compile("compiled", 60).build());
    gateway.write_config(&without_globex(&text));
    assert_eq!(asked(&gateway, GLOBEX, "m").0, 200);
    gateway.signal("HUP");
    before_it_is_live(&gateway, GLOBEX, "m", (401, "invalid_api_key"));
    until("the rest goes live", || (asked(&gateway, ACME, "m").1 == "compiled").then_some(()));
    // The configuration waits for no compiler: it may go live first, and the plugin behind it.
    until("all of it is counted", || (1.0..=2.0).contains(&live(&gateway)).then_some(()));
    assert_eq!(asked(&gateway, GLOBEX, "m").0, 401);
}

#[test]
fn every_right_goes_at_once_while_an_earlier_change_still_compiles() {
    let upstream = Upstream::chat();
    let text = whole(&upstream);
    let gateway = Gateway::start(&text);
    // Minutes of work, which all that follows goes before.
    let slow = weir_pack::Bomb { functions: 2_000, locals: 200, branches: 500, ..weir_pack::Bomb::default() };
    install(&gateway.plugins().join("all"), "slow", &weir_pack::bomb(slow).unwrap());
    until("it compiles", || gateway.log().contains("compiling").then_some(()));
    let changes = [
        (text.replace("6e779aef", "7e779aef"), "m", (401, "invalid_api_key")),
        (text.replace("models = [\"m\", \"other\"]", "models = [\"m\"] # no other"), "other", (404, "model_not_found")),
        (without(&text, "[models.other]", "up/other\"]\n"), "other", (404, "model_not_found")),
        (text.replace("id = \"globex\"", "id = \"globex\"\nmodels = [\"m\"]"), "other", (404, "model_not_found")),
        (without_globex(&text), "m", (401, "invalid_api_key")),
    ];
    // Each is longer than the one before: a file that became shorter is waited for.
    let mut padding = String::new();
    let mut write = |text: &str| {
        padding.push_str("# ................................................................................\n");
        gateway.write_config(&format!("{text}{padding}"));
    };
    for (changed, model, expected) in changes {
        write(&changed);
        before_it_is_live(&gateway, GLOBEX, model, expected);
        // What the newest file gives again is given again. A tenant that comes is served with all that applies to it.
        write(&text);
        let is_new = changed == without_globex(&text);
        before_it_is_live(&gateway, GLOBEX, model, if is_new { (503, "tenant_closed") } else { (200, "") });
    }
    assert!(!gateway.log().contains("compiled source=all/slow.wasm"), "the first change is done");
}

#[test]
fn a_change_that_was_begun_earlier_brings_back_nothing_that_was_taken_away_since() {
    let upstream = Upstream::chat();
    let text = whole(&upstream);
    let gateway = Gateway::start(&text);
    install(&gateway.plugins().join("all"), "slow", &slow_to_compile("compiled", 60).build());
    until("it compiles", || gateway.log().contains("compiling").then_some(()));
    gateway.write_config(&format!(
        "{}# No shorter than it was: a file that became shorter is waited for.\n",
        without_globex(&text)
    ));
    before_it_is_live(&gateway, GLOBEX, "m", (401, "invalid_api_key"));
    until("the earlier change goes live", || (asked(&gateway, ACME, "m").1 == "compiled").then_some(()));
    assert_eq!(asked(&gateway, GLOBEX, "m").0, 401);
}

#[test]
fn a_file_in_the_plugin_folder_that_is_still_being_written_holds_up_no_revocation() {
    let upstream = Upstream::chat();
    let text = whole(&upstream);
    let gateway = Gateway::start(&text);
    let stop = Arc::new(AtomicBool::new(false));
    let (file, stopped) = (gateway.plugins().join("growing.toml"), Arc::clone(&stop));
    // Emptied over and over: nothing is waited for longer than for such a file.
    let writer = std::thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            let mut out = fs::File::create(&file).unwrap();
            for _ in 0..20 {
                out.write_all(b"# more\n").unwrap();
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    });
    until("it is being written", || gateway.plugins().join("growing.toml").exists().then_some(()));
    gateway.write_config(&without_globex(&text));
    until("the key is refused", || (asked(&gateway, GLOBEX, "m").0 == 401).then_some(()));
    until("the rest goes live", || (live(&gateway) == 1.0).then_some(()));
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    let log = gateway.log();
    let (first, then) = (log.find("configuration: at once").unwrap(), log.find("went live").unwrap());
    assert!(first < then, "{log}");
}

#[test]
fn a_key_stays_refused_where_the_rest_of_its_configuration_cannot_serve() {
    let upstream = Upstream::chat();
    let text = whole(&upstream);
    let gateway = Gateway::start(&text);
    let chained = format!(
        "{}[[plugins.chain]]\nplugin = \"no-such-plugin\"\n[models.new]\ntargets = [\"up/new\"]\n",
        without_globex(&text)
    );
    gateway.write_config(&chained);
    until("the change is refused", || {
        (gateway.metric("weir_reloads_total", &["result=\"refused\""]) >= 1.0).then_some(())
    });
    assert!(gateway.ready()["problems"].to_string().contains("no-such-plugin"));
    assert_eq!(asked(&gateway, ACME, "new").0, 404, "the rest did not go live");
    // Whatever happens elsewhere meanwhile.
    install(&gateway.plugins().join("all"), "pass", &Guest::on("policy", "(call $pass)").build());
    until("the plugin is live", || (live(&gateway) == 1.0).then_some(()));
    assert_eq!((asked(&gateway, GLOBEX, "m").0, asked(&gateway, ACME, "m").0), (401, 200));
    // A file with a mistake says nothing: what the last good one took away stays away, and it gives nothing back.
    gateway.write_config(&format!("{text}nonsense = 1\n"));
    until("the mistake is said", || gateway.ready()["problems"].to_string().contains("nonsense").then_some(()));
    assert_eq!(asked(&gateway, GLOBEX, "m").0, 401);
    gateway.write_config(&text);
    until("it is given back", || (asked(&gateway, GLOBEX, "m").0 == 200).then_some(()));
    until("nothing is wrong any more", || gateway.ready()["problems"].as_array()?.is_empty().then_some(()));
}

#[test]
fn nothing_is_revoked_by_a_file_that_is_held() {
    let upstream = Upstream::chat();
    let text = whole(&upstream);
    let gateway = Gateway::start(&text);
    gateway.write_config(text.split("[tenants.acme]").next().unwrap());
    until("it is held", || gateway.ready()["problems"].to_string().contains("held").then_some(()));
    assert_eq!((asked(&gateway, GLOBEX, "m").0, asked(&gateway, ACME, "m").0), (200, 200));
    gateway.signal("HUP");
    until("it is confirmed", || (asked(&gateway, GLOBEX, "m").0 == 401).then_some(()));
}
