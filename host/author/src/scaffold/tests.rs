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
    assert_eq!(languages(), there, "a new template is embedded once src/scaffold.rs is compiled again: touch it");
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
fn the_sdk_is_the_repositorys_own_below_it_and_the_published_one_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("plugins/mine");
    fs::create_dir_all(&inner).unwrap();
    assert_eq!(sdk(&inner), PUBLISHED);
    fs::create_dir_all(folder.path().join("plugin-sdk/wit")).unwrap();
    fs::write(folder.path().join("plugin-sdk/Cargo.toml"), "").unwrap();
    assert_eq!(sdk(&inner), "{ path = \"../../plugin-sdk\" }");
}
