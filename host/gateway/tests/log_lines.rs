//! What the log says, in which form, and what is counted of reloads.

use crate::support;

use crate::guest::policies::{code, refusing};
use crate::guest::{Guest, gateway, install};
use crate::support::frames;
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, config, config_with, demo_config, post, until, with_folders};
use std::fs;
use std::io::Write;
use std::process::Command;

/// How many changes went live, and how many did not.
fn reloads(gateway: &Gateway) -> (f64, f64) {
    let count = |result: &str| gateway.metric("weir_reloads_total", &[&format!("result=\"{result}\"")]);
    (count("live"), count("refused"))
}

fn says(gateway: &Gateway, line: &[&str]) {
    until(&format!("the log says {line:?}"), || {
        gateway.log().lines().any(|found| line.iter().all(|part| found.contains(part))).then_some(())
    });
}

#[test]
fn weir_log_silences_nothing_by_a_slip() {
    for (value, complains) in
        [("", false), ("wran", true), ("verbose", true), ("info,plugin=loud", true), ("plugin=debug", false)]
    {
        let gateway = Gateway::start_by(&demo_config(""), |mut command| {
            command.env("WEIR_LOG", value);
            command
        });
        gateway.write_config(&demo_config("[limits]\nboddy = 3\n"));
        // Errors, warnings and what is to be known are all there.
        says(&gateway, &["ERROR", "boddy"]);
        gateway.write_config(&demo_config("").replace("workers = 2", "workers = 1"));
        says(&gateway, &["WARN", "server.workers takes effect at the next start"]);
        says(&gateway, &["INFO", "no longer:"]);
        let complaint = gateway.log().lines().any(|line| line.contains("WEIR_LOG") && line.contains(value));
        assert_eq!(complaint, complains, "{value}: {}", gateway.log());
    }
}

#[test]
fn what_clients_send_writes_no_line_of_the_libraries_that_read_it_unless_these_are_named() {
    let upstream = Upstream::chat();
    for (level, is_said) in [("", false), ("warn", false), ("plugin=debug", false), ("info,h2=warn", true)] {
        let gateway = Gateway::start_by(&config(upstream.address), |mut command| {
            command.env("WEIR_LOG", level);
            command
        });
        let mut stream = frames::connect(gateway.address);
        // h2 warns of each answer to a PING that was never sent. The last frame is answered, so all were read by then.
        let unasked = frames::frame(frames::PING, frames::ACK, 0, &[7; 8]).repeat(20);
        stream.write_all(&[unasked, frames::frame(frames::PING, 0, 0, &[8; 8])].concat()).unwrap();
        while frames::next(&mut stream).expect("the connection is over").kind != frames::PING {}
        gateway.write_config(&config_with(upstream.address, "", "[limits]\nboddy = 3\n"));
        says(&gateway, &["ERROR", "boddy"]);
        assert_eq!(gateway.log().contains("h2::"), is_said, "{level}: {}", gateway.log());
    }
}

#[test]
fn a_log_in_json_is_json_from_its_first_line_to_its_last() {
    let upstream = Upstream::chat();
    // With something to warn of, plugins to load, and something to complain about.
    let json = |rest: &str| format!("{}\n[log]\njson = true\n", config_with(upstream.address, "", rest));
    let more = "[tenants.keyless]\nmodels = [\"*\"]\n";
    let mut gateway = Gateway::start_by(&json(more), |mut command| {
        command.env("WEIR_LOG", "wran");
        command
    });
    install(&gateway.plugins().join("all"), "guard", &refusing("one").build());
    until("it applies", || (code(&gateway, ACME) == "one").then_some(()));
    gateway.write_config(&json("[limits]\nboddy = 3\n"));
    says(&gateway, &["boddy"]);
    gateway.signal("TERM");
    assert!(gateway.wait().success());
    until("the last line has come", || gateway.log().contains("draining").then_some(()));
    let log = gateway.log();
    assert!(log.contains("WEIR_LOG") && log.contains("keyless") && log.contains("http://"), "{log}");
    for line in log.lines() {
        let json: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}\n{log}"));
        assert!(json["timestamp"].is_string() && json["level"].is_string(), "{line}");
    }
}

