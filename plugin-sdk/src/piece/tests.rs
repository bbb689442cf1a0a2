use super::neighbours;
use crate::{Piece, PieceKind};

fn piece(pointer: &str, kind: PieceKind, choice: u32, call: Option<u32>, text: &str) -> Piece {
    Piece { pointer: pointer.into(), kind, role: String::new(), choice, call, event: 0, text: text.into() }
}

fn said(pointer: &str, text: &str) -> Piece {
    piece(pointer, PieceKind::Text, 0, None, text)
}

#[test]
fn a_message_is_told_by_the_first_two_tokens() {
    for (pointer, message) in [
        ("/messages/3/content/1/text", "/messages/3"),
        ("/messages/3", "/messages/3"),
        ("/input", "/input"),
        ("/tools/0/function/description", "/tools/0"),
        ("", ""),
    ] {
        assert_eq!(said(pointer, "x").message(), message);
    }
}

#[test]
fn parts_of_one_message_are_neighbours_and_those_of_two_are_not() {
    let pieces = [
        said("/messages/0/content/0/text", "a"),
        piece("/messages/0/name", PieceKind::Other, 0, None, "n"),
        said("/messages/0/content/2/text", "b"),
        piece("/messages/0/content/3/refusal", PieceKind::Refusal, 0, None, "r"),
        said("/messages/1/content", "c"),
    ];
    assert_eq!(neighbours(&pieces), [vec![0, 2], vec![1], vec![3], vec![4]]);
}

#[test]
fn the_events_of_one_choice_are_neighbours_wherever_it_stands_in_them() {
    let arguments = |at: &str, choice, call| piece(at, PieceKind::Arguments, choice, Some(call), "x");
    let pieces = [
        piece("/choices/0/delta/content", PieceKind::Text, 0, None, "a"),
        piece("/choices/1/delta/content", PieceKind::Text, 1, None, "b"),
        arguments("/choices/0/delta/tool_calls/0/function/arguments", 1, 0),
        piece("/choices/0/delta/content", PieceKind::Text, 1, None, "c"),
        arguments("/choices/0/delta/tool_calls/0/function/arguments", 1, 1),
        arguments("/choices/0/delta/tool_calls/0/function/arguments", 1, 0),
    ];
    assert_eq!(neighbours(&pieces), [vec![0], vec![1, 3], vec![2, 5], vec![4]]);
}

#[test]
fn what_is_replaced_in_arguments_leaves_them_json() {
    let arguments = piece("/x/0", PieceKind::Arguments, 0, Some(0), r#"{"to":"a\u0040b.c", "n":41}"#);
    let change = |text: &str| (text == "a@b.c" || text == "41").then(|| "\"x\"".to_owned());
    assert_eq!(arguments.replaced(change).unwrap(), r#"{"to":"\"x\"", "n":"\"x\""}"#);
    assert_eq!(said("/input", "41").replaced(change).unwrap(), "\"x\"");
    assert_eq!(said("/input", "42").replaced(change), None);
}
