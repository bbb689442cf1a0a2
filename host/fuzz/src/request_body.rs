//! Bodies of requests: read, read by their likeness, sent on, shown to plugins and put right again.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use weir_dialect::{AskShapes, Decided, DialectCall, Document, Operation, Pieces, RequestFacts, TextPiece};

use crate::cut::parts;
use crate::oracle;

/// The model that requests are sent on for.
const MODEL: &str = "another \"model\"";

/// What is read of a request is what `serde_json`'s tree says; reading it by its likeness says the same; what goes on differs in
/// what it must; pointers of pieces lead to them; and nothing that somebody writes instead goes past what was decided.
pub fn request_body(data: &[u8]) {
    let Some((flags, data)) = data.split_first() else { return };
    let call = if flags & 1 == 0 { DialectCall::OPENAI_CHAT } else { DialectCall::OPENAI_EMBED };
    if oracle::is_reserved(data) {
        return;
    }
    let bodies: Vec<Bytes> = parts(data).into_iter().map(Bytes::copy_from_slice).collect();
    let alone: Vec<_> = bodies.iter().map(|body| call.read_request(body)).collect();
    let mut shapes = AskShapes::default();
    for _ in 0..4 {
        for (body, alone) in bodies.iter().zip(&alone) {
            assert_eq!(&shapes.read(call, body), alone, "by its likeness");
        }
    }
    let mut decided: Option<(Decided, RequestFacts)> = None;
    for (body, facts) in bodies.iter().zip(alone) {
        if let Some((decided, first)) = &decided {
            holds(decided, first, body);
        }
        let Ok(facts) = facts else { continue };
        pieces_are_where_they_say(call, body);
        if let Some(Value::Object(tree)) = oracle::value(body) {
            assert!(oracle::is_unique(body), "a name stands twice");
            says_what_the_tree_says(&facts, &tree);
            goes_on(&facts, body, &tree);
        } else {
            assert!(oracle::may_have_half_a_pair(body), "taken, and serde_json does not");
        }
        let model: Arc<str> = MODEL.into();
        decided.get_or_insert_with(|| (Decided::of(&facts, body, &model, true), facts));
    }
}

fn says_what_the_tree_says(facts: &RequestFacts, tree: &Map<String, Value>) {
    assert_eq!(tree.get("model"), Some(&Value::String(facts.model.to_string())));
    assert_eq!(tree.get("stream").and_then(Value::as_bool).unwrap_or(false), facts.streaming);
    let include = tree.get("stream_options").and_then(|options| options.get("include_usage"));
    assert_eq!(include.and_then(Value::as_bool).unwrap_or(false), facts.include_usage);
    let plain = |name: &str| tree.get(name).filter(|value| !value.is_null());
    if let Some(most) = plain("max_completion_tokens").or(plain("max_tokens")).and_then(Value::as_u64) {
        assert_eq!(facts.max_output_tokens, Some(most));
    }
    if let Some(choices) = tree.get("n").and_then(Value::as_u64) {
        assert_eq!(facts.choices, choices);
    }
}

fn goes_on(facts: &RequestFacts, body: &Bytes, tree: &Map<String, Value>) {
    let mut expected = tree.clone();
    assert_eq!(facts.outgoing(body, &facts.model, false), body, "nothing has to differ");
    expected["model"] = MODEL.into();
    let asks = facts.streaming && facts.call.operation == Operation::Chat;
    if asks {
        let options = expected.entry("stream_options").or_insert(Value::Null);
        if options.is_null() {
            *options = Value::Object(Map::new());
        }
        options["include_usage"] = true.into();
    }
    let sent = facts.outgoing(body, MODEL, true);
    assert_eq!(oracle::value(&sent), Some(Value::Object(expected)));
    let again = facts.call.read_request(&sent).unwrap();
    assert_eq!(again.include_usage, facts.include_usage || asks);
}

/// A pointer leads to what a piece is, or is in.
fn pieces_are_where_they_say(call: DialectCall, body: &Bytes) {
    let mut document = Document::accepted(call, body.clone());
    let Ok(pieces) = document.pieces() else { return };
    are_whole(&pieces);
    let Some(tree) = oracle::value(body) else { return };
    for TextPiece { pointer, .. } in pieces.iter() {
        assert!(tree.pointer(pointer).is_some(), "{pointer} leads nowhere");
    }
}

/// Pieces stand one behind the other in their text.
pub(crate) fn are_whole(pieces: &Pieces) {
    let together: String = pieces.iter().map(|piece| piece.text).collect();
    assert_eq!(together, **pieces.text());
    for (index, piece) in pieces.iter().enumerate() {
        assert_eq!(pieces.get(index).as_ref(), Some(&piece));
        assert!(!piece.text.is_empty());
    }
}

/// Whoever writes `body` in place of what was decided changes neither the way of the answer nor how much of it comes.
fn holds(decided: &Decided, first: &RequestFacts, body: &Bytes) {
    let Ok((sent, facts)) = decided.hold(body.clone()) else { return };
    let sent = first.call.read_request(&sent).expect("what goes on is a request");
    for facts in [&facts, &sent] {
        assert_eq!(facts.streaming, first.streaming);
        assert!(facts.choices <= first.choices.max(1), "more choices");
        if let Some(most) = first.max_output_tokens {
            assert!(facts.max_output_tokens.is_some_and(|bound| bound <= most), "a longer answer");
        }
    }
    assert_eq!(&*sent.model, MODEL);
    assert!(sent.include_usage || !first.streaming || first.call.operation != Operation::Chat, "no usage");
}
