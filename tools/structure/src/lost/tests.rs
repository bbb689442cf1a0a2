use super::*;

/// What is said of the files of one package, `a`, with these.
fn said(sources: &[(&str, &str)]) -> Vec<String> {
    let files = sources.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let package = Package { folder: "a".to_owned(), name: "a".to_owned(), needs: std::collections::BTreeMap::new() };
    let lines = faults(&files, &[package]);
    lines.iter().map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_file_is_found_wherever_its_module_is_named() {
    let all = [
        ("a/src/lib.rs", "mod b; #[cfg(test)] mod tests; mod inline { mod c; }"),
        ("a/src/b.rs", "#[path = \"elsewhere/d.rs\"]\nmod d; /* mod not; */ #[cfg(test)]\n#[allow(x)]\nmod tests;"),
        ("a/src/b/tests.rs", "mod deep;"),
        ("a/src/b/tests/deep.rs", ""),
        ("a/src/elsewhere/d.rs", "pub(crate) mod e;"),
        ("a/src/elsewhere/e/mod.rs", "mod f;"),
        ("a/src/elsewhere/e/f.rs", ""),
        ("a/src/inline/c.rs", ""),
        ("a/src/tests.rs", ""),
        ("a/src/bin/tool.rs", ""),
        ("a/tests/one.rs", "mod support;"),
        ("a/tests/support/mod.rs", "#[path = \"../../src/tried.rs\"] mod tried;"),
        ("a/src/tried.rs", ""),
    ];
    assert_eq!(said(&all), Vec::<String>::new());
}

#[test]
fn a_file_that_no_module_names_is_told() {
    let all = [
        ("a/src/lib.rs", "mod b; // mod old;\nconst TEXT: &str = \"mod written;\";"),
        ("a/src/b.rs", ""),
        ("a/src/b/tests.rs", ""),
        ("a/src/old.rs", ""),
        ("a/src/written.rs", ""),
        ("a/tests/main.rs", "mod one;"),
        ("a/tests/one.rs", ""),
        ("a/tests/two.rs", ""),
    ];
    assert_eq!(said(&all), ["a/src/b/tests.rs", "a/src/old.rs", "a/src/written.rs", "a/tests/two.rs"]);
}

#[test]
fn tests_without_a_main_file_are_programs_each() {
    let all = [
        ("a/tests/one.rs", ""),
        ("a/tests/two.rs", "mod help;"),
        ("a/tests/more/three.rs", ""),
        ("a/tests/folder/main.rs", "mod four;"),
        ("a/tests/folder/four.rs", ""),
        ("a/tests/folder/deep/main.rs", ""),
    ];
    assert_eq!(said(&all), ["a/tests/folder/deep/main.rs", "a/tests/more/three.rs"]);
}
