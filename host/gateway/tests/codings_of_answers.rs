//! Every answer is read here: whether it is one, whether all of it has come, what it used. So nothing but `identity` is asked
//! for, whatever a client accepts, what is coded all the same is no answer, and the client gets its answer plain.

use crate::guest;

use crate::guest::Guest;
use crate::support::h2::{self, question, run, whole};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use crate::support::{ACME, Gateway, Reply, chat, chat_stream, config, config_with, send};
use bytes::Bytes;
use std::io::Write;
use std::sync::{Arc, Mutex};

/// What clients say of what they accept: the header's values, none to several.
const ACCEPTED: [&[&str]; 13] = [
    &[],
    &[""],
    &["gzip"],
    &["br"],
    &["gzip, deflate, br, zstd"],
    &["*"],
    &["*;q=0"],
    &["identity;q=0"],
    &["identity;q=0, gzip;q=1.0, *;q=0"],
    &["gzip", "br"],
    &["identity"],
    &["x-what-is-it"],
    &["GZIP;q=0.5"],
];

const EMBEDDING: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"m","usage":{"prompt_tokens":7,"total_tokens":7}}"#;

/// Answers whatever is asked.
fn provider() -> Upstream {
    Upstream::start(|_, seen, stream| {
        let answer = if seen.head.contains("/embeddings") {
            ok("application/json", EMBEDDING)
        } else if seen.json()["stream"] == true {
            [STREAM, &chunk(&delta("hello")), &chunk(DONE), END].concat()
        } else {
            ok("application/json", CHAT)
        };
        stream.write_all(&answer).is_ok()
    })
}

/// Asks with these values of `accept-encoding`.
fn ask(gateway: &Gateway, (method, path, body): (&str, &str, &str), accepted: &[&str]) -> Reply {
    let bearer = format!("Bearer {ACME}");
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(accepted.iter().map(|value| ("accept-encoding", *value)));
    send(gateway.address, method, path, &headers, body.as_bytes())
}

/// The values of `accept-encoding` in a head, each field by itself.
fn asked_for(head: &str) -> Vec<String> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let values = fields.filter(|(name, _)| name.eq_ignore_ascii_case("accept-encoding"));
    values.map(|(_, value)| value.trim().to_owned()).collect()
}

#[test]
fn nothing_but_identity_goes_upstream_whatever_a_client_accepts_and_it_is_answered_plain() {
    let upstream = provider();
    let reader = Guest::on("response", "(call $pass)").and("event", "(call $pass)");
    let plain = Gateway::start(&config(upstream.address));
    let read = guest::gateway(upstream.address, "", &[("reader", &reader, "")]);
    let (whole, streamed) = (chat("hi"), chat_stream("hi"));
    let questions = [
        ("POST", "/v1/chat/completions", whole.as_str()),
        ("POST", "/v1/chat/completions", streamed.as_str()),
        ("POST", "/v1/embeddings", r#"{"model":"m","input":"hi"}"#),
    ];
    for gateway in [&plain, &read] {
        for question in questions {
            for accepted in ACCEPTED {
                let before = upstream.seen().len();
                let reply = ask(gateway, question, accepted);
                assert_eq!((reply.status, reply.header("content-encoding")), (200, None), "{question:?} {accepted:?}");
                let text = reply.text();
                assert!(
                    text == CHAT || text == EMBEDDING || text == [&delta("hello"), DONE].concat(),
                    "{question:?} {accepted:?}: {text}"
                );
                let seen = &upstream.seen()[before..];
                assert_eq!((seen.len(), asked_for(&seen[0].head)), (1, vec!["identity".to_owned()]), "{accepted:?}");
            }
        }
    }
    // The list of models is the gateway's own, and so are its refusals: nothing goes upstream for them.
    let before = upstream.seen().len();
    for accepted in ACCEPTED {
        for question in [("GET", "/v1/models", ""), ("POST", "/v1/chat/completions", "{")] {
            let reply = ask(&plain, question, accepted);
            assert_eq!(reply.header("content-encoding"), None, "{question:?} {accepted:?}");
            assert!(reply.json().is_object());
        }
    }
    assert_eq!(upstream.seen().len(), before);
}

#[test]
fn over_http2_on_both_sides_it_is_the_same() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    let upstream = h2::upstream(move |parts, _| {
        let values = parts.headers.get_all("accept-encoding").iter();
        notes.lock().unwrap().push(values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>());
        async { h2::answer("application/json", Bytes::from(CHAT)) }
    });
    let gateway = Gateway::start(&config_with(upstream, "http2 = \"always\"", ""));
    run(async {
        let mut sender = h2::connect(gateway.address).await;
        for accepted in ACCEPTED {
            let mut request = question(gateway.address, ACME, &chat("hi"));
            for value in accepted {
                request.headers_mut().append("accept-encoding", value.parse().unwrap());
            }
            let response = sender.send_request(request).await.unwrap();
            assert!(!response.headers().contains_key("content-encoding"), "{accepted:?}");
            assert_eq!(whole(response).await, (200, CHAT.to_owned()), "{accepted:?}");
        }
    });
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), ACCEPTED.len());
    assert!(seen.iter().all(|values| *values == ["identity"]), "{seen:?}");
}

#[test]
fn what_comes_in_a_coding_all_the_same_is_no_answer_in_whichever_field_it_says_so() {
    let cases: [(&[&str], bool); 11] = [
        (&["gzip"], false),
        (&["BR"], false),
        (&["identity, gzip"], false),
        (&["identity", "gzip"], false),
        (&["", "zstd"], false),
        (&["aes128gcm"], false),
        (&[], true),
        (&[""], true),
        (&["identity"], true),
        (&["Identity", "identity"], true),
        (&[" , "], true),
    ];
    let answers = cases.iter().flat_map(|(values, _)| {
        let fields: String = values.iter().map(|value| format!("content-encoding: {value}\r\n")).collect();
        let head = format!("HTTP/1.1 200 OK\r\n{fields}");
        let json = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{CHAT}", CHAT.len());
        let events = format!("content-type: text/event-stream\r\nconnection: close\r\n\r\n{}{DONE}", delta("hello"));
        [format!("{head}{json}"), format!("{head}{events}")]
    });
    let answers: Vec<_> = answers.collect();
    let upstream = Upstream::start(move |n, _, stream| stream.write_all(answers[n].as_bytes()).is_ok() && n % 2 == 0);
    let gateway = Gateway::start(&config(upstream.address));
    for (values, is_plain) in cases {
        for (body, answer) in [(chat("hi"), CHAT.to_owned()), (chat_stream("hi"), [&delta("hello"), DONE].concat())] {
            let reply = ask(&gateway, ("POST", "/v1/chat/completions", &body), &["gzip, br"]);
            if is_plain {
                assert_eq!((reply.status, reply.text()), (200, answer), "{values:?}");
            } else {
                assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_encoded"), "{values:?}");
            }
        }
    }
    assert_eq!(upstream.seen().len(), 2 * cases.len());
}
