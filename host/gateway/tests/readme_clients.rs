//! README's clients of other dialects against the configuration as it is shipped: what stands there is run as it stands, but for
//! the address. A client that is not here is said to be missing.

use crate::bundled::shipped;
use crate::support::{ACME, Gateway, root};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The blocks of this language in README's part about clients, at this gateway.
fn blocks(language: &str, gateway: &Gateway) -> Vec<String> {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let part = text.split_once("## With the clients that you have\n").unwrap().1.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    let blocks = part.split(&fence).skip(1).map(|block| block.split("```").next().unwrap());
    let blocks: Vec<String> =
        blocks.map(|block| block.replace("127.0.0.1:8080", &gateway.address.to_string())).collect();
    assert!(!blocks.is_empty(), "README has none in {language}");
    blocks
}

/// What a block says that it prints: what stands behind the last `#` of its last line.
fn promised(block: &str) -> String {
    block.trim_end().rsplit_once("# ").unwrap().1.to_owned()
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_python_clients_of_the_readme_read_what_it_says() {
    let gateway = shipped();
    let named = std::env::var("WEIR_TEST_PYTHON").ok();
    for block in blocks("python", &gateway) {
        let import = block.lines().next().unwrap().split('#').next().unwrap();
        let pythons = named.clone().into_iter().chain(["python3".to_owned()]);
        let has =
            |python: &String| Command::new(python).args(["-c", import]).output().is_ok_and(|o| o.status.success());
        let Some(python) = pythons.into_iter().find(has) else {
            eprintln!("SKIPPED: no Python where `{}` works; set WEIR_TEST_PYTHON to one", import.trim());
            continue;
        };
        let output = Command::new(python).args(["-c", &block]).env_remove("GOOGLE_API_KEY").output().unwrap();
        let (out, err) = said(&output);
        assert_eq!(out, promised(&block), "{err}");
    }
}

/// A program that a variable names; none, with a word on that, if it names none.
fn named_by(variable: &str) -> Option<String> {
    let program = std::env::var(variable).ok();
    if program.is_none() {
        eprintln!("SKIPPED: {variable} names no program");
    }
    program
}

/// A shell in a folder of its own that is its home, too, in which `name` is this program.
fn shell(home: &Path, name: &str, program: &str) -> Command {
    let script = home.join(name);
    fs::write(&script, format!("#!/bin/sh\nexec '{program}' \"$@\" </dev/null\n")).unwrap();
    let mut shell = Command::new("sh");
    assert!(Command::new("chmod").arg("+x").arg(&script).status().unwrap().success());
    let path = format!("{}:{}", home.display(), std::env::var("PATH").unwrap());
    shell.env("PATH", path).env("HOME", home).current_dir(home);
    shell
}

#[test]
fn claude_code_does_with_two_variables_what_the_readme_says() {
    let Some(claude) = named_by("WEIR_TEST_CLAUDE") else { return };
    let (gateway, home) = (shipped(), tempfile::tempdir().unwrap());
    let block = blocks("sh", &gateway).remove(0);
    let mut shell = shell(home.path(), "claude", &claude);
    // Nothing that it would like to know of the network belongs here.
    shell.env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
    let output = shell.args(["-c", &format!("timeout 120 sh -c '{}'", block.replace('\'', "'\\''"))]).output().unwrap();
    let (out, err) = said(&output);
    assert_eq!(out, promised(&block), "{err}");
}

#[test]
fn codex_answers_by_the_lines_of_the_readme() {
    let Some(codex) = named_by("WEIR_TEST_CODEX") else { return };
    let (gateway, home) = (shipped(), tempfile::tempdir().unwrap());
    fs::write(home.path().join("config.toml"), blocks("toml", &gateway).remove(0)).unwrap();
    let mut shell = shell(home.path(), "codex", &codex);
    shell.env("CODEX_HOME", home.path()).env("WEIR_KEY", ACME);
    let output =
        shell.args(["-c", "timeout 120 codex exec --skip-git-repo-check 'Hello from Codex'"]).output().unwrap();
    let (out, err) = said(&output);
    assert!(output.status.success() && out.ends_with("You said: Hello from Codex"), "{out}\n{err}");
}
