use super::*;

/// What is said of a document with this text, where there are `host/low/src/a.rs` and `host/low/src/room/a_b.rs`.
fn said(document: &str, text: &str) -> Vec<String> {
    let files = [("host/low/src/a.rs", ""), ("host/low/src/room/a_b.rs", ""), (document, text)];
    faults(&files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect())
}

#[test]
fn a_file_may_be_named_by_its_path_or_the_last_parts_of_it() {
    for name in ["a.rs", "src/a.rs", "low/src/a.rs", "host/low/src/a.rs", "a_b.rs", "room/a_b.rs"] {
        assert_eq!(said("SECURITY.md", &format!("It is in `{name}`, and nowhere else.")), [""; 0], "{name}");
    }
}

#[test]
fn a_name_that_no_file_has_is_a_fault_of_its_line() {
    for name in ["b.rs", "room/a.rs", "_b.rs", "other/src/a.rs", "low/a.rs"] {
        for document in DOCUMENTS {
            let text = format!("# Head\n\nIn `a.rs` and `{name}`.\n");
            assert_eq!(said(document, &text), [format!("{document}:3: there is no `{name}`")]);
        }
    }
}

#[test]
fn what_stands_for_any_name_or_is_no_name_is_none() {
    let text = "`src/NAME.rs`, `*.rs`, `crate::b.rs()`, `a rs`, b.rs, `README.md`\n```rs\nb.rs\n```\n";
    assert_eq!(said("CONTRIBUTING.md", text), [""; 0]);
}

/// What is said of the map with this text, where files of one name are in several folders.
fn said_of_many(text: &str) -> Vec<String> {
    let paths =
        ["host/low/src/a.rs", "host/low/src/room/a.rs", "host/top/src/a.rs", "tools/b.rs", "host/low/src/room/b.rs"];
    let files = paths.into_iter().map(|path| (path, "")).chain([(MAP, text)]);
    faults(&files.map(|(path, text)| (path.to_owned(), text.to_owned())).collect())
}

#[test]
fn a_name_that_several_files_have_is_a_fault_that_names_them() {
    let said = said_of_many("In `low/src/a.rs`, and in `src/a.rs`.\n");
    assert_eq!(said, [format!("{MAP}:1: `src/a.rs` is host/low/src/a.rs, or host/top/src/a.rs")]);
    let said = said_of_many("In `tools/b.rs`, `room/a.rs`, and `b.rs`.\n");
    assert_eq!(said, [format!("{MAP}:1: `b.rs` is host/low/src/room/b.rs, or tools/b.rs")]);
}

#[test]
fn in_a_section_whose_names_are_below_a_folder_a_name_is_one_of_it_first() {
    let rule =
        "Paths are below `host`; [the room](#the-room) below `low/src/room`, [the top](#top)\nbelow `top/src`.\n";
    let section =
        |heading: &str| said_of_many(&format!("{rule}\n## {heading}\n\n### Within\n\n`a.rs`, `low/src/a.rs`\n"));
    assert_eq!(section("The room"), [""; 0]);
    assert_eq!(section("Top"), [""; 0]);
    let all = "host/low/src/a.rs, or host/low/src/room/a.rs, or host/top/src/a.rs";
    assert_eq!(section("Another"), [format!("{MAP}:8: `a.rs` is {all}")]);
    // The next section has its own names again.
    let said = said_of_many(&format!("{rule}## Top\n`a.rs`\n## Another\n`a.rs`\n"));
    assert_eq!(said, [format!("{MAP}:6: `a.rs` is {all}")]);
}
