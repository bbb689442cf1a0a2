use super::*;

const TEXT: &str = "# Why.\n\ncircle a.rs\ncircle b.rs\nname Answer 3\nname Place 2\n";

fn found(files: &[&str], names: &[(&str, usize)]) -> Known {
    Known {
        in_circles: files.iter().map(|file| (*file).to_owned()).collect(),
        shared_names: names.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
    }
}

#[test]
fn a_list_that_says_what_is_there_is_in_order() {
    let found = found(&["a.rs", "b.rs"], &[("Answer", 3), ("Place", 2)]);
    assert_eq!(Known::read(TEXT).unwrap().deviation(&found), Deviation::default());
}

#[test]
fn what_is_new_is_told() {
    let found = found(&["a.rs", "b.rs", "c.rs"], &[("Answer", 4), ("Place", 2), ("Reader", 2)]);
    let deviation = Known::read(TEXT).unwrap().deviation(&found);
    assert_eq!(deviation.new_in_circles, ["c.rs"]);
    assert_eq!(deviation.new_names, ["Answer", "Reader"]);
    assert!(deviation.gone.is_empty());
}

#[test]
fn what_is_gone_has_to_leave_the_list() {
    let known = Known::read(TEXT).unwrap();
    let found = found(&["a.rs"], &[("Answer", 2)]);
    assert_eq!(known.deviation(&found).gone.len(), 3);
    let shrunk = known.shrunk(TEXT, &found);
    assert_eq!(shrunk, "# Why.\ncircle a.rs\nname Answer 2\n");
    assert_eq!(Known::read(&shrunk).unwrap().deviation(&found), Deviation::default());
}

#[test]
fn shrinking_takes_nothing_new_in() {
    let known = Known::read(TEXT).unwrap();
    let found = found(&["a.rs", "b.rs", "c.rs"], &[("Answer", 9), ("Place", 2), ("Reader", 2)]);
    assert_eq!(known.shrunk(TEXT, &found), TEXT.replace("\n\n", "\n"));
}

#[test]
fn a_line_that_is_neither_is_named() {
    let failed = Known::read("circle a.rs\nname Answer many\n").unwrap_err();
    assert!(failed.0.starts_with("tools/structure/known.txt:2: "), "{failed:?}");
}
