//! Ceilings for what is dropped into the plugin folder: whoever may write beside a plugin cannot take more than the
//! operator allows.

use crate::support;

use crate::guest::policies::{code, remembering};
use crate::guest::{Guest, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, config, post, until};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A gateway with one worker, so that there is one pool for whoever shares one; `dropped` is its `[plugins.dropped]`.
fn gateway(dropped: &str) -> Gateway {
    Gateway::start(&written(Upstream::chat().address, dropped))
}

fn written(upstream: std::net::SocketAddr, dropped: &str) -> String {
    let config = config(upstream).replace("workers = 2", "workers = 1");
    // By default there is no such table, and the ceilings are there all the same.
    let table = if dropped.is_empty() { String::new() } else { format!("[plugins.dropped]\n{dropped}\n") };
    format!("{config}[plugins]\n{table}")
}

fn problems(gateway: &Gateway) -> String {
    gateway.ready()["problems"].to_string().replace("\\\"", "\"")
}

fn good(gateway: &Gateway) {
    until("nothing is wrong", || (problems(gateway) == "[]").then_some(()));
}

fn said(gateway: &Gateway, key: &str) -> String {
    post(gateway.address, key, &chat("hi")).json()["error"]["message"].as_str().unwrap_or_default().to_owned()
}

/// Writes settings as careful people do: elsewhere, then renamed.
fn put(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let half = file.with_extension("half");
    fs::write(&half, text).unwrap();
    fs::rename(half, file).unwrap();
}

#[test]
fn a_dropped_plugin_has_the_tighter_of_default_and_ceiling_of_whatever_it_does_not_speak_of_and_admin_says_so() {
    let ceilings = "isolation = \"request\"\ngrants = []\nlimits = { deadline = \"2ms\", memory = \"128MiB\" }";
    let gateway = gateway(ceilings);
    let all = gateway.plugins().join("all");
    put(&all.join("says.toml"), "limits = { deadline = \"1ms\" }\n");
    for name in ["says", "silent"] {
        install(&all, name, &Guest::on("policy", "(call $pass)").build());
    }
    let of = |name: &str| {
        let plugins = gateway.admin_get("/admin/v1/plugins").json()["plugins"].clone();
        plugins.as_array()?.iter().find(|plugin| plugin["name"] == format!("all/{name}")).cloned()
    };
    for (name, deadline) in [("silent", "2ms"), ("says", "1ms")] {
        let plugin = until("it serves", || of(name));
        assert_eq!(plugin["limits"]["deadline"], deadline, "{plugin}");
        // The default is the tighter one here, and where no ceiling is set.
        assert_eq!(
            (&plugin["limits"]["memory"], &plugin["limits"]["faults"]),
            (&"64MiB".into(), &"10".into()),
            "{plugin}"
        );
        assert_eq!((&plugin["isolation"], &plugin["grants"]), (&"request".into(), &serde_json::json!([])), "{plugin}");
        assert_eq!(plugin["limits"].as_object().unwrap().len(), weir_config::PluginLimits::table().len());
    }
}

