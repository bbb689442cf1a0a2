//! What operators are told: each thing once, in a line of its own, and of whom or what it is true.

use crate::support;

use crate::guest::{Guest, gateway, install};
use crate::support::client::Streaming;
use crate::support::upstream::{STREAM, Upstream, chunk, delta, wait_for_close};
use crate::support::{ACME, Gateway, chat_stream, config, config_with, demo_config, until, with_folders};
use std::fs;
use std::process::{Command, Output};

fn weir(arguments: &[&str]) -> Output {
    Command::new(support::weir()).args(arguments).env_remove("WEIR_CONFIG").output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn is_of_a_key(line: &str) -> bool {
    line.contains(".keys]]") || line.starts_with("id = ") || line.starts_with("hash = ")
}

#[test]
fn what_is_missing_for_anybody_to_ask_is_said_once_by_check_and_once_by_a_start() {
    let whole = with_folders(&config(Upstream::chat().address));
    let keyless: String = whole.lines().filter(|line| !is_of_a_key(line)).map(|line| format!("{line}\n")).collect();
    let nothing = with_folders("[server]\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n[plugins]\n");
    for (text, missing) in [(&keyless, vec!["no key"]), (&nothing, vec!["no tenant", "no model"])] {
        let gateway = Gateway::start(text);
        let output = weir(&["check", "--config", gateway.config_file().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{}", err(&output));
        for said in [err(&output), gateway.log()] {
            let lines = |what: &str| said.lines().filter(|line| line.contains(what)).count();
            assert!(missing.iter().all(|what| lines(&format!("{what}: ")) == 1), "{said}");
            assert_eq!(lines("there are no"), 0, "{said}");
        }
        let problems = gateway.ready()["problems"].to_string();
        assert!(missing.iter().all(|what| problems.contains(what)), "{problems}");
    }
}

#[test]
fn a_warning_of_the_configuration_is_said_when_it_comes_and_not_again() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let keyless = |more: &str| config_with(upstream.address, "", &format!("{more}[tenants.idle]\nmodels = [\"*\"]\n"));
    let warned = || {
        let log = gateway.log();
        log.lines().filter(|line| line.contains("WARN") && line.contains("tenants.idle")).count()
    };
    gateway.write_config(&keyless(""));
    until("it is said", || (warned() == 1).then_some(()));
    gateway.write_config(&keyless("[models.more]\ntargets = [\"up/more\"]\n"));
    let live = || gateway.metric("weir_reloads_total", &["live"]);
    until("both are live", || (live() == 2.0).then_some(()));
    assert_eq!(warned(), 1, "{}", gateway.log());
}

#[test]
fn a_signal_has_an_answer_in_the_log_whatever_comes_of_it() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "", "[plugins]\nreload = false\n"));
    let hangup = |answer: &str| {
        gateway.signal("HUP");
        until(answer, || gateway.log().contains(answer).then_some(()));
    };
    hangup("SIGHUP: nothing new went live, and all is served as files say; generation 1 serves");
    let more = "[models.new]\ntargets = [\"up/new\"]\n[plugins]\nreload = false\n";
    gateway.write_config(&config_with(upstream.address, "", more));
    hangup("SIGHUP: something new went live, and all is served as files say");
    gateway.write_config("[[[");
    hangup("SIGHUP: nothing new went live, and one thing is not served as files say: ");
}

#[test]
fn a_plugin_that_may_be_missing_is_told_from_one_for_which_a_change_is_refused() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let chained = |more: &str| {
        config_with(upstream.address, "", &format!("[plugins]\n[[plugins.chain]]\nplugin = \"absent\"\n{more}"))
    };
    let problems = || gateway.ready()["problems"].to_string();
    gateway.write_config(&chained(""));
    until("it is refused", || problems().contains("the new configuration is refused for it").then_some(()));
    gateway.write_config(&chained("on_failure = \"open\"\n"));
    until("it is live", || problems().contains("requests go on without it").then_some(()));
    assert!(!problems().contains("refused"), "{}", problems());
}

#[test]
fn each_mistake_in_a_plugins_settings_is_a_line_of_its_own() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let all = gateway.plugins().join("all");
    fs::create_dir_all(&all).unwrap();
    fs::write(all.join("guard.toml"), "first = 1\nsecond = 2\n").unwrap();
    install(&all, "guard", &Guest::on("policy", "(call $pass)").build());
    until("both are named", || (gateway.ready()["problems"].as_array()?.len() == 2).then_some(()));
    for mistake in ["first", "second"] {
        let is_whole = |line: &str| line.contains("ERROR") && line.contains(mistake) && line.contains("guard.toml:");
        until("it is a line of the log", || gateway.log().lines().any(is_whole).then_some(()));
    }
}

