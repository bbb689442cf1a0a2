use super::*;

fn words(source: &str) -> Vec<&str> {
    tokens(source).into_iter().filter(|token| token.kind == TokenKind::Word).map(|token| token.text).collect()
}

#[test]
fn comments_and_strings_hold_no_words() {
    let source = r####"a // crate::x
        /* b /* c */ d */ e "crate::f \" g" r#"h " i"# r"j\" br##"k"# l"## b"m" c"n" o"####;
    assert_eq!(words(source), ["a", "e", "o"]);
}

#[test]
fn lifetimes_are_told_from_characters() {
    let source = r"fn a<'b>(c: &'b str) -> char { match d { '\'' => 'e', b'f' => '(', '\u{1F600}' => g } }";
    assert_eq!(words(source), ["fn", "a", "c", "str", "char", "match", "d", "g"]);
}

#[test]
fn numbers_end_before_ranges_and_methods() {
    let texts: Vec<&str> = tokens("0..9_u8 1.max(2.5e3)").into_iter().map(|token| token.text).collect();
    assert_eq!(texts, ["0", ".", ".", "9_u8", "1", ".", "max", "(", "2.5e3", ")"]);
}

#[test]
fn raw_names_are_words() {
    assert_eq!(words("r#type r#\"x\"# rest"), ["r#type", "rest"]);
}

#[test]
fn lines_are_counted_through_strings_and_comments() {
    let lines: Vec<usize> = tokens("a\n/* \n */ b \"\n\n\" c").into_iter().map(|token| token.line).collect();
    assert_eq!(lines, [1, 3, 3, 5]);
}

#[test]
fn brackets_that_do_not_match_lose_no_code() {
    let trees = trees(") a { b ( c");
    assert_eq!(trees.len(), 2);
    assert_eq!(trees[0].word(), Some("a"));
    assert_eq!(trees[1].group("{").unwrap()[0].word(), Some("b"));
}
