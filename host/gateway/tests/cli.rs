//! The command line: what it checks, what it says, and how it ends.

use crate::support;

use crate::support::upstream::Upstream;
use crate::support::{Gateway, cache, chat, config, demo_config, post, root};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn weir(arguments: &[&str]) -> Output {
    Command::new(support::weir()).args(arguments).env_remove("WEIR_CONFIG").output().unwrap()
}

fn check(file: &Path) -> Output {
    weir(&["check", "--config", file.to_str().unwrap()])
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A folder with this configuration and an empty folder of plugins.
fn folder(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("plugins")).unwrap();
    let file = folder.path().join("weir.toml");
    let plugins = format!("[plugins]\nfolder = \"plugins\"\ncache = \"{}\"\n", cache().display());
    fs::write(&file, text.replace("[plugins]\n", &plugins)).unwrap();
    (folder, file)
}

#[test]
fn the_version_says_of_which_build_it_is() {
    // Cargo lays a program into a folder that is called like its profile.
    let program = Path::new(env!("CARGO_BIN_EXE_weir"));
    let profile = program.parent().unwrap().file_name().unwrap().to_str().unwrap();
    assert_eq!(out(&weir(&["--version"])), format!("weir {} ({profile})\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn check_says_that_a_good_configuration_is_good() {
    let (_folder, file) = folder(&demo_config("[plugins]\n"));
    let output = check(&file);
    assert!(output.status.success(), "{}", err(&output));
    assert!(out(&output).contains("good (2 tenants, 1 model, 0 plugins bound)"), "{}", out(&output));
}

#[test]
fn check_says_every_mistake_with_its_file_line_and_key() {
    let text = demo_config("[plugins]\n[limits]\nboddy = 3\nconnections = 0\n");
    let (_folder, file) = folder(&text);
    let written = fs::read_to_string(&file).unwrap();
    let output = check(&file);
    assert_eq!(output.status.code(), Some(1));
    let line = |key: &str| written.lines().position(|l| l.starts_with(key)).unwrap() + 1;
    let said = err(&output);
    for (key, hint) in [("boddy", "did you mean"), ("connections", "")] {
        let place = format!("{}:{}: limits.{key}:", file.display(), line(key));
        let found = said.lines().find(|l| l.starts_with(&place));
        assert!(found.is_some_and(|l| l.contains(hint)), "no {place:?} in: {said}");
    }
    assert_eq!(out(&output), "");
}

#[test]
fn check_looks_at_the_plugins_that_apply_and_at_no_others() {
    let (scratch, file) = folder(&demo_config("[plugins]\n"));
    let plugins = scratch.path().join("plugins");
    fs::write(plugins.join("unbound.wasm"), "broken").unwrap();
    assert!(check(&file).status.success(), "nobody binds it: {}", err(&check(&file)));
    for place in ["all", "tenants/acme"] {
        fs::create_dir_all(plugins.join(place)).unwrap();
        let broken = plugins.join(place).join("broken.wasm");
        fs::write(&broken, "broken").unwrap();
        let output = check(&file);
        assert_eq!(output.status.code(), Some(1), "{place}");
        assert!(err(&output).contains(broken.to_str().unwrap()), "{place}: {}", err(&output));
        fs::remove_file(broken).unwrap();
    }
    fs::write(&file, format!("{}\n[[plugins.chain]]\nplugin = \"unbound\"\n", fs::read_to_string(&file).unwrap()))
        .unwrap();
    assert_eq!(check(&file).status.code(), Some(1), "now the chain names it");
}

/// A certificate in which there is none.
const BROKEN: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

/// Puts a file where the provider's `ca_file` and the plugin's are, and answers what `check` and `serve` say of it.
fn with_authorities(provider: &str, callouts: &str) -> Vec<Output> {
    let chain = "[[plugins.chain]]\nplugin = \"absent\"\non_failure = \"open\"\ngrants = [\"callouts\"]\n\
                 callouts = { allow = [\"https://a.example\"], ca_file = \"callouts.pem\" }\n";
    let provider_lines = "[providers.tls]\nkind = \"openai\"\nca_file = \"ca.pem\"\n";
    let (scratch, file) = folder(&demo_config(&format!("{provider_lines}[plugins]\n{chain}")));
    fs::write(scratch.path().join("ca.pem"), provider).unwrap();
    fs::write(scratch.path().join("callouts.pem"), callouts).unwrap();
    vec![check(&file), weir(&["serve", "--config", file.to_str().unwrap()])]
}

#[test]
fn check_reads_every_file_that_a_start_would_read_and_finds_what_is_wrong_with_it() {
    let pem = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    let cut = &pem[..pem.len() / 2];
    for (provider, callouts, key, what) in [
        ("no certificate", pem.as_str(), "providers.tls.ca_file", "`ca.pem`: there is no certificate in it"),
        (cut, &pem, "providers.tls.ca_file", "`ca.pem`: certificate 1"),
        (BROKEN, &pem, "providers.tls.ca_file", "`ca.pem`: certificate 1 cannot be read"),
        (&pem, "", "plugins.chain[0].callouts.ca_file", "`callouts.pem`: there is no certificate in it"),
    ] {
        for output in with_authorities(provider, callouts) {
            let said = err(&output);
            assert_eq!(output.status.code(), Some(1), "{said}");
            let line =
                said.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("no {what:?} in: {said}"));
            assert!(line.contains("weir.toml:") && line.contains(key) && line.contains("give a PEM file"), "{line}");
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_said_plainly() {
    for command in ["check", "serve"] {
        let output = weir(&[command, "--config", "/nowhere/weir.toml"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(err(&output).contains("/nowhere/weir.toml"), "{}", err(&output));
    }
}

#[test]
fn a_chain_that_names_an_unknown_plugin_is_refused_with_its_line() {
    let (_folder, file) = folder(&demo_config("[plugins]\n\n[[plugins.chain]]\nplugin = \"no-such-plugin\"\n"));
    let written = fs::read_to_string(&file).unwrap();
    let line = written.lines().position(|l| l.starts_with("[[plugins.chain]]")).unwrap() + 1;
    for output in [check(&file), weir(&["serve", "--config", file.to_str().unwrap()])] {
        assert_eq!(output.status.code(), Some(1));
        let said = err(&output);
        let at = [line, line + 1].map(|n| format!("{}:{n}: plugins.chain.no-such-plugin:", file.display()));
        assert!(said.lines().any(|l| at.iter().any(|at| l.starts_with(at))), "no {at:?} in: {said}");
    }
}

#[test]
fn a_base_url_that_ends_in_an_endpoints_path_is_refused_with_its_line() {
    let openai = |path: &str| config("127.0.0.1:9".parse().unwrap()).replace(":9/v1\"", &format!(":9{path}\""));
    for path in [
        "/v1/chat/completions",
        "/v1/chat/completions/",
        "/v1/Chat/Completions",
        "/openai/deployments/m/chat/completions",
        "/v1/embeddings",
        "/v1/models",
    ] {
        let (_folder, file) = folder(&format!("{}[plugins]\n", openai(path)));
        let line = fs::read_to_string(&file).unwrap().lines().position(|l| l.starts_with("base_url")).unwrap() + 1;
        for command in ["check", "serve"] {
            let output = weir(&[command, "--config", file.to_str().unwrap()]);
            assert_eq!(output.status.code(), Some(1), "{command}: {path}");
            let place = format!("{}:{line}: providers.up.base_url:", file.display());
            assert!(err(&output).contains(&place), "{command}: {path}: {}", err(&output));
            assert!(!out(&output).contains("good"), "{command}: {path}");
        }
    }
    for path in ["", "/", "/v1", "/openai/deployments/m", "/my-embeddings", "/chat"] {
        let (_folder, file) = folder(&format!("{}[plugins]\n", openai(path)));
        assert!(check(&file).status.success(), "{path}: {}", err(&check(&file)));
    }
    // A change to one is refused as a whole, and what served serves on.
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    gateway.write_config(&config(upstream.address).replace("/v1\"", "/v1/chat/completions\""));
    support::until("it is refused", || gateway.ready()["problems"].to_string().contains("base_url").then_some(()));
    assert_eq!(post(gateway.address, "sk-weir-acme-demo", &chat("hi")).status, 200);
}

#[test]
fn a_plugin_that_does_not_load_keeps_the_gateway_from_starting_unless_its_binding_is_open() {
    let upstream = Upstream::chat();
    let bound =
        |more: &str| format!("{}\n[plugins]\n[[plugins.chain]]\nplugin = \"absent\"\n{more}", config(upstream.address));
    let (_folder, file) = folder(&bound(""));
    let output = weir(&["serve", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("absent"), "{}", err(&output));
    let gateway = Gateway::start(&bound("on_failure = \"open\"\n"));
    assert_eq!(post(gateway.address, support::ACME, &chat("hi")).status, 200);
    assert!(gateway.ready()["problems"].to_string().contains("absent"), "it is said all the same");
}

#[test]
fn help_names_every_command_and_mistakes_point_to_it() {
    let help = weir(&["--help"]);
    assert!(help.status.success());
    for word in ["serve", "check", "key", "--config", "--listen", "--admin"] {
        assert!(out(&help).contains(word), "no {word} in: {}", out(&help));
    }
    let wrong = weir(&["sevre"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(err(&wrong).contains("sevre"), "{}", err(&wrong));
    assert!(out(&weir(&["--version"])).starts_with("weir "));
}

#[test]
fn a_new_key_works_once_its_hash_is_in_the_configuration() {
    let upstream = Upstream::chat();
    let pepper = |text: &str| format!("pepper = \"a pepper of the test's own\"\n{text}");
    let (_folder, file) = folder(&pepper(&config(upstream.address)));
    let output = weir(&["key", "new", "team_1", "--config", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", err(&output));
    let token = out(&output).trim().to_owned();
    assert!(token.starts_with("sk-weir-team_1-") && token.len() > 40, "{token}");
    let said = err(&output);
    assert!(!said.contains(&token));
    let hash = said.lines().find(|l| l.starts_with("hash = ")).unwrap();

    let key = format!("[tenants.new]\nmodels = [\"*\"]\n[[tenants.new.keys]]\nid = \"team_1\"\n{hash}\n");
    let gateway = Gateway::start(&format!("{}\n{key}", pepper(&config(upstream.address))));
    assert_eq!(post(gateway.address, &token, &chat("hi")).status, 200);
    assert_eq!(post(gateway.address, &format!("{token}x"), &chat("hi")).status, 401);
}

#[test]
fn a_key_that_is_to_sign_comes_with_its_secret_for_the_configuration() {
    let (_folder, file) = folder(&demo_config("[plugins]\n"));
    let output = weir(&["key", "new", "team_1", "--sigv4", "--config", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", err(&output));
    let token = out(&output).trim().to_owned();
    let secret = token.strip_prefix("sk-weir-team_1-").unwrap();
    assert!(err(&output).contains(&format!("\nsecret = \"{secret}\"\n")), "{}", err(&output));
    let lines: Vec<String> = err(&output)
        .lines()
        .filter(|l| l.starts_with("id =") || l.starts_with("hash =") || l.starts_with("secret ="))
        .map(str::to_owned)
        .collect();
    let key = format!("[tenants.new]\nmodels = [\"*\"]\n[[tenants.new.keys]]\n{}\n", lines.join("\n"));
    let gateway = Gateway::start(&format!("{}\n{key}", config(Upstream::chat().address)));
    assert!(!gateway.log().contains(secret), "{}", gateway.log());
}

#[test]
fn a_key_of_an_impossible_name_is_refused() {
    let (_folder, file) = folder(&demo_config("[plugins]\n"));
    let output = weir(&["key", "new", "Team 1", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).starts_with("weir: "), "{}", err(&output));
}

#[test]
fn a_port_in_use_is_a_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (_folder, file) = folder(&demo_config("[plugins]\n"));
    for flag in ["--listen", "--admin"] {
        let output = weir(&["serve", "--config", file.to_str().unwrap(), flag, &address]);
        assert_eq!(output.status.code(), Some(1), "{flag}");
        assert!(err(&output).contains(&format!("cannot listen on {address}")), "{}", err(&output));
    }
}

#[test]
fn two_gateways_do_not_share_a_port_unnoticed() {
    let gateway = Gateway::start(&demo_config(""));
    let (_folder, file) = folder(&demo_config("[plugins]\n"));
    let address = gateway.address.to_string();
    let output = weir(&["serve", "--config", file.to_str().unwrap(), "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("is another gateway running there?"), "{}", err(&output));
}

#[test]
fn the_shipped_configuration_is_good_and_answers_the_shipped_key() {
    let shipped = root().join("config/weir.toml");
    let output = check(&shipped);
    assert!(output.status.success(), "{}", err(&output));
    let gateway = Gateway::start_file(&shipped, &["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let body = chat("Hello, Weir").replace("\"m\"", "\"demo-small\"");
    let reply = post(gateway.address, "sk-weir-acme-demo", &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(!reply.content().is_empty());
    support::until("it says what to try", || gateway.log().contains("try      curl").then_some(()));
}