#[test]
fn settings_past_a_ceiling_are_named_with_file_key_value_and_ceiling_and_the_last_good_version_serves_on() {
    let gateway = gateway("");
    let files = [gateway.plugins().join("all/guard.toml"), gateway.plugins().join("tenants/acme/guard.toml")];
    for file in files {
        let folder = file.parent().unwrap();
        install(folder, "guard", &Guest::on("policy", r#"(call $refuse (i32.const 400) @"kept" @"")"#).build());
        until("it refuses", || (code(&gateway, ACME) == "kept").then_some(()));
        for (key, value, ceiling) in [
            ("limits.kv_entries", "1000000", "at most 10000"),
            ("limits.deadline", "\"60s\"", "at most 50ms"),
            ("limits.log_bytes", "\"1MiB\"", "at most 4KiB"),
            ("limits.faults", "0", "at most 10"),
            ("limits.quarantine", "\"1ms\"", "at least 5s"),
            ("limits.cpu", "\"16s\"", "at most 1s"),
            ("isolation", "\"shared\"", "\"request\" or \"tenant\""),
            ("grants", "[\"log\", \"clock\"]", "[\"log\", \"counters\"]"),
        ] {
            put(&file, &format!("# a comment\n{key} = {value}\n"));
            let at = format!("{}:2: {key}", file.display());
            let shown = value.trim_matches('"');
            until(&format!("{key} is named"), || problems(&gateway).contains(&at).then_some(()));
            let problems = problems(&gateway);
            for part in [shown, ceiling, &format!("plugins.dropped.{key}")] {
                assert!(problems.contains(part), "no {part} in {problems}");
            }
            assert!(problems.contains("its last good version serves on"), "{problems}");
            assert_eq!(code(&gateway, ACME), "kept", "{key}");
        }
        // To tighten is the file's to do.
        put(
            &file,
            "isolation = \"request\"\ngrants = []\nlimits = { deadline = \"20ms\", quarantine = \"1m\", faults = 1 }\n",
        );
        good(&gateway);
        fs::remove_dir_all(folder).unwrap();
        until("it is gone", || code(&gateway, ACME).is_empty().then_some(()));
    }
}

#[test]
fn an_instance_is_shared_among_tenants_only_if_the_operator_lets_the_folder_share_it() {
    let shared = "isolation = \"shared\"\n";
    let drop_in = |gateway: &Gateway| {
        put(&gateway.plugins().join("all/guard.toml"), shared);
        install(&gateway.plugins().join("all"), "guard", &remembering().build());
    };
    let closed = gateway("");
    drop_in(&closed);
    until("the isolation is named", || problems(&closed).contains("guard.toml:1: isolation").then_some(()));
    for key in [ACME, GLOBEX, ACME, GLOBEX] {
        assert!(!said(&closed, key).contains("acme "), "nobody is told of another: {}", said(&closed, key));
    }
    let open = gateway(shared);
    drop_in(&open);
    until("it serves", || (said(&open, ACME).starts_with("acme")).then_some(()));
    assert!(said(&open, GLOBEX).starts_with("acme "), "one instance for both");
    good(&open);
}

#[test]
fn what_served_under_a_ceiling_that_is_lowered_serves_on_within_the_new_one() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&written(upstream.address, "isolation = \"shared\""));
    put(&gateway.plugins().join("all/guard.toml"), "isolation = \"shared\"\n");
    install(&gateway.plugins().join("all"), "guard", &remembering().build());
    until("it serves", || (said(&gateway, ACME) == "acme 1").then_some(()));
    assert_eq!([GLOBEX, ACME].map(|key| said(&gateway, key)), ["acme 2", "acme 3"]);
    gateway.write_config(&written(upstream.address, ""));
    until("the settings are past it", || problems(&gateway).contains("guard.toml:1: isolation").then_some(()));
    assert!(problems(&gateway).contains("its last good version serves on"), "{}", problems(&gateway));
    assert_eq!(
        [ACME, GLOBEX, ACME, GLOBEX].map(|key| said(&gateway, key)),
        ["acme 1", "globex 1", "acme 2", "globex 2"]
    );
}

#[test]
fn a_guard_that_cannot_work_within_a_lowered_ceiling_closes_its_tenant_and_nobody_else() {
    let upstream = Upstream::chat();
    let guard =
        Guest::on("policy", r#"(call $kv.get @"seen" (i32.const 128)) (call $refuse (i32.const 400) @"kept" @"")"#);
    let gateway = Gateway::start(&written(upstream.address, "grants = [\"kv\"]"));
    put(&gateway.plugins().join("tenants/acme/guard.toml"), "grants = [\"kv\"]\n");
    install(&gateway.plugins().join("tenants/acme"), "guard", &guard.build());
    until("it refuses", || (code(&gateway, ACME) == "kept").then_some(()));
    gateway.write_config(&written(upstream.address, ""));
    until("the tenant is closed", || {
        let status = post(gateway.address, ACME, &chat("hi")).status;
        assert!(matches!(status, 400 | 503), "one passed unguarded: {status}");
        (status == 503).then_some(())
    });
    assert!(problems(&gateway).contains("guard.toml:1: grants"), "{}", problems(&gateway));
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).status, 200);
    fs::remove_dir_all(gateway.plugins().join("tenants/acme")).unwrap();
    until("it is open again", || (post(gateway.address, ACME, &chat("hi")).status == 200).then_some(()));
}

#[test]
fn a_plugin_beside_which_nothing_is_said_has_no_more_than_the_ceiling_either() {
    // Two pages at first, and eight more with each call, if it gets them.
    let growing = Guest::on("policy", "(drop (memory.grow (i32.const 8))) (call $say (memory.size))");
    let pages = |dropped: &str| -> u32 {
        let gateway = gateway(dropped);
        install(&gateway.plugins().join("tenants/acme"), "guard", &growing.build());
        until("it says its pages", || (code(&gateway, ACME) == "said").then_some(()));
        said(&gateway, ACME).parse().unwrap()
    };
    assert!(pages("") >= 10, "as much as is usual");
    assert_eq!(pages("limits.memory = \"256KiB\""), 2);
}

#[test]
fn check_says_what_is_past_a_ceiling() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weir.toml");
    fs::write(&file, support::with_folders(&written(Upstream::chat().address, "limits.wait = \"10ms\""))).unwrap();
    let all = folder.path().join("plugins/all");
    install(&all, "guard", &Guest::on("policy", "(call $pass)").build());
    put(&all.join("guard.toml"), "[limits]\nwait = \"11ms\"\nkv_ttl = \"2h\"\n");
    let output = Command::new(support::weir()).arg("check").arg("--config").arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{said}");
    for part in ["guard.toml:2: limits.wait: `11ms`", "at most 10ms", "guard.toml:3: limits.kv_ttl: `2h`", "at most 1h"]
    {
        assert!(said.contains(part), "no {part} in {said}");
    }
}
