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
