//! Answers that real providers gave, held against what is called an answer here and what is called whole: nothing real is
//! refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use bytes::Bytes;
use serde_json::Value;
use weir_dialect::answer::{self, AnswerKind, AnswerReading, AnswerShapes, FailedChoices};
use weir_dialect::event::{self, Choices};
use weir_dialect::{Decoded, Dialect, DialectCall, Leftover};
use weir_http::sse::{SseEvent, SseReader};
use weir_recorded::{RecordedFraming, Recording, is_complete, of_endpoint};

/// The recordings of an endpoint that were answered 200.
fn recordings(endpoint: &'static str) -> impl Iterator<Item = &'static Recording> {
    of_endpoint(endpoint).filter(|recording| recording.status == 200)
}

/// The bytes of an answer that is framed so.
fn framed(recording: &Recording, framing: RecordedFraming) -> Option<Vec<u8>> {
    (recording.framing == framing).then(|| recording.response())
}

#[test]
fn whole_answers_are_answers() {
    let mut shapes = AnswerShapes::default();
    for (call, folder) in [(DialectCall::OPENAI_CHAT, "chat-completions"), (DialectCall::OPENAI_EMBED, "embeddings")] {
        for recording in recordings(folder) {
            let Some(body) = framed(recording, RecordedFraming::Json) else { continue };
            assert_eq!(call.judge_answer(&body), AnswerKind::Complete, "{}", recording);
            assert_eq!(answer::blame(&body), answer::AccountBlame::Request, "{}", recording);
            // Known by its shape, the second time, or not: the same is read in it.
            for _ in 0..2 {
                assert_eq!(
                    AnswerReading { is_known: false, ..shapes.read(call, &body) },
                    call.read_answer(&body),
                    "{}",
                    recording
                );
            }
            for cut in [body.trim_ascii_end().len() - 1, body.len() / 2, body.len() / 3] {
                assert_eq!(call.judge_answer(&body[..cut]), AnswerKind::Cut, "{} cut at {cut}", recording);
                assert_eq!(shapes.read(call, &body[..cut]).answer, AnswerKind::Cut, "{} cut at {cut}", recording);
            }
        }
    }
}

/// The events of a stream, as they are given out, and what is left.
fn events(stream: &[u8]) -> Vec<SseEvent> {
    let mut reader = SseReader::new(8 << 20);
    reader.push(Bytes::copy_from_slice(stream));
    let mut events = Vec::new();
    while let Some(event) = reader.finish().unwrap() {
        events.push(event);
    }
    events
}

/// Whether a stream is whole where these events end, and whether it failed by its own account.
fn judge(events: &[SseEvent]) -> (bool, bool) {
    let (mut decoder, mut reads) = (Dialect::OpenAi.decoder(1), Dialect::OpenAi.decoder(1));
    for event in events {
        let (was, left) = (decoder.is_whole(), decoder.leftover(event));
        let peeked = kind(&decoder.next(event));
        assert_eq!(peeked, kind(&reads.first(event)), "by a peek and by reading: {event:?}");
        if peeked == "error" {
            return (false, true);
        }
        if !event.is_whole() {
            return (was || left != Leftover::Half && reads.is_whole(), false);
        }
    }
    (decoder.is_whole(), false)
}

fn kind(decoded: &Decoded) -> &'static str {
    match decoded {
        Decoded::Comment => "comment",
        Decoded::Part(part) => match part.failed {
            FailedChoices::None => "part",
            FailedChoices::Some => "part, of which some failed",
            FailedChoices::All => "failed part",
        },
        Decoded::Usage(..) => "usage",
        Decoded::Done => "done",
        Decoded::Error => "error",
        Decoded::Other(_) => "other",
    }
}

#[test]
fn streams_are_whole_and_any_cut_of_them_before_a_reason_is_not() {
    let (mut seen, mut failed) = (0, 0);
    for recording in recordings("chat-completions") {
        let Some(stream) = framed(recording, RecordedFraming::Sse) else { continue };
        seen += 1;
        let events = events(&stream);
        let (whole, error) = judge(&events);
        failed += u32::from(error);
        assert!(whole != error, "{}: whole {whole}, failed {error}", recording);
        // From the first event that makes it whole on it stays so; before, it is cut wherever it ends.
        let first = (0..=events.len()).find(|end| judge(&events[..*end]).0).unwrap_or(events.len());
        assert!((first..=events.len()).all(|end| judge(&events[..end]).0 || error), "{}", recording);
        let reasons = events[..first.saturating_sub(1)].iter().map(SseEvent::data);
        for data in reasons {
            let event: Value = serde_json::from_slice(&data).unwrap_or_default();
            assert!(event["choices"][0]["finish_reason"].as_str().unwrap_or("").is_empty(), "{}", recording);
        }
    }
    assert!(failed >= 1 && seen >= if is_complete() { 40 } else { 10 }, "{seen} streams, {failed} of them failed");
}

#[test]
fn every_event_of_real_streams_is_read_choice_by_choice_and_adds_up_to_the_same() {
    for recording in recordings("chat-completions") {
        let Some(stream) = framed(recording, RecordedFraming::Sse) else { continue };
        for event in events(&stream) {
            let data = event.data();
            if kind(&Dialect::OpenAi.decoder(1).next(&event)) != "part" {
                continue;
            }
            let whole: Value = serde_json::from_slice(&data).unwrap();
            let choices = match event::choices(&data).unwrap() {
                Choices::None => Vec::new(),
                Choices::One(delta) => vec![(data.clone(), delta)],
                Choices::Several(all) => all,
            };
            assert_eq!(choices.len(), whole["choices"].as_array().unwrap().len(), "{}", recording);
            for ((data, delta), choice) in choices.iter().zip(whole["choices"].as_array().unwrap()) {
                let alone: Value = serde_json::from_slice(data).unwrap();
                assert_eq!(&alone["choices"][0], choice);
                assert_eq!(delta.text, choice["delta"]["content"].as_str().unwrap_or_default());
            }
        }
    }
}
