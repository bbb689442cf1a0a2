use super::*;
use crate::Dialect;
use weir_http::sse::SseReader;

fn chunk(text: &str, reason: &str) -> String {
    format!(r#"{{"id":"c","choices":[{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":{reason}}}]}}"#)
}

/// The one event, or the half of one, that this is.
fn event(text: &str) -> SseEvent {
    let mut reader = SseReader::new(4096);
    reader.push(Bytes::copy_from_slice(text.as_bytes()));
    reader.finish().unwrap().unwrap()
}

fn data(data: &str) -> SseEvent {
    event(&format!("data: {data}\n\n"))
}

fn part(decoded: Decoded) -> AnswerPart {
    match decoded {
        Decoded::Part(part) => part,
        other => panic!("no part: {other:?}"),
    }
}

#[test]
fn parts_that_differ_in_their_text_alone_add_what_a_reader_finds_in_them() {
    let mut decoder = Dialect::OpenAi.decoder(1);
    let first = part(decoder.first(&data(&chunk("one", "null"))));
    assert_eq!(decoder.delta(&first), event::delta(&first.data).ok());
    for text in ["", "two", "süß 🙂", "[]{}:,"] {
        let part = part(decoder.data(chunk(text, "null").into()));
        assert!(matches!(part.likeness, Likeness::At(_)) && part.failed == FailedChoices::None && part.usage.is_none());
        assert_eq!(part.text, text.len());
        assert_eq!(decoder.delta(&part), event::delta(&part.data).ok(), "{text}");
    }
    // JSON has no such strings: what looks the same is left to who reads it.
    let part = part(decoder.data(chunk("a\u{1}", "null").into()));
    assert_eq!((decoder.delta(&part), event::delta(&part.data).ok()), (None, None));
}

#[test]
fn a_stream_is_whole_where_its_parts_say_so_or_its_marker_and_never_without_an_answer() {
    let mut decoder = Dialect::OpenAi.decoder(1);
    assert!(matches!(decoder.next(&event(": ping\n\n")), Decoded::Comment));
    assert!(matches!(decoder.next(&data(r#"{"prompt_filter_results":[]}"#)), Decoded::Other(_)));
    assert!(!decoder.is_answered());
    part(decoder.next(&data(&chunk("a", "null"))));
    assert!(decoder.is_answered() && !decoder.is_whole());
    part(decoder.next(&data(&chunk("", r#""stop""#))));
    assert!(decoder.is_whole() && !decoder.is_done());

    let mut decoder = Dialect::OpenAi.decoder(1);
    part(decoder.first(&data(&chunk("a", "null"))));
    assert!(matches!(decoder.next(&data("[DONE]")), Decoded::Done));
    assert!(decoder.is_whole() && decoder.is_done());

    let mut decoder = Dialect::OpenAi.decoder(1);
    assert!(matches!(decoder.next(&data("[DONE]")), Decoded::Done));
    assert!(!decoder.is_whole() && !decoder.is_answered() && decoder.is_done());
}

#[test]
fn what_says_that_it_failed_is_no_answer_unless_another_choice_is_in_it() {
    let both = r#"{"choices":[{"index":0,"error":"x"},{"index":1,"delta":{"content":"a"},"finish_reason":null}]}"#;
    let one = r#"{"choices":[{"index":0,"error":"x"}]}"#;
    for read in [StreamDecoder::first, StreamDecoder::next] {
        let mut decoder = Dialect::OpenAi.decoder(2);
        assert_eq!(part(read(&mut decoder, &data(one))).failed, FailedChoices::All);
        assert!(!decoder.is_answered());
        assert_eq!(part(read(&mut decoder, &data(both))).failed, FailedChoices::Some);
        assert!(decoder.is_answered());
        for error in ["data: {\"error\":{\"message\":\"x\"}}\n\n", "event: error\ndata: anything\n\n"] {
            assert!(matches!(read(&mut decoder, &event(error)), Decoded::Error), "{error}");
        }
    }
}

#[test]
fn usage_is_read_of_an_event_of_its_own_and_of_a_part_that_has_it() {
    const USAGE: &str = r#""usage":{"prompt_tokens":3,"completion_tokens":2}"#;
    let counts = Usage { input: Some(3), output: Some(2), ..Usage::default() };
    let mut decoder = Dialect::OpenAi.decoder(1);
    let last = part(decoder.next(&data(&chunk("a", "null").replace("]}", &format!("],{USAGE}}}")))));
    assert_eq!((last.usage.as_deref(), last.text), (Some(&counts), 1));
    assert_eq!(last.without_usage(), chunk("a", "null").replace("]}", "],\"usage\":null}"));
    let alone = decoder.next(&data(&format!(r#"{{"choices":[],{USAGE}}}"#)));
    assert!(matches!(&alone, Decoded::Usage(usage, _) if **usage == counts), "{alone:?}");
}

#[test]
fn what_is_left_ends_a_stream_only_if_it_lacks_nothing_but_its_blank_line() {
    let mut decoder = Dialect::OpenAi.decoder(1);
    part(decoder.first(&data(&chunk("a", "null"))));
    let last = format!("data: {}", chunk("b", r#""stop""#));
    for (left, wanted) in [
        ("data: [DONE]", Leftover::Marker),
        ("data: [DONE]\r\n", Leftover::Marker),
        (&last, Leftover::Last),
        (&last[..last.len() - 1], Leftover::Half),
        ("data: [DON", Leftover::Half),
        (&format!("data: {}", chunk("b", "null")), Leftover::Half),
        ("data: {\"error\":{\"message\":\"x\"}}", Leftover::Half),
    ] {
        assert_eq!(decoder.leftover(&event(left)), wanted, "{left}");
        assert!(!decoder.is_done() && !decoder.is_whole(), "it was only looked at");
    }
}
