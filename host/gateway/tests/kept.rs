//! What was built once goes on serving: artefacts of earlier contracts, kept as they are, and settings that are checked.

use crate::guest::{Guest, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, config, post, root, until};
use std::fs;

/// BLAKE3 of the artefact that was built against 0.1.0. Never change it, and never build that file anew: it stands for
/// the plugins of people who do not build theirs anew either.
const WORD_POLICY_0_1_0: &str = "2827b21707907f60bd9f93d46fb326672caea6fc583dfecd0881258d0f15a751";

#[test]
fn a_plugin_built_against_0_1_0_loads_and_decides_as_it_did() {
    let kept = fs::read(root().join("plugin-sdk/conformance/kept/word-policy-0.1.0.wasm")).unwrap();
    assert_eq!(blake3::hash(&kept).to_hex().as_str(), WORD_POLICY_0_1_0);
    let upstream = Upstream::chat();
    let chain = "[plugins]\n[[plugins.chain]]\nplugin = \"word-policy\"\nconfig = { deny = [\"bluebird\"] }\n";
    let gateway = Gateway::start_with(&format!("{}{chain}", config(upstream.address)), |folder| {
        install(folder, "word-policy", &kept);
    });
    assert_eq!(post(gateway.address, ACME, &chat("hello")).status, 200);
    let seen = upstream.seen().remove(0);
    assert_eq!((seen.header("x-checked-by").as_deref(), &seen.json()["user"]), (Some("word-policy"), &"acme".into()));
    let reply = post(gateway.address, ACME, &chat("a BlueBird!"));
    assert_eq!((reply.status, reply.code().as_str()), (400, "content_filter"));
    soon_eq!(gateway.metric("weir_plugin_counter_total", &["name=\"seen\""]), 2.0);
}

/// Says its settings' length, so that a change shows.
fn measuring() -> Guest {
    Guest::on("policy", "(call $say (global.get $length))")
        .with("(global $length (mut i32) (i32.const 0))")
        .init("(global.set $length (local.get $settings-len)) (i32.store (i32.const 0) (i32.const 0)) (i32.const 0)")
}

const SCHEMA: &str = r#"{"type":"object","additionalProperties":false,"properties":{"words":{"type":"array","items":{"type":"string"}}}}"#;

#[test]
fn settings_that_do_not_fit_the_schema_never_serve_and_new_ones_go_live_without_compiling() {
    let upstream = Upstream::chat();
    let with = |settings: &str| {
        format!("{}[plugins]\n[[plugins.chain]]\nplugin = \"it\"\nconfig = {settings}\n", config(upstream.address))
    };
    let gateway = Gateway::start_with(&with("{ words = [\"a\"] }"), |folder| {
        fs::write(folder.join("it.schema.json"), SCHEMA).unwrap();
        install(folder, "it", &measuring().build());
    });
    let said = || post(gateway.address, ACME, &chat("hi")).json()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(said(), r#"{"words":["a"]}"#.len().to_string());
    gateway.write_config(&with("{ words = [\"a\", 7], wrods = 1 }"));
    let problem =
        until("the problem is told", || Some(gateway.ready()["problems"].as_array()?.first()?.as_str()?.to_owned()));
    assert!(problem.contains("config.words.1") && problem.contains("wrods"), "{problem}");
    assert_eq!(said(), r#"{"words":["a"]}"#.len().to_string(), "what served goes on");
    let compiled = gateway.log().matches("compiling").count();
    gateway.write_config(&with("{ words = [\"a\", \"b\"] }"));
    until("the new settings serve", || (said() == r#"{"words":["a","b"]}"#.len().to_string()).then_some(()));
    assert_eq!(gateway.log().matches("compiling").count(), compiled, "the code is the same");
}
