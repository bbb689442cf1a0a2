//! What upstreams say: whole answers, and the events of streams.

use bytes::Bytes;
use weir_dialect::answer::{self, AnswerKind, AnswerReading, AnswerShapes, FailedChoices};
use weir_dialect::event;
use weir_dialect::usage;
use weir_dialect::{Decoded, Dialect, DialectCall, Document, Leftover, StreamDecoder};
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
    let mut decoder = Dialect::OpenAi.decoder(2);
    for data in &all {
        one_event(data);
        learned(&mut decoder, data);
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
    let Usage { input, output, total, cached_input, reasoning, cache_written, audio_input, audio_output } = *usage;
    for count in
        [input, output, total, cached_input, reasoning, cache_written, audio_input, audio_output].into_iter().flatten()
    {
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
    let mut decoder = Dialect::OpenAi.decoder(1);
    let decoded = decoder.data(data.clone());
    usage::of_event(data).iter().for_each(can_be);
    if let Decoded::Usage(usage, _) = &decoded {
        can_be(usage);
    }
    let _ = (answer::blame(data), decoder.says_nothing(data), usage::text_bytes(data));
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

/// What is known of a part by its likeness is what a reader finds.
fn learned(decoder: &mut StreamDecoder, data: &Bytes) {
    if let Decoded::Part(part) = decoder.data(data.clone())
        && let Some(delta) = decoder.delta(&part)
    {
        assert_eq!(event::delta(data).as_ref(), Ok(&delta));
    }
}

/// What an event was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Comment,
    Part(FailedChoices),
    Usage(Usage),
    Done,
    Error,
    Other,
}

impl Taken {
    fn of(decoded: &Decoded) -> Self {
        match decoded {
            Decoded::Comment => Self::Comment,
            Decoded::Part(part) => Self::Part(part.failed),
            Decoded::Usage(usage, _) => Self::Usage(**usage),
            Decoded::Done => Self::Done,
            Decoded::Error => Self::Error,
            Decoded::Other(_) => Self::Other,
        }
    }

    fn is_good(self) -> bool {
        self == Self::Part(FailedChoices::None)
    }

    fn fails(self) -> bool {
        self == Self::Error || matches!(self, Self::Part(_)) && !self.is_good()
    }
}

/// A stream is led to its end, however it goes.
fn a_stream(data: &[u8]) {
    let mut reader = SseReader::new(1 << 16);
    let choices = u64::from(data.first().copied().unwrap_or(1) % 4);
    let (mut decoder, mut reads) = (Dialect::OpenAi.decoder(choices), Dialect::OpenAi.decoder(choices));
    reader.push(Bytes::copy_from_slice(data));
    while let Ok(Some(found)) = reader.finish() {
        if !found.is_whole() {
            let left = decoder.leftover(&found);
            assert!(!decoder.is_done() || left != Leftover::Last, "nothing comes behind the marker");
            continue;
        }
        let (peeked, read) = (Taken::of(&decoder.next(&found)), Taken::of(&reads.first(&found)));
        assert!(peeked == read || peeked.is_good() && !read.fails(), "a peek saw {peeked:?} in {read:?}");
        assert!(!decoder.is_whole() || decoder.is_answered(), "nothing is whole without an answer");
    }
}