#[test]
fn a_start_that_fails_says_so_in_json_where_json_was_asked_for() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("weir.toml");
    fs::create_dir(scratch.path().join("plugins")).unwrap();
    let chain = "[log]\njson = true\n[plugins]\n[[plugins.chain]]\nplugin = \"absent\"\n";
    fs::write(&file, with_folders(&demo_config(chain))).unwrap();
    let output = Command::new(support::weir()).args(["serve", "--config", file.to_str().unwrap()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8([output.stderr, output.stdout].concat()).unwrap();
    assert!(said.contains("absent"), "{said}");
    for line in said.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
}

#[test]
fn a_plugin_that_is_put_in_replaced_or_taken_out_is_logged_by_its_name() {
    let gateway = gateway(Upstream::chat().address, "", &[("chained", &Guest::on("policy", "(call $pass)"), "")]);
    let all = gateway.plugins().join("all");
    install(&all, "guard", &refusing("one").build());
    says(&gateway, &["plugin put in", "all/guard.wasm"]);
    install(&all, "guard", &refusing("two").build());
    says(&gateway, &["plugin replaced", "all/guard.wasm"]);
    fs::write(all.join("guard.toml"), "on_failure = \"open\"\n").unwrap();
    says(&gateway, &["plugin has new settings", "all/guard.wasm"]);
    fs::remove_dir_all(&all).unwrap();
    says(&gateway, &["plugin taken out", "all/guard.wasm"]);
    install(&gateway.plugins().join("tenants/acme"), "own", &refusing("own").build());
    says(&gateway, &["plugin put in", "tenants/acme/own.wasm"]);
    assert!(!gateway.log().contains("taken out plugin=\"chained\""), "{}", gateway.log());
    // What the configuration puts in and takes out is no different.
    let without = fs::read_to_string(gateway.config_file()).unwrap();
    fs::write(gateway.config_file(), without.replace("[[plugins.chain]]\nplugin = \"chained\"", "")).unwrap();
    says(&gateway, &["plugin taken out", "chained.wasm"]);
}

#[test]
fn a_change_that_went_live_is_not_counted_as_refused_while_something_else_is_wrong() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let all = gateway.plugins().join("all");
    install(&all, "broken", b"broken");
    until("it is refused", || (reloads(&gateway) == (0.0, 1.0)).then_some(()));
    install(&all, "guard", &refusing("one").build());
    until("the other is live", || (reloads(&gateway) == (1.0, 1.0)).then_some(()));
    let config = fs::read_to_string(gateway.config_file()).unwrap();
    gateway.write_config(&format!("[models.new]\ntargets = [\"up/new\"]\n{config}"));
    until("and a configuration", || (reloads(&gateway) == (2.0, 1.0)).then_some(()));
    // Broken in the same way once more: tried again, and refused again.
    install(&all, "broken", b"broken!");
    until("it is refused again", || (reloads(&gateway) == (2.0, 2.0)).then_some(()));
    fs::write(gateway.config_file(), "[[[").unwrap();
    until("so is this", || (reloads(&gateway) == (2.0, 3.0)).then_some(()));
    fs::write(gateway.config_file(), "[[[ ").unwrap();
    until("and once more", || (reloads(&gateway) == (2.0, 4.0)).then_some(()));
    // What is mended without anything that serves being changed is neither.
    fs::remove_file(all.join("broken.wasm")).unwrap();
    until("it is mended", || (gateway.ready()["problems"].as_array()?.len() == 1).then_some(()));
    soon_eq!(reloads(&gateway), (2.0, 4.0));
    gateway.signal("HUP");
    until("who asks for it tries it", || (reloads(&gateway) == (2.0, 5.0)).then_some(()));
}

