use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn raw(text: &str) -> RawJson {
    RawJson::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

#[test]
fn members_are_taken_by_what_they_are_and_the_rest_stays_in_order() {
    let object = raw(r#" {"a":1,"b":"x","c":null,"d":[1,2],"e":{"f":true},"\u0067":false,"h":2.0,"a":3} "#);
    let mut members = object.members();
    assert_eq!(members.take_text("a"), None, "a number is no text, and stays");
    assert_eq!(members.take_unsigned("a"), Some(3), "of two the last counts");
    assert_eq!(members.get("a"), None, "and the other is gone with it");
    assert_eq!(members.take_text("b").unwrap().text(), "x");
    assert_eq!(members.take("c"), None, "null is nothing that was said");
    assert_eq!(members.take_elements("d").unwrap().len(), 2);
    assert_eq!(members.take_members("e").unwrap().take_bool("f"), Some(true));
    assert_eq!(members.take_bool("g"), Some(false), "a name may be escaped");
    assert_eq!(members.take_unsigned("h"), Some(2));
    assert_eq!(members.iter().map(|(name, _)| name.to_vec()).collect::<Vec<_>>(), [b"c".to_vec()]);
}

#[test]
fn what_is_written_is_what_was_said() {
    let mut out = JsonWriter::default();
    out.open().name("list").open_array().number(1).string("a\"b").null().close_array();
    out.text_member("text", Some(&JsonText::of("ü"))).text_member("none", None).bool_member("yes", Some(true));
    out.name("empty").open().close().members(&raw(r#"{"x":[ ],"\u0079":2}"#).members()).close();
    let text = out.finish();
    assert_eq!(text, r#"{"list":[1,"a\"b",null],"text":"ü","yes":true,"empty":{},"x":[ ],"\u0079":2}"#.as_bytes());
}

#[test]
fn arguments_become_an_object_whatever_they_are() {
    let object = |input: ToolInput| {
        let (object, wrapped) = input.to_object();
        (String::from_utf8(object.bytes().to_vec()).unwrap(), wrapped)
    };
    let text = |text: &str| object(ToolInput::Text(JsonText::of(text)));
    assert_eq!(text(r#"{"a":1}"#), (r#"{"a":1}"#.into(), false));
    assert_eq!(text("  "), ("{}".into(), false));
    assert_eq!(text(r#"{"a":"#), (r#"{"_raw":"{\"a\":"}"#.into(), true));
    assert_eq!(text("[1]"), (r#"{"_raw":[1]}"#.into(), true));
    assert_eq!(object(ToolInput::Json(raw("null"))), ("{}".into(), false));
    assert_eq!(text("null"), ("{}".into(), false));
}

#[test]
fn a_url_of_data_is_its_data_and_the_way_back() {
    let url = JsonText::of("data:image/png;base64,iVBO");
    let (source, kind) = MediaSource::of_url(&url);
    assert_eq!(
        (&source, kind.as_ref()),
        (&MediaSource::Base64(JsonText::of("iVBO")), Some(&JsonText::of("image/png")))
    );
    assert_eq!(source.to_url(kind.as_ref()), Some(url));
    for other in ["https://a/b.png", "data:text/plain,hello", "data:"] {
        let other = JsonText::of(other);
        assert_eq!(MediaSource::of_url(&other), (MediaSource::Url(other), None));
    }
    let store = JsonText::of("s3://bucket/a.png");
    assert_eq!(MediaSource::of_url(&store), (MediaSource::Store(store), None));
}

#[test]
fn losses_are_named_once_and_names_of_clients_only_where_they_are_words() {
    let mut losses = FieldLosses::default();
    losses.lose("seed");
    losses.lose("seed");
    let extra = r#"{"foo":1,"nothing":null,"off":false,"none":[],"all":{"of":{"it":null}},"type":"custom","a b":2}"#;
    losses.lose_extras("", &raw(extra).members());
    let mut quiet = raw(r#"{"status":"completed","phase":"final"}"#).members();
    quiet.hush("status");
    assert_eq!(quiet.len(), 2, "its own wire has it back");
    losses.lose_extras("", &quiet);
    losses.lose_extra("messages", b"bar");
    assert_eq!(losses.iter().collect::<Vec<_>>(), ["seed", "foo", "?", "phase", "messages.bar"]);
    for number in 0..99 {
        losses.lose_extra("", format!("x{number}").as_bytes());
    }
    assert_eq!(losses.iter().count(), FieldLosses::MOST);
}

#[test]
fn what_is_said_shows_in_no_log() {
    let shown = format!("{:?} {:?}", JsonText::of("secret"), raw(r#"{"k":"secret"}"#));
    assert!(!shown.contains("secret"), "{shown}");
}

proptest! {
    #[test]
    fn a_text_is_what_it_was(text in any::<String>()) {
        let token = JsonText::of(&text);
        prop_assert_eq!(token.text(), text.as_str());
        prop_assert!(token.is(&text));
        prop_assert_eq!(token.is_empty(), text.is_empty());
        prop_assert_eq!(RawJson::of_text(&token).text(), Some(token.clone()));
        let cut = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
        let (one, other) = text.split_at(cut);
        prop_assert_eq!(JsonText::concat([&JsonText::of(one), &JsonText::of(other)]), token);
    }
}
