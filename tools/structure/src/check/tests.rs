use super::*;

/// A workspace of two crates, `host/low` (rank 0) and `host/high` (rank 1), with the given files.
fn workspace(sources: &[(&str, &str)]) -> SourceFiles {
    let mut files = SourceFiles::new();
    let mut add = |path: &str, text: &str| files.insert(path.to_owned(), text.to_owned());
    add("Cargo.toml", "[workspace]\nmembers = [\"host/low\", \"host/high\"]\n");
    add("host/low/Cargo.toml", "[package]\nname = \"weir-low\"\n");
    let needs = "[package]\nname = \"weir-high\"\n[target.'cfg(unix)'.dependencies]\nweir-low.workspace = true\n";
    add("host/high/Cargo.toml", needs);
    add(crate::ranks::MAP, "| 0 | `host/low` | . | none |\n| 1 | `host/high` | . | `low` |\n");
    for (path, text) in sources {
        add(path, text);
    }
    files
}

#[test]
fn a_workspace_in_order_has_nothing() {
    let files = workspace(&[
        ("host/low/src/lib.rs", "mod a; pub use a::A;"),
        ("host/low/src/a.rs", "pub struct A;"),
        ("host/high/src/main.rs", "use weir_low::A; fn main() {}"),
    ]);
    let found = check(&files).unwrap();
    assert!(found.faults.is_empty() && found.long.is_empty(), "{:?}", found.faults);
    assert_eq!(found.as_known(), Known::default());
}

#[test]
fn a_circle_is_found_in_libraries_programs_and_further_programs() {
    let pair = |folder: &str, root: &str| {
        let beside = root.rsplit_once('/').map_or("", |(beside, _)| beside);
        [
            (format!("{folder}/src/{root}"), "mod a; mod b;"),
            (format!("{folder}/src/{beside}/a.rs").replace("//", "/"), "use crate::b::B; pub struct A;"),
            (format!("{folder}/src/{beside}/b.rs").replace("//", "/"), "use crate::a::A; pub struct B;"),
        ]
    };
    for (folder, root) in [("host/low", "lib.rs"), ("host/high", "main.rs"), ("host/high", "bin/tool/main.rs")] {
        let sources = pair(folder, root);
        let sources: Vec<(&str, &str)> = sources.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let found = check(&workspace(&sources)).unwrap();
        assert_eq!(found.circles.len(), 1, "{root}");
        assert_eq!(found.as_known().in_circles.len(), 2, "{root}");
    }
}

#[test]
fn types_that_share_a_name_are_found_over_crates_and_visibilities() {
    let files = workspace(&[
        (
            "host/low/src/lib.rs",
            "mod a; pub struct Place; struct Own; pub fn Answer() {} #[cfg(test)] pub struct Late;",
        ),
        ("host/low/src/a.rs", "pub(super) enum Place {} struct Own; pub(crate) trait Answer {}"),
        ("host/high/src/main.rs", "pub(crate) type Place = u8; pub struct Late;"),
    ]);
    let found = check(&files).unwrap();
    assert_eq!(found.as_known().shared_names, BTreeMap::from([("Place".to_owned(), 3)]));
}

#[test]
fn rooms_for_odds_and_ends_and_imports_of_everything_are_faults() {
    let files = workspace(&[
        ("host/low/src/lib.rs", "mod utils; use crate::utils::*;"),
        ("host/low/src/utils.rs", "pub struct A;"),
    ]);
    let found = check(&files).unwrap();
    assert_eq!(found.faults.len(), 2, "{:?}", found.faults);
}

#[test]
fn a_rank_that_is_not_kept_is_a_fault() {
    let mut files = workspace(&[]);
    let needs = "[package]\nname = \"weir-low\"\n[dev-dependencies]\nweir-high.workspace = true\n";
    files.insert("host/low/Cargo.toml".to_owned(), needs.to_owned());
    assert_eq!(check(&files).unwrap().faults, ["host/low (rank 0) names host/high (rank 1)"]);
}

#[test]
fn what_is_long_is_told_and_no_fault() {
    let body = "call();\n".repeat(61);
    let text = format!("fn long() {{\n{body}}}\n") + &"\n".repeat(400);
    let root = format!("mod a;\n{text}");
    let inner = ("host/low/src/a.rs", "#[cfg(test)] mod tests;");
    let tests = ("host/low/src/a/tests.rs", text.as_str());
    let found = check(&workspace(&[("host/low/src/lib.rs", &root), inner, tests])).unwrap();
    assert_eq!(found.long, ["host/low/src/lib.rs: `fn long`: 61 lines", "host/low/src/lib.rs: 464 lines"]);
    assert!(found.faults.is_empty());
}

#[test]
fn a_file_that_no_module_names_is_a_fault() {
    let files = workspace(&[("host/low/src/lib.rs", ""), ("host/low/src/left.rs", "")]);
    assert_eq!(
        check(&files).unwrap().faults,
        ["host/low/src/left.rs: no `mod` leads to it, so that nobody compiles it"]
    );
}