#[test]
fn a_start_and_a_check_without_a_tenant_say_so_loudly() {
    let upstream = Upstream::chat();
    let whole = with_folders(&config(upstream.address));
    let none = whole[..whole.find("[tenants").unwrap()].to_owned() + &whole[whole.find("[plugins]").unwrap()..];
    let gateway = Gateway::start(&none);
    says(&gateway, &["WARNING: no tenant"]);
    assert!(gateway.ready()["problems"].to_string().contains("no tenant"), "{}", gateway.ready());
    soon_eq!(gateway.metric("weir_plugin_problems", &[]), 1.0);
    let check = |file: &str| Command::new(support::weir()).args(["check", "--config", file]).output().unwrap();
    for (text, missed) in [(none.as_str(), "no tenant"), ("", "no tenant"), ("", "no model")] {
        fs::write(gateway.folder.path().join("other.toml"), text).unwrap();
        let output = check(gateway.folder.path().join("other.toml").to_str().unwrap());
        let said = String::from_utf8([output.stderr, output.stdout].concat()).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(missed) && !said.contains("good"), "{said}");
    }
    gateway.write_config(&config(upstream.address));
    until("it is mended", || (post(gateway.address, ACME, &chat("hi")).status == 200).then_some(()));
    until("nothing is wrong any more", || gateway.ready()["problems"].as_array()?.is_empty().then_some(()));
}

#[test]
fn what_is_refused_is_logged_by_who_has_to_act() {
    let upstream = Upstream::start(|number, _, stream| {
        let status = if number == 0 { "500 Oops" } else { "401 Unauthorized" };
        stream.write_all(&support::upstream::status(status, "text/plain", "no")).is_ok()
    });
    let gateway = Gateway::start(&config(upstream.address));
    let limited = fs::read_to_string(gateway.config_file())
        .unwrap()
        .replace("id = \"globex\"", "requests_per_minute = 1\nid = \"globex\"");
    fs::write(gateway.config_file(), limited).unwrap();
    until("it is live", || (reloads(&gateway).0 == 1.0).then_some(()));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).code(), "upstream_error");
    assert_eq!(post(gateway.address, ACME, &chat("hi")).code(), "upstream_auth");
    assert_eq!(post(gateway.address, ACME, "{").code(), "invalid_json");
    assert_eq!(post(gateway.address, "sk-weir-a-b", "{").code(), "invalid_api_key");
    assert_eq!(post(gateway.address, GLOBEX, "{").status, 400);
    assert_eq!(post(gateway.address, GLOBEX, "{").code(), "rate_limit_exceeded");
    for (level, code, tenant) in [
        ("WARN", "upstream_error", "acme"),
        ("ERROR", "upstream_auth", "acme"),
        ("DEBUG", "invalid_json", "acme"),
        ("DEBUG", "invalid_api_key", "\"\""),
        ("DEBUG", "rate_limit_exceeded", "globex"),
    ] {
        says(
            &gateway,
            &[
                level,
                &format!("code=\"{code}\""),
                &format!("tenant={}", if tenant == "\"\"" { tenant.to_owned() } else { format!("\"{tenant}\"") }),
            ],
        );
    }
    // And counted by whose they are, also before it is known what model was asked for.
    let refused = |code: &str, tenant: &str| {
        gateway.metric("weir_refusals_total", &[&format!("code=\"{code}\""), &format!("tenant=\"{tenant}\"")])
    };
    soon_eq!((refused("rate_limit_exceeded", "globex"), refused("rate_limit_exceeded", "acme")), (1.0, 0.0));
    soon_eq!((refused("invalid_json", "acme"), refused("invalid_api_key", "")), (1.0, 1.0));
}

#[test]
fn the_log_goes_to_standard_error_and_what_a_person_is_told_to_standard_output() {
    let scratch = tempfile::tempdir().unwrap();
    fs::create_dir_all(scratch.path().join("config")).unwrap();
    fs::create_dir(scratch.path().join("plugins")).unwrap();
    // Found without being named, and served without a command.
    fs::write(
        scratch.path().join("config/weir.toml"),
        with_folders(&demo_config("")).replace("\"plugins\"", "\"../plugins\""),
    )
    .unwrap();
    fs::write(scratch.path().join("weir.toml"), "not this one").unwrap();
    let mut command = Command::new(support::weir());
    command.current_dir(scratch.path()).env_remove("WEIR_CONFIG").env("WEIR_LOG", "info");
    let (out, err) = (scratch.path().join("out"), scratch.path().join("err"));
    command.stdout(fs::File::create(&out).unwrap()).stderr(fs::File::create(&err).unwrap());
    let mut child = command.spawn().unwrap();
    let read = |file: &std::path::Path| fs::read_to_string(file).unwrap();
    until("it serves", || read(&out).contains("\nadmin    http://").then_some(()));
    fs::write(scratch.path().join("config/weir.toml"), "[[[").unwrap();
    until("the log is written", || read(&err).contains("ERROR").then_some(()));
    let (out, err) = (read(&out), read(&err));
    let _ = child.kill();
    let _ = child.wait();
    assert!(out.contains("gateway  http://127.0.0.1:") && !out.contains("ERROR"), "{out}");
    assert!(err.contains("weir.toml") && !err.contains("gateway  http"), "{err}");
}

