use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as _, FromArgMatches as _};
use serde_json::json;

use super::*;
use crate::process_groups::ProcessGroups;
use crate::{load, mock};

/// A peer that runs beside a mock of its own.
struct Beside {
    up: Up,
    folder: tempfile::TempDir,
}

/// Starts a peer that is installed here; says why not where it is not.
fn started(peer: &dyn Peer) -> Option<Beside> {
    let tools = tools();
    if let Some(reason) = peer.missing(&tools) {
        eprintln!("skipped: {}: {reason}", peer.name());
        return None;
    }
    let version = peer.version(&tools);
    assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{} is of version {version}", peer.name());
    let folder = tempfile::tempdir().unwrap();
    let process_groups = ProcessGroups::default();
    let setup = PeerSetup {
        process_groups: &process_groups,
        upstream: upstream(),
        folder: folder.path(),
        tools: &tools,
        cores: 2,
    };
    let up = peer.start(&setup).unwrap();
    Some(Beside { up, folder })
}

fn tools() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/peers");
    std::env::var_os("WEIR_PEERS").map_or_else(|| PathBuf::from(default), PathBuf::from)
}

/// The installation where no package registry can be reached, as far as programs go.
#[test]
fn the_install_script_skips_with_a_word_what_it_cannot_have() {
    let (programs, tools) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let needed = ["cat", "cksum", "cp", "dirname", "find", "head", "id", "mkdir", "rm", "sed", "sh"];
    for name in needed {
        std::os::unix::fs::symlink(program::on_path(name).unwrap(), programs.path().join(name)).unwrap();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/install.sh");
    let mut command = std::process::Command::new(programs.path().join("sh"));
    command.arg(script).arg(tools.path()).env_clear().env("PATH", programs.path());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for name in ["Envoy", "Envoy's filter", "Traefik", "Traefik's middleware", "LiteLLM", "Portkey"] {
        let line = said.lines().find(|line| line.starts_with(&format!("skipped  {name}: ")));
        assert!(line.is_some_and(|line| line.contains("not there")), "{name}: {said}");
    }
}

#[test]
fn the_install_script_refuses_an_option_that_it_does_not_know() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/install.sh");
    let output = std::process::Command::new("sh").arg(script).arg("--force").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`--force`"));
}

fn upstream() -> SocketAddr {
    let command = mock::MockArgs::augment_args(clap::Command::new("mock"));
    let args =
        mock::MockArgs::from_arg_matches(&command.get_matches_from(["mock", "--delay", "0", "--tokens", "3"])).unwrap();
    mock::start(&args).unwrap().0
}

impl Beside {
    fn address(&self) -> SocketAddr {
        self.up.url.strip_prefix("http://").unwrap().parse().unwrap()
    }

    fn ask(&self, key: Option<&str>, body: &serde_json::Value) -> String {
        launch::exchange(self.address(), &launch::chat(self.address(), key, &self.up.headers, body)).unwrap()
    }

    /// The load's own request, whole and streaming, and what comes back.
    fn answers(&self) {
        let key = self.up.key.as_deref();
        let mut body = json!({"model": self.up.model, "messages": [{"role": "user", "content": "hello"}]});
        let whole = self.ask(key, &body);
        assert!(whole.starts_with("HTTP/1.1 200"), "{whole}");
        assert!(whole.contains("\"usage\"") && whole.contains("chat.completion"), "{whole}");
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
        let stream = self.ask(key, &body);
        assert!(stream.starts_with("HTTP/1.1 200"), "{stream}");
        assert!(stream.contains("text/event-stream") && stream.contains("data: [DONE]"), "{stream}");
        assert_eq!(stream.matches(" token").count(), 3, "{stream}");
    }

    /// The answer's status to a request that it must not let through.
    fn refuses(&self, key: Option<&str>, model: &str, status: &str) {
        let answer = self.ask(key, &json!({"model": model, "messages": [{"role": "user", "content": "hello"}]}));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(answer.contains("error"), "{answer}");
    }

    fn checks_keys_and_models(&self) {
        self.refuses(Some("sk-wrong"), &self.up.model, "401");
        self.refuses(None, &self.up.model, "401");
        self.refuses(self.up.key.as_deref(), "unknown", "404");
    }

    fn get(&self, address: SocketAddr, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        launch::exchange(address, &request).unwrap()
    }
}

#[test]
#[ignore = "loads every peer that is installed; some take long to start"]
fn every_installed_peer_answers_many_users_without_an_error() {
    for peer in known() {
        let Some(Beside { up, folder: _folder }) = started(peer.as_ref()) else { continue };
        // Those that are whole AI gateways answer so few that most users would only wait.
        let users = if ["LiteLLM", "Portkey"].contains(&peer.name()) { "10" } else { "300" };
        for stream in [false, true] {
            let arguments = ["--connections", users, "--warmup", "2s", "--duration", "2s", "--timeout", "60s"];
            let command = load::LoadArgs::augment_args(clap::Command::new("load"));
            let command =
                command.try_get_matches_from(["load", "--url", &up.url].into_iter().chain(arguments)).unwrap();
            let mut args = load::LoadArgs::from_arg_matches(&command).unwrap();
            args.key.clone_from(&up.key);
            args.model.clone_from(&up.model);
            args.headers.clone_from(&up.headers);
            args.pid = Some(up.running.pid);
            args.stream = stream;
            let report = load::run(&args).unwrap();
            eprintln!("{}, {}:\n{report}\n", peer.name(), if stream { "streams" } else { "whole" });
            assert!(report.requests > 0 && report.failures.is_empty(), "{}: {:?}", peer.name(), report.failures);
        }
    }
}

