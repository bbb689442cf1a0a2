/// The line alone.
fn one_line(text: &str, most: usize) -> String {
    super::one_line(text, most).0
}

#[test]
fn it_is_known_how_much_of_a_text_a_line_has() {
    assert_eq!(super::one_line("a\nb", 100), ("a\\nb".to_owned(), 3));
    assert_eq!(super::one_line("ab\nc", 3), ("ab".to_owned(), 2));
    assert_eq!(super::one_line("abc", 0), (String::new(), 0));
}

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