#[test]
fn what_is_only_a_warning_has_the_level_of_one() {
    let gateway =
        Gateway::start_by(&demo_config("[tenants.idle]\nmodels = [\"*\"]\n[log]\njson = true\n"), |mut command| {
            command.env("WEIR_LOG", "wran");
            command
        });
    let log = gateway.log();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("warning: ")).collect();
    assert_eq!(warnings.len(), 2, "{log}");
    assert!(warnings.iter().all(|line| line.contains("\"level\":\"WARN\"")), "{log}");
}

#[test]
fn what_an_option_says_is_blamed_on_the_option() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weir.toml");
    fs::create_dir(folder.path().join("plugins")).unwrap();
    fs::write(&file, with_folders(&demo_config(""))).unwrap();
    let serve = |more: &[&str]| {
        let output = weir(&[&["serve", "--config", file.to_str().unwrap()], more].concat());
        assert_eq!(output.status.code(), Some(1), "{more:?}");
        err(&output)
    };
    assert!(serve(&["--admin", "0.0.0.0:9"]).starts_with("--admin: "));
    assert!(serve(&["--listen", "127.0.0.1:9", "--admin", "127.0.0.1:9"]).starts_with("--admin: 127.0.0.1:9 is also"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for key in ["listen", "admin"] {
        let by_option = serve(&[&format!("--{key}"), &address]);
        assert!(by_option.contains(&format!("(--{key}, in place of server.{key})")), "{by_option}");
        let text = with_folders(&demo_config(""));
        let line = |address: &str| format!("{key} = \"{address}\"");
        fs::write(&file, text.replace(&line("127.0.0.1:0"), &line(&address))).unwrap();
        let by_file = serve(&[]);
        assert!(by_file.contains(&format!("(server.{key}, or --{key})")), "{by_file}");
        fs::write(&file, &text).unwrap();
    }
    let gone = folder.path().join("gone");
    let said = serve(&["--plugins", gone.to_str().unwrap()]);
    assert!(said.lines().any(|line| line.starts_with("--plugins: ") && line.contains("is not there")), "{said}");
    assert!(!said.contains("on_failure"), "{said}");
}

#[test]
fn the_end_is_in_the_log_with_how_many_requests_it_has_cut() {
    let upstream = Upstream::start(|_, _, stream| {
        use std::io::Write;
        stream.write_all(&[STREAM, &chunk(&delta("for ever"))].concat()).unwrap();
        wait_for_close(stream);
        false
    });
    for (drain, asks, cut) in [("100ms", true, 1), ("5s", false, 0)] {
        let mut gateway = Gateway::start(&config(upstream.address).replace("\"5s\"", &format!("\"{drain}\"")));
        let mut streaming = asks.then(|| Streaming::open(gateway.address, ACME, &chat_stream("hi")));
        if let Some(streaming) = &mut streaming {
            assert!(streaming.next_event().is_some());
        }
        gateway.signal("TERM");
        assert!(gateway.wait().success());
        let (was, requests) = if cut == 1 { ("request was", "request") } else { ("requests were", "requests") };
        let said = format!("SIGTERM: drained; {cut} {was} cut");
        until(&said, || gateway.log().contains(&said).then_some(()));
        assert!(gateway.log().contains(&format!("{cut} {requests} in flight")), "{}", gateway.log());
    }
}

#[test]
fn a_key_needs_no_more_of_a_configuration_than_its_pepper() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weir.toml");
    let new =
        |command: &mut Command| command.args(["key", "new", "search_prod"]).env_remove("WEIR_CONFIG").output().unwrap();
    let named = || new(Command::new(support::weir()).current_dir(&folder).env("RUST_BACKTRACE", "0"));
    assert!(named().status.success(), "nothing is here, and so no pepper: {}", err(&named()));
    fs::write(&file, "pepper = \"of its own\"\n[limits]\nboddy = 3\n").unwrap();
    assert!(named().status.success(), "{}", err(&named()));
    for text in ["pepper = 3\n", "pepper = \"file:nowhere\"\n", "[[["] {
        fs::write(&file, text).unwrap();
        assert_eq!(named().status.code(), Some(1), "{text}");
    }
    let away = folder.path().join("away.toml");
    let output = weir(&["key", "new", "search_prod", "--config", away.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "one that was named has to be there");
}
