use super::*;

#[test]
fn what_a_panic_says_is_told_with_its_place() {
    let here = std::panic::Location::caller();
    let line = panicked(Some("index out of bounds: the len is 1 but the index is 4"), Some(here));
    assert!(line.starts_with("panicked at ") && line.contains("tests.rs:"), "{line}");
    assert!(line.ends_with(": index out of bounds: the len is 1 but the index is 4"), "{line}");
    assert_eq!(panicked(None, None), "panicked: it said nothing");
}
