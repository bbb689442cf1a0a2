//! What somebody does who has just begun: what is printed or documented for that works as it stands there, and a slip is told
//! before anybody is asked.

use crate::support;

use crate::guest::{Guest, install};
use crate::support::upstream::Upstream;
use crate::support::{Gateway, config, config_with, demo_config, post, root, with_folders};
use serde_json::Value as Json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Logs as JSON, in which what is printed over several lines is one text.
const JSON: &str = "[log]\njson = true\n";

fn weir(arguments: &[&str]) -> Output {
    Command::new(support::weir()).args(arguments).env_remove("WEIR_CONFIG").output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What was printed that begins with this word.
fn printed(gateway: &Gateway, word: &str) -> Option<String> {
    let log = gateway.log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let mut texts = lines.filter_map(|line| line["fields"]["message"].as_str().map(str::to_owned));
    texts.find_map(|text| text.strip_prefix(word).map(|rest| rest.trim().to_owned()))
}

/// Has a shell run the printed command with this in WEIR_KEY, and a `curl` that prints what it was called with, each word's
/// end marked; answers the words.
fn typed(gateway: &Gateway, key: &str) -> Vec<String> {
    let command = support::until("it says what to try", || printed(gateway, "try "));
    let folder = tempfile::tempdir().unwrap();
    let curl = folder.path().join("curl");
    fs::write(&curl, "#!/bin/sh\nprintf '%s\\0' \"$@\"\n").unwrap();
    fs::set_permissions(&curl, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    let output = shell.args(["-c", &command]).env("PATH", path).env("WEIR_KEY", key).output().unwrap();
    assert!(output.status.success(), "{command}: {}", err(&output));
    let words = String::from_utf8(output.stdout).unwrap();
    words.split_terminator('\0').map(str::to_owned).collect()
}

/// Sends what `curl` was told to.
fn sent(gateway: &Gateway, words: &[String]) -> (support::Reply, Json) {
    let url = format!("http://{}/v1/chat/completions", gateway.address);
    assert!(words.contains(&url) && words.contains(&"content-type: application/json".to_owned()), "{words:?}");
    let token = words.iter().find_map(|word| word.strip_prefix("authorization: Bearer ")).unwrap();
    let body = words.last().unwrap();
    (post(gateway.address, token, body), serde_json::from_str(body).unwrap())
}

#[test]
fn the_printed_command_sends_the_token_that_the_variable_holds() {
    let peppered = |more: &str| format!("pepper = \"of its own\"\n{}{JSON}{more}", config(Upstream::chat().address));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weir.toml");
    fs::write(&file, peppered("")).unwrap();
    let new = weir(&["key", "new", "mine", "--config", file.to_str().unwrap()]);
    let (token, said) = (String::from_utf8(new.stdout.clone()).unwrap(), err(&new));
    let hash = said.lines().find(|line| line.starts_with("hash = ")).unwrap();
    let key = format!("[tenants.mine]\nmodels = [\"*\"]\n[[tenants.mine.keys]]\nid = \"mine\"\n{hash}\n");
    let gateway = Gateway::start(&peppered(&key));
    let (reply, body) = sent(&gateway, &typed(&gateway, token.trim()));
    assert_eq!((reply.status, &body["model"]), (200, &Json::from("m")), "{}", reply.text());
    let hint = printed(&gateway, "token ").expect("a word on what the variable has to hold");
    assert!(hint.contains("WEIR_KEY") && hint.contains("weir key new"), "{hint}");
}

#[test]
fn the_printed_command_has_a_model_that_its_key_may_use_word_for_word() {
    // Names that a shell, or JSON, would make something else of.
    for name in ["a'b", "a$HOME", "a\\\"b", "a`id`", "a;b&c"] {
        let upstream = Upstream::chat();
        let model = format!("[models.\"{name}\"]\ntargets = [\"up/m\"]\n{JSON}");
        let text = config_with(upstream.address, "", &model).replacen("models = [\"*\"]", "models = [\"a*\"]", 1);
        let gateway = Gateway::start(&text);
        let (reply, body) = sent(&gateway, &typed(&gateway, ""));
        assert_eq!(body["model"], name.replace("\\\"", "\""));
        assert_eq!(reply.status, 200, "the first model is not for that key: {}", reply.text());
        assert_eq!(printed(&gateway, "token "), None, "a demo key stands in the command itself");
    }
}

#[test]
fn the_case_that_is_documented_is_that_of_the_plugin_that_is_named_there() {
    let docs = fs::read_to_string(root().join("docs/plugin-tools.md")).unwrap();
    let test = docs.split_once("\n## test\n").unwrap().1;
    let (words, rest) = test.split_once("```json\n").unwrap();
    let (folder, case) = (tempfile::tempdir().unwrap(), rest.split_once("```").unwrap().0);
    let file = folder.path().join("case.json");
    fs::write(&file, case).unwrap();
    let tried = |plugin: &Path| weir(&["plugin", "test", plugin.to_str().unwrap(), "--case", file.to_str().unwrap()]);
    assert!(words.contains("plugins/examples/*/word-policy.wasm") && words.contains("`prompt-guard`"), "{words}");
    let kept = ["rust", "typescript", "c", "zig", "wat"];
    for language in kept {
        let output = tried(&root().join(format!("plugins/examples/{language}/word-policy.wasm")));
        assert!(output.status.success(), "{language}: {}", String::from_utf8_lossy(&output.stdout));
    }
    let guard = tried(&support::installed().join("prompt-guard.wasm"));
    let said = String::from_utf8(guard.stdout).unwrap();
    assert_eq!(guard.status.code(), Some(1), "{said}");
    assert!(said.contains("counters.denied") && words.contains("`expect.counters.denied`"), "{said}");
}

/// A configuration file with a folder of plugins beside it.
fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("plugins")).unwrap();
    let file = folder.path().join("weir.toml");
    fs::write(&file, with_folders(text)).unwrap();
    (folder, file)
}

