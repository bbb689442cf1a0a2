use super::one_line;

#[test]
fn a_line_is_one_line_and_no_terminal_obeys_it() {
    assert_eq!(one_line("a\nb\r\u{1b}[31m\0", 100), "a\\nb\\r\\u{1b}[31m\\0");
}

#[test]
fn a_line_is_bounded_as_it_is_written_and_ends_at_a_character() {
    assert_eq!(one_line("aaaa", 3), "aaa");
    assert_eq!(one_line("ää", 3), "ä");
    assert_eq!(one_line("\u{1b}\u{1b}", 7), "\\u{1b}", "what escapes make of it counts");
    assert_eq!(one_line("\n\n", 1), "");
}
