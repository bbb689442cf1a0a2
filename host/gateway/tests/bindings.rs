//! What a binding keeps is the binding's, whatever becomes of the chain: values, counters, figures, quarantines.

use crate::guest::{Guest, install, tallying};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, Reply, config_with, send, until};

/// A configuration with the models `m` and `other` and these entries of the file `it`.
fn config(upstream: &Upstream, entries: &[&str]) -> String {
    let other = "[models.other]\ntargets = [\"up/other\"]\n[models.third]\ntargets = [\"up/third\"]\n";
    let chain: String = entries.iter().map(|more| format!("[[plugins.chain]]\nplugin = \"it\"\n{more}\n")).collect();
    format!("{}\n[plugins]\n{chain}", config_with(upstream.address, "retries = 0", other))
}

fn start(upstream: &Upstream, guest: &Guest, entries: &[&str]) -> Gateway {
    Gateway::start_with(&config(upstream, entries), |folder| install(folder, "it", &guest.build()))
}

/// Puts another chain in, and waits until it serves.
fn rechain(gateway: &Gateway, upstream: &Upstream, entries: &[&str]) {
    let generation = || gateway.ready()["generation"].as_u64().unwrap();
    let before = generation();
    gateway.write_config(&config(upstream, entries));
    until("the new chain serves", || (generation() > before).then_some(()));
}

fn ask(gateway: &Gateway, model: &str, headers: &[(&str, &str)]) -> Reply {
    let bearer = format!("Bearer {ACME}");
    let all = [&[("authorization", bearer.as_str())], headers].concat();
    let body = serde_json::json!({"model": model, "messages": [{"role": "user", "content": "hi"}]}).to_string();
    send(gateway.address, "POST", "/v1/chat/completions", &all, body.as_bytes())
}

/// How many calls the binding that sees a model has counted in its store.
fn counted(gateway: &Gateway, model: &str) -> String {
    let reply = ask(gateway, model, &[]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.header("x-n").unwrap_or("none").to_owned()
}

/// The same under a counter, by the binding's name.
fn counter(gateway: &Gateway, plugin: &str) -> f64 {
    gateway.metric("weir_plugin_counter_total", &[&format!("plugin=\"{plugin}\""), "name=\"answers\""])
}

const M: &str = "models = [\"m\"]\ngrants = [\"kv\", \"counters\"]\nconfig = { n = 1 }";
const OTHER: &str = "models = [\"other\"]\ngrants = [\"kv\", \"counters\"]\nconfig = { n = 2 }";

#[test]
fn bindings_of_one_file_that_change_places_keep_what_is_theirs() {
    let upstream = Upstream::chat();
    let gateway = start(&upstream, &tallying("x-n"), &[M, OTHER]);
    assert_eq!(["m", "m", "m", "other"].map(|model| counted(&gateway, model)), ["1", "2", "3", "1"]);
    rechain(&gateway, &upstream, &[OTHER, M]);
    assert_eq!((counted(&gateway, "other"), counted(&gateway, "m")), ("2".to_owned(), "4".to_owned()));
    // And back, both with other limits.
    let tighter = |entry: &str| format!("{entry}\nlimits = {{ deadline = \"40ms\" }}");
    rechain(&gateway, &upstream, &[&tighter(M), &tighter(OTHER)]);
    assert_eq!((counted(&gateway, "other"), counted(&gateway, "m")), ("3".to_owned(), "5".to_owned()));
    soon_eq!((counter(&gateway, "it"), counter(&gateway, "it#2")), (5.0, 3.0), "counters go by the same names");
    let names = gateway.admin_get("/admin/v1/plugins").json();
    assert_eq!(names["plugins"].as_array().unwrap().len(), 2);
}

#[test]
fn a_binding_that_comes_to_stand_where_another_one_was_finds_nothing_of_it() {
    let upstream = Upstream::chat();
    let gateway = start(&upstream, &tallying("x-n"), &[M, OTHER]);
    assert_eq!(["m", "m", "other"].map(|model| counted(&gateway, model)), ["1", "2", "1"]);
    rechain(&gateway, &upstream, &[OTHER]);
    assert_eq!(counted(&gateway, "other"), "2", "it goes on, though it is the first one now");
    // Another one for the same requests as the one that left.
    let new = M.replace("n = 1", "n = 3");
    rechain(&gateway, &upstream, &[&new, OTHER]);
    assert_eq!((counted(&gateway, "m"), counted(&gateway, "other")), ("1".to_owned(), "3".to_owned()));
    soon_eq!((counter(&gateway, "it"), counter(&gateway, "it#2"), counter(&gateway, "it#3")), (2.0, 3.0, 1.0));
    // One in front of both.
    rechain(&gateway, &upstream, &[&M.replace("\"m\"", "\"third\"").replace("n = 1", "n = 9"), &new, OTHER]);
    assert_eq!(["third", "m", "other"].map(|model| counted(&gateway, model)), ["1", "2", "4"]);
}

#[test]
fn a_binding_with_a_name_keeps_what_is_its_own_whatever_else_is_changed() {
    let upstream = Upstream::chat();
    let named = |name: &str, entry: &str| format!("name = \"{name}\"\n{entry}");
    let gateway = start(&upstream, &tallying("x-n"), &[&named("eu", M), &named("us", OTHER)]);
    assert_eq!(["m", "m", "other"].map(|model| counted(&gateway, model)), ["1", "2", "1"]);
    // They change places, and all else that could tell which is which.
    rechain(&gateway, &upstream, &[&named("us", M), &named("eu", OTHER)]);
    assert_eq!((counted(&gateway, "other"), counted(&gateway, "m")), ("3".to_owned(), "2".to_owned()));
    soon_eq!((counter(&gateway, "it#eu"), counter(&gateway, "it#us")), (3.0, 2.0));
}

#[test]
fn a_binding_in_quarantine_does_not_leave_it_by_changing_places() {
    let upstream = Upstream::chat();
    let guest = Guest::on(
        "policy",
        r#"(call $request.header @"x-trap" (i32.const 128))
           (if (i32.load8_u (i32.const 128)) (then unreachable)) (call $pass)"#,
    );
    let limits = "limits = { faults = 1, quarantine = \"1h\", quarantine_most = \"1h\" }";
    let entries = ["m", "other"].map(|model| format!("models = [\"{model}\"]\n{limits}"));
    let gateway = start(&upstream, &guest, &[&entries[0], &entries[1]]);
    assert_eq!(ask(&gateway, "m", &[("x-trap", "1")]).status, 500);
    let codes = || ["m", "other"].map(|model| ask(&gateway, model, &[]).code());
    let expected = ["plugin_quarantined", ""];
    assert_eq!(codes(), expected);
    rechain(&gateway, &upstream, &[&entries[1], &entries[0]]);
    assert_eq!(codes(), expected);
    rechain(&gateway, &upstream, &[&entries[0]]);
    assert_eq!(codes()[0], expected[0], "nor by being the only one that is left");
}
