use super::*;

fn made(language: &str, dir: &Path) -> String {
    new("my-plugin", language, Some(dir)).unwrap().text
}

#[test]
fn what_is_embedded_is_what_lies_in_the_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-sdk/templates");
    let mut there: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    there.sort();
    assert_eq!(languages(), there);
}

#[test]
fn every_template_is_written_without_a_word_left_over() {
    for language in languages() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("my-plugin");
        let text = made(&language, &dir);
        assert!(text.contains("weir plugin build\n"), "{text}");
        assert_eq!(dir.join("wit/weir-plugin.wit").is_file(), language != "rust");
        assert!(dir.join("cases.json").is_file() && dir.join("README.md").is_file());
        let mode = fs::metadata(dir.join("build")).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{language}: ./build runs");
        let mut folders = vec![dir.clone()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = fs::read_to_string(&path).unwrap();
                    for word in ["{{name}}", "{{name_snake}}", "{{sdk}}"] {
                        assert!(!text.contains(word), "{}: {word}", path.display());
                    }
                }
            }
        }
    }
}

#[test]
fn the_next_steps_begin_with_what_has_to_be_installed() {
    let steps: [(&str, &[&str]); 8] = [
        ("rust", &["rustup target add wasm32-unknown-unknown "]),
        ("typescript", &["npm install "]),
        ("javascript", &["npm install "]),
        ("python", &["python3 -m venv .venv && .venv/bin/pip install -r requirements.txt "]),
        ("go", &["# once: Go 1.", "# once: `wasm-tools` "]),
        ("c", &["# once: Zig 0.", "# once: `wit-bindgen` ", "# once: `wasm-tools` "]),
        ("zig", &["# once: Zig 0.", "# once: `wasm-tools` "]),
        ("wat", &[]),
    ];
    assert_eq!(languages().len(), steps.len());
    for (language, wanted) in steps {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("my-plugin");
        let text = made(language, &dir);
        let between = text.split_once("  cd ").unwrap().1.split_once("  weir plugin build\n").unwrap().0;
        let lines: Vec<&str> = between.lines().skip(1).map(str::trim_start).collect();
        assert_eq!(lines.len(), wanted.len(), "{language}: {text}");
        let readme = fs::read_to_string(dir.join("README.md")).unwrap();
        for (line, begins) in lines.iter().zip(wanted) {
            assert!(line.starts_with(begins), "{language}: {line}");
            assert!(readme.contains(line.trim_start_matches("# once: ")), "{language}: {line}");
        }
    }
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "").unwrap();
    let error = new("my-plugin", "wat", Some(folder.path())).unwrap_err();
    assert!(matches!(error, AuthorError::NotEmpty { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn names_and_languages_are_held_to_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["", "My", "a_b", "-a", "a-", "1a", "a/b", &"a".repeat(65)] {
        assert!(matches!(new(name, "wat", Some(folder.path())), Err(AuthorError::Name(_))), "{name}");
    }
    for language in ["cobol", "", "..", "wat/wit"] {
        let error = new("a", language, Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains("rust") && error.contains("wat"), "{error}");
    }
}

#[test]
fn the_sdk_is_the_repositorys_own_below_it_and_lies_beside_the_plugin_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("plugins/mine");
    made("rust", &inner);
    let manifest = fs::read_to_string(inner.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("weir-plugin = { path = \"sdk\" }"), "{manifest}");
    fs::create_dir_all(folder.path().join("plugin-sdk/wit")).unwrap();
    fs::write(folder.path().join("plugin-sdk/Cargo.toml"), "").unwrap();
    let other = folder.path().join("plugins/other");
    made("rust", &other);
    let manifest = fs::read_to_string(other.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("weir-plugin = { path = \"../../plugin-sdk\" }"), "{manifest}");
    assert!(!other.join("sdk").exists());
}

/// Every file below a folder, as text.
fn all(root: &Path) -> Vec<(PathBuf, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.strip_prefix(root).unwrap().to_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_sdk_that_is_carried_is_the_repositorys_and_needs_no_workspace() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut carried = sdk::files();
    carried.sort();
    let (sources, rest): (Vec<_>, Vec<_>) = carried.into_iter().partition(|(path, _)| path.starts_with("src"));
    let sources: Vec<_> =
        sources.into_iter().map(|(path, text)| (path.strip_prefix("src").unwrap().to_owned(), text)).collect();
    assert_eq!(sources, all(&root.join("plugin-sdk/src")));
    let manifest = &rest.iter().find(|(path, _)| path == Path::new("Cargo.toml")).unwrap().1;
    for part in ["publish = false", "version = \"", "edition = \"2024\"", "wit-bindgen = {", "serde_json = {"] {
        assert!(manifest.contains(part), "{part}: {manifest}");
    }
    assert!(!manifest.contains("workspace") && !manifest.contains("proptest"), "{manifest}");
}

#[test]
fn a_new_plugin_is_locked_to_crates_that_weir_itself_is_built_from() {
    let packages = |text: &str| -> Vec<String> {
        let package = |part: &str| part.split("dependencies").next().unwrap().trim().to_owned();
        text.split("[[package]]\n").skip(1).map(package).collect()
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let ours = packages(&fs::read_to_string(root.join("Cargo.lock")).unwrap());
    let lock = sdk::lock("zz-mine").unwrap();
    let theirs = packages(&lock);
    assert!(theirs.len() > 10 && theirs.is_sorted(), "{lock}");
    for package in &theirs {
        assert!(package.starts_with("name = \"zz-mine\"") || ours.contains(package), "{package}");
    }
    assert_eq!(sdk::lock("word-policy").map(|lock| lock.matches("word-policy").count()), Some(1));
    assert_eq!(sdk::lock("serde"), None, "it would be two crates of one name");
}

#[test]
fn the_templates_of_languages_that_panic_or_throw_hand_over_what_is_said_then() {
    for (language, file, part) in [
        ("rust", "src/lib.rs", "weir_plugin::log::panics();"),
        ("go", "main.go", "weir.OnPanic = weir.LogPanic"),
        ("javascript", "plugin.js", "policy = logged({"),
        ("typescript", "plugin.ts", "policy: Policy = logged({"),
        ("python", "plugin.py", "@logged\n    def on_request("),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("my-plugin");
        made(language, &dir);
        assert!(fs::read_to_string(dir.join(file)).unwrap().contains(part), "{language}");
        // Such a line is written by the contract's log, which the plugin has to import.
        let world = fs::read_to_string(dir.join("world.wit")).unwrap_or_default();
        assert!(!world.contains("// import weir:plugin/log"), "{language}");
    }
}