#[test]
fn nginx_forwards_whole_replies_and_streams() {
    let Some(nginx) = started(&nginx::Nginx::Plain) else { return };
    nginx.answers();
}

#[test]
fn nginx_with_lua_checks_keys_and_models_and_meters_usage() {
    let Some(nginx) = started(&nginx::Nginx::Lua) else { return };
    nginx.answers();
    nginx.checks_keys_and_models();
    let usage = nginx.get(nginx.address(), "/usage");
    // The first answer, a whole one and a stream, each of 100 and 3 tokens.
    for line in ["bench mock requests 3", "bench mock prompt_tokens 300", "bench mock completion_tokens 9"] {
        assert!(usage.contains(line), "{usage}");
    }
}

#[test]
fn haproxy_forwards_whole_replies_and_streams() {
    let Some(haproxy) = started(&haproxy::Haproxy) else { return };
    haproxy.answers();
}

#[test]
fn envoy_forwards_whole_replies_and_streams() {
    let Some(envoy) = started(&envoy::Envoy::Plain) else { return };
    envoy.answers();
}

#[test]
fn envoy_with_our_filter_checks_keys_and_models_and_meters_usage() {
    let Some(envoy) = started(&envoy::Envoy::Wasm) else { return };
    envoy.answers();
    envoy.checks_keys_and_models();
    let admin = std::fs::read_to_string(envoy.folder.path().join(envoy::ADMIN)).unwrap();
    let counters = envoy.get(admin.trim().parse().unwrap(), "/stats?filter=gateway");
    for line in ["gateway.metered: 3", "gateway.prompt_tokens: 300", "gateway.completion_tokens: 9"] {
        assert!(counters.contains(line), "{counters}");
    }
}

#[test]
fn traefik_forwards_whole_replies_and_streams() {
    let Some(traefik) = started(&traefik::Traefik::Plain) else { return };
    traefik.answers();
}

#[test]
fn traefik_with_our_middleware_checks_keys_and_models() {
    let Some(traefik) = started(&traefik::Traefik::Wasm) else { return };
    traefik.answers();
    traefik.checks_keys_and_models();
}

#[test]
#[ignore = "LiteLLM takes long to start"]
fn litellm_checks_keys_and_answers_whole_and_streaming() {
    let Some(litellm) = started(&litellm::LiteLlm) else { return };
    litellm.answers();
    litellm.refuses(Some("sk-wrong"), &litellm.up.model, "4");
}

#[test]
fn portkey_answers_whole_and_streaming() {
    let Some(portkey) = started(&portkey::Portkey) else { return };
    portkey.answers();
}

#[test]
fn a_peer_of_the_command_line_is_started_and_answers() {
    if let Some(reason) = haproxy::Haproxy.missing(&tools()) {
        eprintln!("skipped: {reason}");
        return;
    }
    // Any gateway will do that can be told where to listen and where to go.
    let config = "defaults\\n mode http\\n timeout connect 5s\\n timeout client 9s\\n timeout server 9s\\n\
                  listen a\\n bind 127.0.0.1:{port}\\n server b {upstream}\\n";
    let command = "PATH=$PATH:/usr/sbin exec haproxy -db -f {folder}/conf";
    let spec = format!(
        "name=by hand,command=sh -c 'printf \"{config}\" >{{folder}}/conf; {command}',key=sk-1,header=x-first: one"
    );
    let (folder, process_groups) = (tempfile::tempdir().unwrap(), ProcessGroups::default());
    let setup = PeerSetup {
        process_groups: &process_groups,
        upstream: upstream(),
        folder: folder.path(),
        tools: folder.path(),
        cores: 1,
    };
    let up = by_command_line(&spec).unwrap().start(&setup).unwrap();
    assert_eq!(up.key.as_deref(), Some("sk-1"));
    assert_eq!(up.headers, [("x-first".to_owned(), "one".to_owned())]);
    Beside { up, folder }.answers();
}

#[test]
fn a_peer_that_ends_is_reported_with_its_messages() {
    let peer = by_command_line("name=short,command=sh -c 'echo no such setting >&2; exit 3'").unwrap();
    let (folder, process_groups) = (tempfile::tempdir().unwrap(), ProcessGroups::default());
    let setup = PeerSetup {
        process_groups: &process_groups,
        upstream: upstream(),
        folder: folder.path(),
        tools: folder.path(),
        cores: 1,
    };
    let problem = format!("{:#}", peer.start(&setup).unwrap_err());
    assert!(problem.contains("short") && problem.contains("it has ended"), "{problem}");
    assert!(problem.contains("no such setting"), "{problem}");
}

#[test]
fn every_peer_says_what_it_does_and_how_it_is_set() {
    let nowhere = tempfile::tempdir().unwrap();
    for peer in known() {
        assert!(!peer.does().is_empty() && !peer.settings().is_empty(), "{}", peer.name());
        // What lies in the tools' folder is missing from an empty one, with the way to get it.
        if let Some(reason) = peer.missing(nowhere.path()) {
            assert!(reason.contains("install"), "{}: {reason}", peer.name());
        }
    }
}
