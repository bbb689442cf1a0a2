use super::*;
use wasmtime::Error;

#[test]
fn what_happened_is_said_and_not_where_alone() {
    let error = Error::msg("the value is out of range").context(format!("{BACKTRACE}\n    0:   0x8f - <unknown>!run"));
    assert_eq!(reason(&error), "the value is out of range");
    let error = Error::msg("root").context("middle").context("outermost");
    assert_eq!(reason(&error), "outermost: middle: root");
}

#[test]
fn a_reason_is_one_bounded_line_that_no_terminal_obeys() {
    assert_eq!(one_line("a\nb\r\n  c\td"), "a b c d");
    assert_eq!(one_line("\u{1b}[31m `x` \"y\" it's"), "\\u{1b}[31m `x` \"y\" it's");
    assert_eq!(one_line(""), "");
    for text in ["x".repeat(5_000), "ä".repeat(5_000), "\u{1b}".repeat(5_000), "a b ".repeat(5_000)] {
        let line = one_line(&text);
        assert!((290..=MOST).contains(&line.len()), "{}", line.len());
    }
}
/// The line alone.
fn line(text: &str, most: usize) -> String {
    visible(text, most).0
}

#[test]
fn it_is_known_how_much_of_a_text_a_line_has() {
    assert_eq!(visible("a\nb", 100), ("a\\nb".to_owned(), 3));
    assert_eq!(visible("ab\nc", 3), ("ab".to_owned(), 2));
    assert_eq!(visible("abc", 0), (String::new(), 0));
}

#[test]
fn a_line_is_one_line_and_no_terminal_obeys_it() {
    assert_eq!(line("a\nb\r\u{1b}[31m\0", 100), "a\\nb\\r\\u{1b}[31m\\0");
    for hidden in
        ["\u{85}", "\u{2028}", "\u{202e}", "\u{2066}", "\u{200b}", "\u{feff}", "\u{e0041}", "\u{ad}", "\u{9b}"]
    {
        assert!(line(hidden, 100).is_ascii(), "{hidden:?}");
    }
}

#[test]
fn what_can_be_seen_stands_in_a_line_as_it_was_written() {
    for text in [r#"{"say":"it's \"so\""}"#, r"C:\logs\n", "né क्षि ไทย 👩\u{200d}💻", "\u{301}e"] {
        assert_eq!(line(text, 100), text);
    }
}

#[test]
fn a_line_is_bounded_as_it_is_written_and_ends_at_a_character() {
    assert_eq!(line("aaaa", 3), "aaa");
    assert_eq!(line("ää", 3), "ä");
    assert_eq!(line("\u{1b}\u{1b}", 7), "\\u{1b}", "what escapes make of it counts");
    assert_eq!(line("\n\n", 1), "");
}
