//! Pipes, sockets, devices and folders where a file should be hold up nothing: no reload, no probe, no end.

use crate::support;

use crate::guest::policies::{code, problems, refusing};
use crate::guest::signing::Author;
use crate::guest::{Guest, gateway, install};
use crate::support::irregular::{KINDS, put, remove};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, PATIENCE, chat, config, config_with, post, until};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

#[test]
fn whatever_stands_in_place_of_the_configuration_is_named_and_what_served_serves_on() {
    let upstream = Upstream::chat();
    let mut gateway = Gateway::start(&config(upstream.address));
    let whole = fs::read_to_string(gateway.config_file()).unwrap();
    for (kind, named) in KINDS {
        put(kind, &gateway.config_file());
        until(kind, || {
            let problems = problems(&gateway);
            (problems.contains(named) && problems.contains("weir.toml")).then_some(())
        });
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200, "{kind}");
        gateway.signal("HUP");
        assert_eq!(gateway.admin_get("/livez").status, 200, "{kind}");
        remove(&gateway.config_file());
        fs::write(gateway.config_file(), &whole).unwrap();
        until(kind, || (problems(&gateway) == "[]").then_some(()));
    }
    put("pipe", &gateway.config_file());
    gateway.signal("HUP");
    gateway.signal("TERM");
    assert!(gateway.wait().success(), "a pipe does not hold up the end");
}

