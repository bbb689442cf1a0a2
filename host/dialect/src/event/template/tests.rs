use bytes::Bytes;
use proptest::prelude::*;

use super::Template;
use crate::event::{self, EventKind};
use crate::stream::Ending;
use crate::usage;

fn data(text: &str, rest: &str) -> Bytes {
    format!(r#"{{"id":"c","choices":[{{"index":1,"delta":{{"content":"{text}"}},"finish_reason":null}}]{rest}}}"#)
        .into()
}

fn learned(sample: &Bytes) -> Template {
    let mut template = Template::default();
    template.learn(sample);
    template
}

#[test]
fn an_event_that_differs_in_its_text_is_known_with_choice_and_text() {
    let mut template = learned(&data("one", ""));
    for text in ["", "two", " a longer one ", "[]{}:,", "süß 🙂", "usage", "error", "finish_reason"] {
        let data = data(text, "");
        let found = template.find(&data).unwrap();
        assert_eq!(template.delta(&data, found.clone()).unwrap(), event::delta(&data).unwrap(), "{text}");
        assert_eq!(found.len(), usage::text_bytes(&data), "{text}");
    }
}

#[test]
fn whatever_differs_in_more_than_its_text_is_read() {
    let template = learned(&data("one", ""));
    let usage = r#","usage":{"prompt_tokens":1,"completion_tokens":1}"#;
    let others = [
        data("two", usage),
        data("two", r#","error":{"message":"x"}"#),
        data(r#"two"},"x":{"y":"#, ""),
        data(r"two\n", ""),
        data(r#"two\""#, ""),
        data("two", "").to_vec().into_iter().chain(*b" ").collect(),
        String::from_utf8(data("two", "").to_vec()).unwrap().replace("null", "\"stop\"").into(),
        String::from_utf8(data("two", "").to_vec()).unwrap().replace("\"index\":1", "\"index\":2").into(),
        Bytes::from_static(b"[DONE]"),
        Bytes::new(),
    ];
    for data in others {
        assert_eq!(template.find(&data), None, "{data:?}");
    }
}

#[test]
fn nothing_is_learned_from_what_a_reader_would_not_find_there() {
    let samples = [
        r#"{"choices":[{"index":0,"delta":{"content":"a\n"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}]}"#,
        r#"{"x":{"delta":{"content":"a"}},"choices":[{"index":0,"delta" :{"content":"b"}}]}"#,
        r#"{"choices":[{"index":0,"x":{"delta":{"content":"a"}}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"a"}}]"#,
        r#"{"choices":[]}"#,
        "",
    ];
    for sample in samples {
        assert_eq!(learned(&Bytes::from_static(sample.as_bytes())).find(sample.as_bytes()), None, "{sample}");
    }
}

#[test]
fn a_text_that_json_does_not_allow_is_left_to_a_reader() {
    let mut template = learned(&data("one", ""));
    for text in [&b"a\nb"[..], b"\0", b"\xff\xfe", b"\xed\xa0\x80"] {
        let (before, after) = (data("", ""), data("", ""));
        let at = template.text.start;
        let data = [&before[..at], text, &after[at..]].concat();
        let found = template.find(&data).unwrap();
        assert_eq!(template.delta(&data, found), None, "{text:?}");
    }
}

proptest! {
    /// What the template says is what reading would have said: kind, usage, end and text.
    #[test]
    fn a_template_never_says_what_a_reader_would_not(text in "\\PC{0,24}", cut in 0_usize..120, insert in "[\"\\\\{}a,\\]]{0,3}") {
        let mut template = learned(&data("sample", ""));
        let mut bytes = data(&text, "").to_vec();
        let at = cut.min(bytes.len());
        bytes.splice(at..at, insert.bytes());
        if let Some(found) = template.find(&bytes) && let Some(delta) = template.delta(&bytes, found.clone()) {
            prop_assert_eq!(event::classify(&bytes), EventKind::Delta);
            prop_assert_eq!(usage::of_event(&bytes), None);
            prop_assert_eq!(event::delta(&Bytes::from(bytes.clone())), Ok(delta));
            prop_assert_eq!(usage::text_bytes(&bytes), found.len());
            let mut ending = Ending::new(1);
            ending.delta(&bytes);
            prop_assert!(!ending.is_whole());
        }
    }
}
