use super::{put_path, put_query, put_value};

fn put<T: ?Sized>(how: impl Fn(&mut Vec<u8>, &T), what: &T) -> String {
    let mut text = Vec::new();
    how(&mut text, what);
    String::from_utf8(text).unwrap()
}

#[test]
fn a_path_is_encoded_once_more_and_has_no_detours() {
    for (path, canonical) in [
        ("/", "/"),
        ("", "/"),
        ("/model/a/converse", "/model/a/converse"),
        ("/model/a%3A0/converse", "/model/a%253A0/converse"),
        ("/model/a:0/converse", "/model/a%3A0/converse"),
        ("/a/./b/../c//d/", "/a/c/d/"),
        ("/..", "/"),
        ("/a/..", "/"),
        ("/a b-._~*", "/a%20b-._~%2A"),
    ] {
        assert_eq!(put(put_path, path), canonical, "{path}");
    }
}

#[test]
fn a_query_is_sorted_by_name_and_then_by_value() {
    for (query, canonical) in
        [("", ""), ("b=2&a=1", "a=1&b=2"), ("a", "a="), ("a=2&a=1&&A=3", "A=3&a=1&a=2"), ("a=%20&ab=1", "a=%20&ab=1")]
    {
        assert_eq!(put(put_query, query), canonical, "{query}");
    }
}

#[test]
fn a_value_has_no_spaces_at_its_ends_and_one_between_words() {
    for (value, canonical) in [("a", "a"), ("  a   b\tc ", "a b c"), ("", ""), (" ", "")] {
        assert_eq!(put(put_value, value.as_bytes()), canonical);
    }
}