#[test]
fn a_start_that_fails_for_its_configuration_says_each_mistake_as_a_line_of_json() {
    let mistakes = "[limits]\nboddy = 3\nconnections = 0\n";
    let said = |command: &str, text: &str, more: &[&str]| {
        let (_folder, file) = written(text);
        let output = weir(&[&[command, "--config", file.to_str().unwrap()], more].concat());
        assert_ne!(output.status.code(), Some(0), "{text}");
        (err(&output), file.display().to_string())
    };
    let (lines, file) = said("serve", &demo_config(&format!("{mistakes}{JSON}")), &[]);
    assert_eq!(lines.lines().count(), 2, "{lines}");
    for (line, key) in lines.lines().zip(["boddy", "connections"]) {
        let line: Json = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let message = line["fields"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{file}:")) && message.contains(&format!("limits.{key}: ")), "{line}");
        assert_eq!(line["level"], "ERROR");
    }
    // What is for a person, and where nobody can tell what is asked for.
    let bad = demo_config(&format!("{mistakes}{JSON}"));
    for (command, text, more) in [
        ("check", bad.as_str(), &[][..]),
        ("serve", &demo_config(&format!("{mistakes}[log]\njson = \"yes\"\n")), &[]),
        ("serve", &demo_config(&format!("{JSON}[[[")), &[]),
        ("serve", &bad, &["--lissten", "1"]),
    ] {
        let (lines, _) = said(command, text, more);
        assert!(lines.lines().count() > 0 && lines.lines().all(|line| !line.starts_with('{')), "{lines}");
    }
}

#[test]
fn a_port_that_is_taken_is_told_before_any_plugin_is_compiled() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let chain = "[[plugins.chain]]\nplugin = \"guard\"\n";
    let (folder, file) = written(&demo_config(&format!("[plugins]\nfolder = \"plugins\"\ncache = \"cache\"\n{chain}")));
    install(&folder.path().join("plugins"), "guard", &Guest::on("policy", "(call $pass)").build());
    for option in ["--listen", "--admin"] {
        let output = weir(&["serve", "--config", file.to_str().unwrap(), option, &address]);
        assert_eq!(output.status.code(), Some(1), "{option}");
        assert!(err(&output).contains(&format!("cannot listen on {address} ({option}")), "{}", err(&output));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "{option}: nothing was compiled for it");
    }
    let gateway = Gateway::start_file(&file, &[]);
    assert!(gateway.log().contains("compiling guard"), "else it is compiled first: {}", gateway.log());
}

/// What `weir check` says of a file that is good.
fn warned(text: &str) -> String {
    let (_folder, file) = written(text);
    let output = weir(&["check", "--config", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", err(&output));
    err(&output)
}

#[test]
fn a_base_url_without_a_path_is_warned_of_with_what_will_be_asked() {
    let openai = |url: &str| demo_config(&format!("[providers.o]\nkind = \"openai\"\nbase_url = \"{url}\"\n"));
    for host in ["https://api.openai.com", "https://models.example:8443", "https://[2001:db8::1]"] {
        let said = warned(&openai(host));
        let asked = format!("providers.o.base_url: has no path, so that {host}/chat/completions will be asked");
        let line = said.lines().find(|line| line.contains(&asked)).unwrap_or_else(|| panic!("{host}: {said}"));
        assert!(line.starts_with("warning: /") && line.contains("/weir.toml:") && line.contains("`/v1`"), "{line}");
    }
    for meant in ["https://api.openai.com/v1", "https://api.example/", "http://127.0.0.1:8000"] {
        assert!(!warned(&openai(meant)).contains("base_url"), "{meant}");
    }
}
