use super::headers::{HEADER_BYTES, HEADERS, HOST_OWNED};
use super::notes::{NOTE_BYTES, NOTES};
use super::*;
use crate::abi::contract::Facts;
use crate::framing::FRAMING;
use weir_dialect::DialectCall;
use weir_http::{ExtraHeaders, insert_each, reserved};

fn exchange() -> Exchange {
    let about = About {
        tenant: "acme".into(),
        request_id: "id".into(),
        model: "m".into(),
        dialect: "openai.chat",
        facts: Facts { streaming: false, body_bytes: 2 },
    };
    let body = Document::request(DialectCall::OPENAI_CHAT, Bytes::from_static(b"{\"a\":1}"));
    Exchange::new(Arc::new(about), HeaderMap::new(), body)
}

fn name(name: &'static str) -> HeaderName {
    HeaderName::from_static(name)
}

const ONE: HeaderValue = HeaderValue::from_static("1");

#[test]
fn writes_of_a_call_that_faulted_are_undone_to_the_last_one() {
    let mut exchange = exchange();
    exchange.begin(Access::Request, true);
    exchange.set_request_header(name("x-before"), ONE).unwrap();
    exchange.begin(Access::Request, true);
    exchange.set_request_header(name("x-a"), ONE).unwrap();
    exchange.set_request_header(name("x-before"), HeaderValue::from_static("2")).unwrap();
    exchange.request_mut().unwrap().1.set("/a", "2").unwrap();
    exchange.undo();
    assert_eq!(exchange.headers.get("x-before"), Some(&ONE));
    assert_eq!((exchange.headers.len(), exchange.added.as_slice()), (1, [name("x-before")].as_slice()));
    assert_eq!(exchange.request.bytes().unwrap(), "{\"a\":1}");
    assert!(!exchange.request.is_changed());
}

#[test]
fn an_attempts_and_a_replys_writes_are_undone_too() {
    let mut exchange = exchange();
    exchange.attempt = Some(Box::new((HeaderMap::new(), exchange.request.clone())));
    exchange.begin(Access::Attempt, true);
    exchange.set_request_header(name("x-a"), ONE).unwrap();
    exchange.undo();
    assert!(exchange.attempt.as_ref().unwrap().0.is_empty() && exchange.added.is_empty());
    let body = Document::response(DialectCall::OPENAI_CHAT, Bytes::from_static(b"{}"));
    exchange.reply = Some(Reply { headers: HeaderMap::new(), late: None, body });
    exchange.begin(Access::Reply, true);
    exchange.reply_body().unwrap().set("/a", "1").unwrap();
    exchange.undo();
    assert_eq!(exchange.reply.as_mut().unwrap().body.bytes().unwrap(), "{}");
}

#[derive(Debug)]
struct Named;

