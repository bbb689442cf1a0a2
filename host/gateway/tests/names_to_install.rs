//! Nothing that people are told to install, or to depend on, has a name in a registry that is for anybody to take: of ours
//! nothing is asked of a registry, and of others what their makers publish, in one version.

use crate::support;

use serde_json::Value as Json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What is published by those who make it: registry, name, and who they are.
const HELD: [(&str, &str, &str); 11] = [
    ("crates.io", "cargo-fuzz", "the Rust Fuzzing Authority"),
    ("crates.io", "wasm-tools", "the Bytecode Alliance"),
    ("crates.io", "wit-bindgen-cli", "the Bytecode Alliance"),
    ("crates.io", "wit-bindgen", "the Bytecode Alliance"),
    ("crates.io", "serde_json", "serde"),
    ("PyPI", "anthropic", "Anthropic"),
    ("PyPI", "google-genai", "Google"),
    ("PyPI", "ziglang", "Zig"),
    ("PyPI", "componentize-py", "the Bytecode Alliance"),
    ("npm", "componentize-qjs", "its author in the Bytecode Alliance"),
    ("npm", "typescript", "Microsoft"),
];

/// Commands that fetch something by its name, and from where.
const COMMANDS: [(&str, &str); 22] = [
    ("cargo install", "crates.io"),
    ("cargo add", "crates.io"),
    ("cargo binstall", "crates.io"),
    ("pip install", "PyPI"),
    ("pip3 install", "PyPI"),
    ("pip download", "PyPI"),
    ("pipx install", "PyPI"),
    ("pipx run", "PyPI"),
    ("uv add", "PyPI"),
    ("uv tool", "PyPI"),
    ("uvx", "PyPI"),
    ("npm install", "npm"),
    ("npm i", "npm"),
    ("npm exec", "npm"),
    ("npx", "npm"),
    ("yarn add", "npm"),
    ("pnpm add", "npm"),
    ("go install", "Go"),
    ("go get", "Go"),
    ("brew install", "Homebrew"),
    ("gem install", "RubyGems"),
    ("docker pull", "Docker Hub"),
];

/// Options whose value is the word behind them, and no name.
const WITH_VALUE: [&str; 6] = ["--features", "-r", "--requirement", "--target", "--prefix", "-o"];

/// Something that is fetched by its name.
#[derive(Debug)]
struct Fetched {
    place: String,
    registry: &'static str,
    /// As it stands there, with its version.
    word: String,
}

impl Fetched {
    fn name(&self) -> &str {
        self.word.split(['@', '=', '<', '>', '~', '[']).next().unwrap()
    }

    fn is_held(&self) -> bool {
        HELD.iter().any(|(registry, name, _)| *registry == self.registry && *name == self.name())
    }

    fn has_version(&self) -> bool {
        let version = self.word[self.name().len()..].trim_start_matches(['@', '=']);
        version.starts_with(|c: char| c.is_ascii_digit())
    }
}

/// The names in the commands of a text.
fn commands(place: &str, text: &str) -> Vec<Fetched> {
    let mut found = Vec::new();
    for line in text.lines() {
        for (command, registry) in COMMANDS {
            for (at, _) in line.match_indices(command) {
                let before = line[..at].chars().next_back();
                let after = &line[at + command.len()..];
                if before.is_some_and(|c| c.is_alphanumeric() || c == '-') || !after.starts_with(' ') {
                    continue;
                }
                let ended =
                    after.find(['`', '"', ')', '(', ',', ';', '|', '&', '#', '\'', '<', '>']).unwrap_or(after.len());
                let mut words = after[..ended].split_whitespace();
                while let Some(word) = words.next() {
                    if WITH_VALUE.contains(&word) {
                        words.next();
                    } else if word == "in" || word == "once" {
                        break;
                    } else if !word.starts_with('-') {
                        found.push(Fetched { place: place.to_owned(), registry, word: word.to_owned() });
                    }
                }
            }
        }
    }
    found
}

/// The names in a manifest of a package.
fn dependencies(place: &str, file: &Path, text: &str) -> Vec<Fetched> {
    let fetched = |registry, word: String| Fetched { place: place.to_owned(), registry, word };
    match file.file_name().unwrap().to_str().unwrap() {
        "Cargo.toml" => {
            let mut found = Vec::new();
            let mut section = String::new();
            for line in text.lines() {
                if line.starts_with('[') {
                    line.clone_into(&mut section);
                } else if section.contains("dependencies")
                    && let Some((name, value)) = line.split_once('=')
                    && !value.contains("path = ")
                    && !name.trim().ends_with(".workspace")
                {
                    let version = value.split('"').nth(1).unwrap_or_default();
                    found.push(fetched("crates.io", format!("{}@{version}", name.trim())));
                }
            }
            found
        }
        "package.json" => {
            let json: Json = serde_json::from_str(text).unwrap();
            let lists = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
            let all = lists.iter().filter_map(|list| json[list].as_object()).flatten();
            all.map(|(name, version)| fetched("npm", format!("{name}@{}", version.as_str().unwrap()))).collect()
        }
        "requirements.txt" => {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            lines.map(|line| fetched("PyPI", line.to_owned())).collect()
        }
        "go.mod" => {
            let lines = text.lines().filter(|line| line.trim_start().starts_with("require"));
            lines.map(|line| fetched("Go", line.to_owned())).collect()
        }
        _ => Vec::new(),
    }
}