#[test]
fn whatever_stands_in_place_of_a_plugin_is_named_and_its_last_good_version_serves_on() {
    let refusing = |code: &str| Guest::on("policy", &format!(r#"(call $refuse (i32.const 400) @"{code}" @"")"#));
    let gateway = gateway(Upstream::chat().address, "", &[("chained", &Guest::on("policy", "(call $pass)"), "")]);
    let all = gateway.plugins().join("all");
    install(&all, "guard", &refusing("kept").build());
    until("it refuses", || (code(&gateway, ACME) == "kept").then_some(()));
    for (kind, named) in KINDS {
        let named = if kind == "endless" { "larger than a plugin may be" } else { named };
        for file in [all.join("guard.wasm"), gateway.plugins().join("chained.wasm")] {
            put(kind, &file);
        }
        put(kind, &all.join("new.wasm"));
        let expected = ["all/guard.wasm", "all/new.wasm", "chained.wasm"];
        until(&format!("{kind} is named: {}", problems(&gateway)), || {
            let ready = gateway.ready();
            let all: Vec<&str> = ready["problems"].as_array()?.iter().filter_map(|p| p.as_str()).collect();
            expected.iter().all(|file| all.iter().any(|p| p.contains(file) && p.contains(named))).then_some(())
        });
        assert_eq!(code(&gateway, ACME), "kept", "{kind}");
        // And what else changes goes live.
        install(&all, "a", &refusing("beside").build());
        until("others go live", || (code(&gateway, ACME) == "beside").then_some(()));
        for name in ["a", "new", "guard"] {
            remove(&all.join(format!("{name}.wasm")));
        }
        remove(&gateway.plugins().join("chained.wasm"));
        install(&all, "guard", &refusing("kept").build());
        install(&gateway.plugins(), "chained", &Guest::on("policy", "(call $pass)").build());
        until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
        until("it refuses", || (code(&gateway, ACME) == "kept").then_some(()));
    }
}

#[test]
fn whatever_stands_beside_a_plugin_is_named_and_its_last_good_version_serves_on() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let all = gateway.plugins().join("all");
    install(&all, "guard", &Guest::on("policy", r#"(call $refuse (i32.const 400) @"kept" @"")"#).build());
    until("it refuses", || (code(&gateway, ACME) == "kept").then_some(()));
    for beside in ["guard.toml", "guard.schema.json"] {
        for (n, (kind, named)) in KINDS.into_iter().enumerate() {
            put(kind, &all.join(beside));
            // A schema is asked for new settings.
            if beside == "guard.schema.json" {
                fs::write(all.join("guard.toml"), format!("limits = {{ instances = {} }}\n", n + 1)).unwrap();
            }
            until(&format!("{kind} for {beside} is named"), || {
                let problems = problems(&gateway);
                (problems.contains(beside) && problems.contains(named)).then_some(())
            });
            assert_eq!(code(&gateway, ACME), "kept", "{kind}");
            remove(&all.join(beside));
            until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
        }
    }
}

#[test]
fn whatever_stands_in_place_of_a_signature_is_named_and_the_last_good_version_serves_on() {
    let author = Author::new();
    let keys = format!("[plugins]\nrequire_signature = true\nkeys = [\"{}\"]\n", author.key.public());
    let gateway = Gateway::start(&config_with(Upstream::chat().address, "", &keys));
    let (all, wasm) = (gateway.plugins().join("all"), refusing("kept").build());
    let signature = all.join("guard.wasm.sig");
    let signed = author.signed("guard", 1, &wasm, &[]).bytes("wasm.sig");
    fs::create_dir(&all).unwrap();
    fs::write(&signature, &signed).unwrap();
    install(&all, "guard", &wasm);
    until("it refuses", || (code(&gateway, ACME) == "kept").then_some(()));
    for (kind, named) in KINDS {
        put(kind, &signature);
        until(&format!("{kind} is named"), || {
            let problems = problems(&gateway);
            (problems.contains("guard.wasm.sig") && problems.contains(named)).then_some(())
        });
        assert_eq!(code(&gateway, ACME), "kept", "{kind}");
        remove(&signature);
        fs::write(&signature, &signed).unwrap();
        until("nothing is wrong any more", || (problems(&gateway) == "[]").then_some(()));
    }
}

#[test]
fn whatever_stands_in_place_of_a_secret_or_an_authority_is_named_and_what_served_serves_on() {
    let upstream = Upstream::chat();
    let folder = tempfile::tempdir().unwrap();
    let (key, authority) = (folder.path().join("key"), folder.path().join("ca.pem"));
    fs::write(&key, "first").unwrap();
    let pem = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    fs::write(&authority, &pem).unwrap();
    let provider = format!("headers.x-secret = \"file:{}\"\nca_file = \"{}\"", key.display(), authority.display());
    let gateway = Gateway::start(&config_with(upstream.address, &provider, ""));
    for (kind, named) in KINDS {
        put(kind, &key);
        until(kind, || {
            let problems = problems(&gateway);
            (problems.contains("x-secret: its file") && problems.contains(named)).then_some(())
        });
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200, "{kind}");
        assert_eq!(upstream.seen().last().unwrap().header("x-secret").unwrap(), "first");
        remove(&key);
        fs::write(&key, "first").unwrap();
        until(kind, || (problems(&gateway) == "[]").then_some(()));
        put(kind, &authority);
        until(kind, || problems(&gateway).contains("ca_file").then_some(()));
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200, "{kind}");
        remove(&authority);
        fs::write(&authority, &pem).unwrap();
        until(kind, || (problems(&gateway) == "[]").then_some(()));
    }
}

/// Runs a command that must end by itself, and soon; answers what it said.
fn ends(arguments: &[&str]) -> Output {
    let mut command = Command::new(support::weir());
    command.args(arguments).env_remove("WEIR_CONFIG");
    command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("{arguments:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

#[test]
fn no_command_waits_for_what_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { folder.path().join(name) };
    let good = at("good.wasm");
    fs::write(&good, Guest::on("policy", "(call $pass)").build()).unwrap();
    for (kind, named) in KINDS {
        let file = at("thing");
        put(kind, &file);
        let file = file.to_str().unwrap();
        let good = good.to_str().unwrap();
        for arguments in [
            &["serve", "--config", file][..],
            &["check", "--config", file],
            &["key", "new", "team", "--config", file],
            &["plugin", "check", file],
            &["plugin", "inspect", file],
            &["plugin", "test", file, "--case", file],
            &["plugin", "test", good, "--case", file],
            &["plugin", "conform", file, "--cases", file],
        ] {
            let output = ends(arguments);
            let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
            assert_ne!(output.status.code(), Some(0), "{kind}: {arguments:?}: {said}");
            // A folder may be given to `conform`, which looks for plugins in it.
            assert!(said.contains(named) || arguments[1] == "conform", "{kind}: {arguments:?}: {said}");
        }
    }
    // A key is looked at before it is read: nobody else may read it.
    put("pipe", &at("key"));
    assert!(Command::new("chmod").arg("600").arg(at("key")).status().unwrap().success());
    let output = ends(&["plugin", "sign", good.to_str().unwrap(), "--key", at("key").to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("a pipe"), "{output:?}");
}

/// What stands beside a plugin, and a configuration that reads all of it.
const BESIDE: [&str; 3] = ["guard.toml", "guard.schema.json", "guard.wasm.sig"];

fn reading_signatures() -> String {
    let keys = format!("[plugins]\nkeys = [\"{}\"]\n", Author::new().key.public());
    config_with(Upstream::chat().address, "", &keys)
}

#[test]
fn a_pipe_beside_a_plugin_does_not_keep_the_gateway_from_starting() {
    for beside in BESIDE {
        let gateway = Gateway::start_with(&reading_signatures(), |folder| {
            let acme = folder.join("tenants/acme");
            install(&acme, "guard", &refusing("good").build());
            put("pipe", &acme.join(beside));
        });
        assert_eq!(code(&gateway, ACME), "tenant_closed", "{beside}");
        assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).status, 200, "{beside}");
        let problems = problems(&gateway);
        assert!(problems.contains(beside) && problems.contains("a pipe"), "{beside}: {problems}");
    }
}

#[test]
fn a_pipe_beside_a_plugin_keeps_neither_check_nor_the_end_waiting() {
    for beside in BESIDE {
        let mut gateway = Gateway::start(&reading_signatures());
        let acme = gateway.plugins().join("tenants/acme");
        install(&acme, "guard", &refusing("good").build());
        until("it refuses", || (code(&gateway, ACME) == "good").then_some(()));
        put("pipe", &acme.join(beside));
        let output = ends(&["check", "--config", gateway.config_file().to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains(beside) && said.contains("a pipe"), "{said}");
        until("it is named", || problems(&gateway).contains(beside).then_some(()));
        gateway.signal("HUP");
        assert_eq!(gateway.admin_get("/livez").status, 200, "{beside}");
        gateway.signal("TERM");
        assert!(gateway.wait().success(), "{beside}");
    }
}

#[test]
fn a_second_signal_ends_the_process_whatever_it_waits_for() {
    let upstream = Upstream::start(|_, _, stream| {
        support::upstream::wait_for_close(stream);
        false
    });
    let mut gateway = Gateway::start(&config(upstream.address).replace("\"5s\"", "\"600s\""));
    put("pipe", &gateway.config_file());
    put("pipe", &gateway.plugins().join("a.wasm"));
    let address = gateway.address;
    let asking = std::thread::spawn(move || std::panic::catch_unwind(|| post(address, ACME, &chat("hi"))));
    until("it is upstream", || (upstream.seen().len() == 1).then_some(()));
    gateway.signal("HUP");
    gateway.signal("TERM");
    until("it drains", || (gateway.admin_get("/readyz").status == 503).then_some(()));
    gateway.signal("HUP");
    gateway.signal("TERM");
    assert_eq!(gateway.wait().code(), Some(1));
    let _ = asking.join();
}