impl ExtraHeaders for Named {
    fn each(&self, mut put: impl FnMut(&'static str, &[u8])) {
        put("x-late", ONE.as_bytes());
    }

    fn add_to(&self, headers: &mut HeaderMap) {
        insert_each(self, headers);
    }
}

#[test]
fn headers_that_come_late_are_there_for_who_asks_and_come_late_again_after_an_undo() {
    let mut exchange = exchange();
    let body = Document::response(DialectCall::OPENAI_CHAT, Bytes::from_static(b"{}"));
    exchange.reply = Some(Reply { headers: HeaderMap::new(), late: Some(Arc::new(Named)), body });
    exchange.begin(Access::Reply, true);
    exchange.reply_body().unwrap().set("/a", "1").unwrap();
    exchange.set_reply_header(name("x-a"), ONE).unwrap();
    let reply = exchange.reply_side().unwrap();
    assert!(reply.late.is_none() && reply.headers.contains_key("x-late") && reply.headers.contains_key("x-a"));
    exchange.undo();
    let reply = exchange.reply_side().unwrap();
    assert!(reply.late.is_some() && reply.headers.is_empty(), "what was joined with them is undone with them");
    assert_eq!(reply.headers().get("x-late"), Some(&ONE));
}

#[test]
fn a_call_that_wrote_nothing_costs_no_copy_and_undoes_nothing() {
    let mut exchange = exchange();
    exchange.begin(Access::Request, true);
    exchange.request_side().1.get("/a").unwrap();
    assert!(exchange.saved.is_none());
    exchange.undo();
    exchange.begin(Access::Request, false);
    exchange.request_mut().unwrap().1.set("/a", "2").unwrap();
    assert!(exchange.saved.is_none(), "a closed plugin's request ends anyway");
}

#[test]
fn each_hook_writes_its_own_side_only() {
    let mut exchange = exchange();
    for (access, request, reply) in [
        (Access::Read, false, false),
        (Access::Request, true, false),
        (Access::Attempt, false, false),
        (Access::Reply, false, false),
        (Access::Events, false, false),
    ] {
        exchange.begin(access, false);
        assert_eq!(exchange.events_mut().is_ok(), access == Access::Events);
        assert_eq!(exchange.request_mut().is_ok(), request, "{access:?}: there is no attempt yet");
        assert_eq!(exchange.reply_body().is_ok(), reply, "{access:?}: there is no reply yet");
    }
}

#[test]
fn notes_are_a_bindings_own_and_bounded() {
    let mut exchange = exchange();
    exchange.set_note(1, "k", Bytes::from_static(b"one")).unwrap();
    exchange.set_note(2, "k", Bytes::from_static(b"two")).unwrap();
    assert_eq!((exchange.note(1, "k").unwrap(), exchange.note(2, "k").unwrap()), ("one".into(), "two".into()));
    assert!(exchange.set_note(1, "k", vec![0; NOTE_BYTES].into()).is_err());
    assert_eq!(exchange.note(1, "k").unwrap(), "one", "what did not fit left the old one");
    exchange.set_note(1, "k", vec![0; NOTE_BYTES - 1].into()).unwrap();
    assert!(exchange.set_note(1, "l", vec![].into()).is_err());
    for n in 1..NOTES {
        exchange.set_note(2, &n.to_string(), Bytes::new()).unwrap();
    }
    assert!(exchange.set_note(2, "more", vec![].into()).is_err());
    exchange.set_note(2, "k", Bytes::from_static(b"still")).unwrap();
}

#[test]
fn headers_are_bounded_in_number_and_bytes_and_can_be_replaced_at_the_bound() {
    let mut headers = HeaderMap::new();
    for n in 0..HEADERS {
        put(&mut headers, HeaderName::try_from(format!("x-{n}")).unwrap(), ONE).unwrap();
    }
    assert!(put(&mut headers, name("x-more"), ONE).is_err());
    put(&mut headers, name("x-0"), HeaderValue::from_static("2")).unwrap();
    let mut headers = HeaderMap::new();
    assert!(put(&mut headers, name("x"), HeaderValue::try_from("v".repeat(HEADER_BYTES)).unwrap()).is_err());
    put(&mut headers, name("x"), HeaderValue::try_from("v".repeat(HEADER_BYTES - 1)).unwrap()).unwrap();
}

#[test]
fn names_that_carry_credentials_or_frame_the_message_cannot_be_written_in_any_spelling() {
    for own in reserved::CREDENTIALS.iter().chain(&FRAMING).chain(&HOST_OWNED) {
        assert!(writable_name(own).is_err() && writable_name(&own.to_uppercase()).is_err(), "{own}");
        assert!(writable_reply_name(own).is_err(), "{own}");
    }
    for own in ["x-ratelimit-limit-requests", "X-Weir-Upstream", "server-timing", "Location", "x-should-retry"] {
        assert!(writable_reply_name(own).is_err(), "{own}");
    }
    assert!(writable_reply_name("X-Fine").is_ok());
    for bad in ["", "x y", "x\r\n", "x:"] {
        assert!(writable_name(bad).is_err(), "{bad:?}");
    }
    assert_eq!(writable_name("X-Fine").unwrap(), name("x-fine"));
}

#[test]
fn events_are_changed_in_pieces_and_keep_what_nobody_changed() {
    let data =
        |text: &str| Bytes::from(format!(r#"{{"choices":[{{"delta":{{"content":"{text}","refusal":"no"}}}}]}}"#));
    let mut events = CallEvents::new(vec![data("a"), data("b")], false, false);
    assert_eq!(events.data(1), Some(data("b")));
    let told = events.pieces().unwrap();
    let told: Vec<_> =
        told.iter().enumerate().flat_map(|(event, all)| all.iter().map(move |piece| (event, piece.text))).collect();
    assert_eq!(told, [(0, "a"), (0, "no"), (1, "b"), (1, "no")]);
    events.set_piece(2, "new").unwrap();
    assert!(events.set_piece(4, "x").is_err());
    assert_eq!(events.changed().collect::<Vec<_>>(), [(1, data("new"), true)]);
    assert_eq!((events.data(0), events.data(1), events.data(2)), (Some(data("a")), Some(data("new")), None));
    assert!(CallEvents::new(vec![Bytes::from_static(b"no JSON")], false, false).pieces().is_err());
}

#[test]
fn headers_are_hidden_and_kept_as_whoever_stands_in_for_the_host_is_told() {
    let text = include_str!("../../../../plugin-sdk/conformance/headers.json");
    let cases: serde_json::Value = serde_json::from_str(text).unwrap();
    let mut named = std::collections::BTreeSet::new();
    for case in cases["cases"].as_array().unwrap() {
        let name = case[0].as_str().unwrap();
        let valid = HeaderName::from_bytes(name.as_bytes());
        let shown = valid.is_ok_and(|name| visible(name.as_str()));
        let (request, reply) = (writable_name(name).is_ok(), writable_reply_name(name).is_ok());
        assert_eq!(serde_json::json!([name, shown, request, reply]), *case);
        named.insert(name);
    }
    // Each name that there is a rule of its own for.
    for name in reserved::CREDENTIALS.iter().chain(&FRAMING).chain(&HOST_OWNED) {
        assert!(named.contains(name), "{name}");
    }
}