/// Every text below a path that somebody may read or run.
fn texts(path: &Path, found: &mut Vec<(PathBuf, String)>) {
    const ELSEWHERE: [&str; 5] = ["target", "node_modules", ".venv", "installed", "out"];
    if path.is_dir() {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !ELSEWHERE.contains(&name) {
            fs::read_dir(path).unwrap().for_each(|entry| texts(&entry.unwrap().path(), found));
        }
    } else if let Ok(text) = fs::read_to_string(path) {
        found.push((path.to_owned(), text));
    }
}

fn fetched(found: &[(PathBuf, String)]) -> Vec<Fetched> {
    let of = |(path, text): &(PathBuf, String)| {
        let place = path.display().to_string();
        let mut all = commands(&place, text);
        all.extend(dependencies(&place, path, text));
        all
    };
    found.iter().flat_map(of).collect()
}

fn weir(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(support::weir()).arg("plugin").args(arguments).current_dir(folder).output().unwrap()
}

#[track_caller]
fn good(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out.into_owned()
}

const LANGUAGES: [&str; 8] = ["rust", "go", "javascript", "typescript", "python", "c", "zig", "wat"];

#[test]
fn nothing_that_people_are_told_to_install_has_a_name_that_is_for_anybody_to_take() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (folder, mut found) = (tempfile::tempdir().unwrap(), Vec::new());
    for place in ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs", "config", "plugin-sdk", "plugins"] {
        texts(&root.join(place), &mut found);
    }
    for language in LANGUAGES {
        good(&weir(folder.path(), &["new", &format!("new-{language}"), "--lang", language]));
    }
    texts(folder.path(), &mut found);
    let fetched = fetched(&found);
    assert!(found.len() > 150 && fetched.len() > 30, "{} texts, {} names", found.len(), fetched.len());
    for (registry, name, _) in &HELD {
        let used = fetched.iter().any(|one| one.registry == *registry && one.name() == *name);
        assert!(used, "{name} is not asked of {registry} any more");
    }
    let wrong = fetched.iter().filter(|one| !one.is_held() || !one.has_version());
    let wrong: Vec<String> = wrong.map(|one| format!("{}: {} of {}", one.place, one.word, one.registry)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Nor does any line name one of ours as a registry's would be named.
    for (path, text) in &found {
        for line in text.lines().map(str::trim_start).filter(|line| line.starts_with("weir")) {
            let named = line.split_once(" = ").is_some_and(|(name, value)| {
                let is_crate = name.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_'));
                is_crate && (value.starts_with('"') || value.contains("version"))
            });
            assert!(!named, "{}: {line}", path.display());
        }
    }
}

#[test]
fn a_name_that_is_for_anybody_to_take_is_found_wherever_it_stands() {
    for (file, text) in [
        ("README.md", "Run `cargo install --locked weir@0.1.0` first."),
        ("docs.md", "pip install weir-tools==1.0"),
        ("docs.md", "python3 -m pip install --target out/app whatever==1"),
        ("build", "command -v x || skip x \"npm install componentize-qsj@0.4.5\""),
        ("Cargo.toml", "[dependencies]\nweir-plugin = \"0.1\"\n"),
        ("Cargo.toml", "[target.'cfg(unix)'.dependencies]\nweir-plugin = { version = \"0.1\" }\n"),
        ("package.json", "{\"devDependencies\":{\"weir\":\"1.0.0\"}}"),
        ("requirements.txt", "weir==0.1\n"),
        ("go.mod", "module x\nrequire weir.example/sdk v0.1.0\n"),
    ] {
        let found = fetched(&[(PathBuf::from(file), text.to_owned())]);
        assert!(found.iter().any(|one| !one.is_held()), "{text}: {found:?}");
    }
    let unpinned = fetched(&[(PathBuf::from("a.md"), "`cargo install wasm-tools`".to_owned())]);
    assert!(unpinned.len() == 1 && unpinned[0].is_held() && !unpinned[0].has_version(), "{unpinned:?}");
}

#[test]
fn a_new_plugin_in_rust_is_built_from_what_lies_beside_it_without_a_network() {
    let folder = tempfile::tempdir().unwrap();
    good(&weir(folder.path(), &["new", "first-try", "--lang", "rust"]));
    let dir = folder.path().join("first-try");
    let cargo = |arguments: &[&str]| {
        // One target folder for all runs: what the SDK needs of others is compiled once.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-plugin");
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).args(["--offline", "--locked"]).current_dir(&dir).env("CARGO_TARGET_DIR", target);
        command.output().unwrap()
    };
    let metadata: Json = serde_json::from_str(&good(&cargo(&["metadata", "--format-version", "1"]))).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 10, "{packages:?}");
    let root = dir.canonicalize().unwrap();
    for package in packages {
        let (name, manifest) = (package["name"].as_str().unwrap(), package["manifest_path"].as_str().unwrap());
        let is_ours = name.starts_with("weir") || name == "first-try";
        assert_eq!(Path::new(manifest).starts_with(&root), is_ours, "{name} at {manifest}");
        assert_eq!(package["source"].is_null(), is_ours, "{name}");
    }
    good(&cargo(&["test"]));
}

#[test]
fn in_every_other_language_the_contract_lies_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let contract =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-sdk/wit/weir-plugin.wit")).unwrap();
    for language in LANGUAGES {
        good(&weir(folder.path(), &["new", language, "--lang", language]));
        let at = if language == "rust" { "sdk/wit" } else { "wit" };
        let laid = fs::read(folder.path().join(language).join(at).join("weir-plugin.wit")).unwrap();
        assert!(laid == contract, "{language}");
    }
}
