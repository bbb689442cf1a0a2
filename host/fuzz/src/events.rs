//! What upstreams say: whole answers, and the events of streams.

use bytes::Bytes;
use weir_dialect::answer::{self, AnswerKind, AnswerReading, AnswerShapes};
use weir_dialect::event::{self, EventKind, Template};
use weir_dialect::stream::Ending;
use weir_dialect::usage;
use weir_dialect::{DialectCall, Document, readable};
use weir_http::sse::SseReader;
use weir_usage::Usage;

use crate::cut::parts;
use crate::oracle;
use crate::request_body::are_whole;

/// Reading an answer by its likeness says what reading it says; no count of tokens is one that cannot be; what is changed of an
/// event is what was to be changed; and pointers of pieces lead to them.
pub fn events(data: &[u8]) {
    if oracle::is_reserved(data) {
        return;
    }
    let all: Vec<Bytes> = parts(data).into_iter().map(Bytes::copy_from_slice).collect();
    for call in DialectCall::ALL {
        whole_answers(call, &all);
    }
    let mut template = Template::default();
    for data in &all {
        one_event(data);
        learned(&mut template, data);
    }
    a_stream(data);
}

fn whole_answers(call: DialectCall, bodies: &[Bytes]) {
    let mut shapes = AnswerShapes::default();
    for _ in 0..4 {
        for body in bodies {
            let alone = call.read_answer(body);
            let by_shape = shapes.read(call, body);
            assert_eq!(AnswerReading { is_known: false, ..by_shape }, alone, "by its likeness");
            alone.usage.iter().for_each(can_be);
            assert_eq!(alone.answer, call.judge_answer(body));
            let tree = oracle::value(body);
            if alone.answer == AnswerKind::Cut {
                assert!(tree.is_none(), "what is JSON to its end was not cut");
            }
            let mut document = by_shape.document(call, body.clone());
            let mut afresh = AnswerReading { is_known: false, ..by_shape }.document(call, body.clone());
            assert_eq!(document.readable().is_ok(), afresh.readable().is_ok(), "by its likeness");
            if document.readable().is_ok() {
                shows_its_pieces(&mut document, body);
            }
        }
    }
}

fn can_be(usage: &Usage) {
    let Usage { input, output, total, cached_input, reasoning } = *usage;
    for count in [input, output, total, cached_input, reasoning].into_iter().flatten() {
        assert!(count <= Usage::MOST);
    }
}

fn shows_its_pieces(document: &mut Document, body: &[u8]) {
    let Ok(pieces) = document.pieces() else { return };
    are_whole(&pieces);
    let Some(tree) = oracle::value(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)) else { return };
    for piece in pieces.iter() {
        assert!(tree.pointer(piece.pointer).is_some(), "{} leads nowhere", piece.pointer);
    }
}

fn one_event(data: &Bytes) {
    let kind = event::classify(data);
    usage::of_event(data).iter().for_each(can_be);
    if let EventKind::UsageOnly(usage) = &kind {
        can_be(usage);
    }
    let _ = (answer::blame(data), readable::says_nothing(data), usage::text_bytes(data));
    let _ = (event::says_more(data), event::choices(data));
    let without = event::without_usage(data);
    assert!(usage::of_event(&without).is_none(), "usage is still there");
    if let Some(tree) = oracle::value(data) {
        let less = oracle::value(&without).expect("what was JSON is JSON");
        let mut tree = tree;
        if let Some(usage) = tree.get_mut("usage") {
            *usage = serde_json::Value::Null;
            assert_eq!(less, tree);
        }
    }
    if oracle::value(data).is_some() && event::delta(data).is_ok() {
        for text in ["", "a \"text\"\n"] {
            let Ok(changed) = event::with_text(data, text) else { continue };
            assert!(oracle::value(&changed).is_some(), "what was JSON is JSON");
            assert_eq!(event::delta(&changed).unwrap().text, text);
        }
    }
    let mut document = Document::event(data.clone());
    if document.readable().is_ok() {
        shows_its_pieces(&mut document, data);
    }
}

/// What a template finds is what a reader finds.
fn learned(template: &mut Template, data: &Bytes) {
    if let Some(found) = template.find(data)
        && let Some(delta) = template.delta(data, found)
    {
        assert_eq!(event::delta(data).as_ref(), Ok(&delta));
    }
    if event::classify(data) == EventKind::Delta {
        template.learn(data);
    }
}

/// A stream is led to its end, however it goes.
fn a_stream(data: &[u8]) {
    let mut reader = SseReader::new(1 << 16);
    let mut ending = Ending::new(u64::from(data.first().copied().unwrap_or(1) % 4));
    reader.push(Bytes::copy_from_slice(data));
    while let Ok(Some(found)) = reader.finish() {
        let data = found.data();
        if !found.is_whole() {
            ending.last(&found);
            continue;
        }
        let (kind, read) = (event::kind(&found, &data), event::read_kind(&found, &data));
        let fails = |kind| matches!(kind, EventKind::Error | EventKind::ChoiceFailed { .. });
        assert!(kind == read || kind == EventKind::Delta && !fails(read), "a peek saw {kind:?} in {read:?}");
        match kind {
            EventKind::Done => ending.done(),
            EventKind::Delta => ending.delta(&data),
            EventKind::ChoiceFailed { .. } => ending.choice_failed(&data),
            EventKind::UsageOnly(_) | EventKind::Error | EventKind::Other => {}
        }
        assert!(!ending.is_whole() || ending.is_answered(), "nothing is whole without an answer");
    }
}