#[test]
fn the_environment_names_the_configuration_before_the_working_folder_does() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    fs::create_dir(at("config")).unwrap();
    let check = |named: Option<&str>| {
        let mut command = Command::new(support::weir());
        command.arg("check").current_dir(scratch.path()).env_remove("WEIR_CONFIG");
        if let Some(named) = named {
            command.env("WEIR_CONFIG", named);
        }
        let output = command.output().unwrap();
        String::from_utf8([output.stderr, output.stdout].concat()).unwrap()
    };
    assert!(check(None).contains("weir.toml: cannot be read"));
    for (file, mark) in [("weir.toml", "plain"), ("config/weir.toml", "usual"), ("other.toml", "named")] {
        fs::write(at(file), format!("{mark} = 1\n")).unwrap();
        let named = (mark == "named").then_some("other.toml");
        assert!(check(named).contains(&format!("{file}:1: {mark}: is not known")), "{}", check(named));
    }
    // What stands there was meant, whatever it is.
    fs::remove_file(at("config/weir.toml")).unwrap();
    fs::create_dir(at("config/weir.toml")).unwrap();
    assert!(check(None).contains("config/weir.toml: cannot be read"), "{}", check(None));
}

#[test]
fn what_a_plugin_writes_stands_in_the_log_as_it_wrote_it() {
    const SAID: &str = r#"{"say":"it's \"so\" in C:\\logs"} né"#;
    let text = SAID.replace('\\', "\\5c").replace('"', "\\22");
    let talker = Guest::on(
        "policy",
        &format!("(call $log.write (i32.const 3) (i32.const 40000) (i32.const {})) (call $pass)", SAID.len()),
    )
    .with(&format!("(data (i32.const 40000) \"{text}\")"));
    let upstream = Upstream::chat();
    for json in [false, true] {
        let more = format!("[log]\njson = {json}\n");
        let gateway = gateway(upstream.address, &more, &[("talker", &talker, "")]);
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
        let line = until("it is in the log", || {
            let of_talker = |line: &&str| line.contains("talker") && line.contains("say");
            gateway.log().lines().find(of_talker).map(str::to_owned)
        });
        let said = if json {
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            line["fields"]["message"].as_str().unwrap().to_owned()
        } else {
            line.clone()
        };
        assert!(said.contains(SAID), "{line}");
    }
}

#[test]
fn of_two_bindings_of_one_file_it_is_said_which_one_is_meant() {
    let guard = |init: &str| Guest::on("policy", "(call $pass)").init(init);
    let (old, new) = (
        guard("(i32.store (i32.const 0) (i32.const 0)) (i32.const 0)"),
        // With settings it is not content any more.
        guard(
            "(i32.store (i32.const 0) (i32.gt_u (local.get $settings-len) (i32.const 2))) (i32.store (i32.const 4) (i32.const 1024)) \
             (i32.store (i32.const 8) (i32.const 0)) (i32.const 0)",
        ),
    );
    let bound = [("guard", &old, ""), ("guard", &old, "name = \"eu\"\nconfig = { a = 1 }")];
    let gateway = gateway(Upstream::chat().address, "", &bound);
    install(&gateway.plugins(), "guard", &new.build());
    says(&gateway, &["plugin replaced", "plugin=\"guard\"", "file=guard.wasm"]);
    says(&gateway, &["plugin guard.wasm as guard#eu: refuses its settings", "its last good version serves on"]);
    let plugins = gateway.admin_get("/admin/v1/plugins").json()["plugins"].clone();
    let error = |name: &str| {
        let found = plugins.as_array().unwrap().iter().find(|plugin| plugin["name"] == name).unwrap();
        found["last_load_error"].as_str().map(str::to_owned)
    };
    assert_eq!(error("guard"), None);
    assert!(error("guard#eu").unwrap().contains("guard#eu: refuses its settings"), "{plugins}");
}
