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
