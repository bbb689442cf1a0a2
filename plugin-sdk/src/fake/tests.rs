use crate::callouts::{self, Failure, Incoming, Outgoing};
use crate::fake::{self, Hook, Host};
use crate::log::{self, Level};
use crate::{
    Edit, Event, Facts, Plugin, Refusal, StreamEvent, clock, counters, events, kv, notes, random, reply, request,
    secrets,
};

const CHAT: &str = r#"{"model":"m","stream":true,"messages":[{"role":"system","content":"be brief"},
    {"role":"user","content":[{"type":"text","text":"one"},{"type":"image_url"},{"type":"text","text":"two"}]}]}"#;

#[test]
fn texts_are_found_and_replaced_by_index() {
    let host = Host::new(Hook::Policy).json(CHAT).start();
    let texts: Vec<_> = request::texts().into_iter().map(|t| (t.role, t.text)).collect();
    assert_eq!(
        texts,
        [("system".into(), "be brief".into()), ("user".into(), "one".into()), ("user".into(), "two".into())]
    );
    request::set_text(2, "zwei").unwrap();
    assert!(request::set_text(3, "no").is_err());
    assert_eq!(request::get("/messages/1/content/2/text").as_deref(), Some("\"zwei\""));
    assert_eq!(host.writes(), ["request.set-text 2"]);
    assert!(host.facts().streaming);
    assert_eq!(request::model(), "m");
}

#[test]
fn embedding_inputs_are_texts_of_the_role_input() {
    let _host = Host::new(Hook::Policy).dialect("openai.embeddings").json(r#"{"model":"e","input":["a","b"]}"#).start();
    assert_eq!(request::texts().iter().map(|t| t.role.as_str()).collect::<Vec<_>>(), ["input", "input"]);
}

#[test]
fn a_write_outside_of_its_hook_fails_and_changes_nothing() {
    let host = Host::new(Hook::Router).json(CHAT).reply(r#"{"choices":[]}"#).start();
    for hook in [Hook::Router, Hook::Response, Hook::Event, Hook::Observe] {
        host.enter(hook);
        assert!(request::set("/model", "\"x\"").is_err());
        assert!(request::set_header("x-a", "b").is_err());
        assert!(request::remove_header("x-a").is_err());
        assert!(request::set_body(b"{}").is_err());
        assert!(request::set_text(0, "x").is_err());
        assert!(request::remove("/model").is_err());
    }
    for hook in [Hook::Policy, Hook::Router, Hook::UpstreamRequest, Hook::Event, Hook::Observe] {
        host.enter(hook);
        assert!(reply::set("/id", "1").is_err());
        assert!(reply::body().is_empty(), "a reply is read in the hook response only");
    }
    assert!(host.writes().is_empty());
    assert_eq!(host.body(), CHAT);
}

#[test]
fn credentials_are_hidden_and_the_hosts_own_headers_cannot_be_set() {
    let host = Host::new(Hook::Policy).header("Authorization", "Bearer s").header("X-Team", "red").start();
    assert_eq!(request::header("authorization"), None);
    assert_eq!(request::headers(), [("x-team".to_owned(), "red".to_owned())]);
    for name in ["authorization", "Content-Length", "connection", "x api", ""] {
        assert!(request::set_header(name, "v").is_err(), "{name}");
    }
    assert!(request::set_header("x-a", "b\r\nc: d").is_err());
    request::remove_header("x-team").unwrap();
    assert_eq!(host.header("x-team"), None);
}

#[test]
fn pointers_set_append_and_remove() {
    let _host = Host::new(Hook::UpstreamRequest).json(CHAT).start();
    request::set("/temperature", "0.5").unwrap();
    request::set("/messages/-", r#"{"role":"user","content":"three"}"#).unwrap();
    assert_eq!(request::get("/messages/2/content").as_deref(), Some("\"three\""));
    assert!(request::set("/a/b", "1").is_err());
    assert!(request::set("/messages/9", "1").is_err());
    assert!(request::set("/x", "nope").is_err());
    assert_eq!(request::remove("/temperature"), Ok(true));
    assert_eq!(request::remove("/temperature"), Ok(false));
    assert_eq!(request::remove("/messages/0"), Ok(true));
    assert_eq!(request::texts().len(), 3);
}

#[test]
fn a_reply_is_read_and_written_in_its_hook() {
    let host = Host::new(Hook::Response)
        .reply(r#"{"choices":[{"message":{"content":"hi"}}]}"#)
        .reply_header("x-a", "1")
        .start();
    assert_eq!(reply::texts(), ["hi"]);
    assert_eq!(reply::header("X-A").as_deref(), Some("1"));
    reply::set_text(0, "ho").unwrap();
    reply::set("/id", "\"r\"").unwrap();
    reply::set_header("x-b", "2").unwrap();
    assert_eq!(reply::get("/choices/0/message/content").as_deref(), Some("\"ho\""));
    assert_eq!(host.reply_header("x-b").as_deref(), Some("2"));
    assert!(host.reply_body().contains("\"id\":\"r\""));
    reply::set_body(b"{}").unwrap();
    assert!(reply::texts().is_empty());
}

#[test]
fn notes_are_bounded_in_number_and_bytes() {
    let host = Host::new(Hook::Event).note("a", b"1").start();
    assert_eq!(notes::get("a").as_deref(), Some(&b"1"[..]));
    for index in 0..15 {
        notes::set(&format!("n{index}"), b"x").unwrap();
    }
    assert!(notes::set("one more", b"x").is_err());
    assert!(notes::set("a", &[0; 17 * 1024]).is_err());
    notes::set("a", b"2").unwrap();
    assert_eq!(host.note("a").as_deref(), Some(&b"2"[..]));
}

#[test]
fn values_expire_and_numbers_keep_their_first_time_to_live() {
    let host = Host::new(Hook::Policy).kv("old", b"x").start();
    kv::set("k", b"v", 10).unwrap();
    assert_eq!(kv::increment("n", 2, 10), Ok(2));
    host.later(5);
    assert_eq!(kv::increment("n", 3, 10), Ok(5));
    host.later(5);
    assert_eq!((kv::get("k"), kv::get("n")), (None, None));
    assert!(kv::increment("old", 1, 0).is_err());
    assert!(kv::delete("old"));
    assert!(!kv::delete("old"));
}

#[test]
fn logs_and_counters_are_recorded() {
    let host = Host::new(Hook::Observe).start();
    log::info("a\nb");
    log::write(Level::Error, "c");
    counters::add("hits", 2);
    counters::add("hits", 3);
    counters::add("Not A Name", 1);
    assert_eq!(host.logs(), [(Level::Info, "a\\nb".to_owned()), (Level::Error, "c".to_owned())]);
    assert_eq!((host.counter("hits"), host.counter("other"), host.counter("none")), (5, 1, 0));
}

#[test]
fn the_clock_stands_still_until_time_passes() {
    let host = Host::new(Hook::Policy).clock(1_000).start();
    assert_eq!((clock::now_ms(), clock::now_ms()), (1_000, 1_000));
    host.later(25);
    assert_eq!(clock::now_ms(), 1_025);
}

#[test]
fn random_bytes_are_the_same_in_every_run_others_in_every_call_and_bounded() {
    let draw = || {
        let _host = Host::new(Hook::Policy).start();
        (random::bytes(12), random::bytes(12), random::bytes(u32::MAX).len(), random::bytes(0).len())
    };
    let (first, second, most, none) = draw();
    assert_eq!((first.len(), most, none), (12, 4_096, 0));
    assert_ne!(first, second);
    assert_eq!(draw(), (first, second, most, none));
}

#[test]
fn secrets_go_by_their_names() {
    let _host = Host::new(Hook::Policy).secret("TOKEN", "s").start();
    assert_eq!((secrets::get("TOKEN").as_deref(), secrets::get("token"), secrets::get("")), (Some("s"), None, None));
}

#[test]
fn callouts_get_the_answers_that_were_scripted_in_their_order() {
    let fine = Incoming { status: 200, headers: vec![("x-a".into(), "1".into())], body: b"fine".to_vec() };
    let host = Host::new(Hook::Policy).callout(Ok(fine)).callout(Err(Failure::Timeout)).start();
    let question = Outgoing::new("GET", "https://a.example/").header("authorization", "Bearer s");
    let answer = callouts::send(&question).unwrap();
    assert_eq!((answer.header("X-A"), answer.header("x-b")), (Some("1"), None));
    assert_eq!(callouts::send(&question), Err(Failure::Timeout));
    let refusal = Refusal::from(callouts::send(&question).unwrap_err());
    assert_eq!((refusal.status, refusal.code.as_str()), (502, "callout_failed"));
    assert_eq!(host.callouts(), [question.clone(), question.clone(), question]);
}

#[test]
fn callouts_that_a_gateway_denies_anywhere_are_denied_and_use_up_no_answer() {
    let fine = || Incoming { status: 200, headers: Vec::new(), body: Vec::new() };
    let host = Host::new(Hook::Policy).callout(Ok(fine())).start();
    let get = || Outgoing::new("GET", "https://a.example/");
    let wrong = [
        Outgoing::new("get", "https://a.example/"),
        Outgoing::new("GET", "ftp://a.example/"),
        get().header("host", "b.example"),
        get().header("Content-Length", "0"),
        get().header("x-a", "b\r\nx-c: d"),
        (0..101).fold(get(), |request, _| request.header("x-a", "b")),
        get().body(vec![0; (1 << 20) + 1]),
    ];
    for request in wrong {
        assert!(matches!(callouts::send(&request), Err(Failure::Denied(_))), "{} {}", request.method, request.url);
    }
    assert!(host.callouts().is_empty());
    assert_eq!(callouts::send(&get()), Ok(fine()));
}

#[test]
fn without_a_host_reads_find_nothing_and_writes_say_so() {
    drop(Host::new(Hook::Policy).header("x-a", "b").start());
    assert_eq!(request::header("x-a"), None);
    assert!(request::set_header("x-a", "b").unwrap_err().reason().contains("no fake host"));
}

/// Holds back every event until it has two, then joins them.
#[derive(Debug)]
struct Pairs;

impl Plugin for Pairs {
    fn init(_settings: &str) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Event for Pairs {
    fn on_events(&self, _facts: &Facts, events: &[StreamEvent], last: bool) -> Result<Vec<Edit>, Refusal> {
        if events.iter().any(|event| event.text == "stop") {
            return Err(Refusal::content_filter("stop"));
        }
        match events {
            [] | [_] if last => Ok(Vec::new()),
            [] => Ok(Vec::new()),
            [_] => Ok(vec![Edit::Hold]),
            [a, b, rest @ ..] => {
                let joined = format!("{}{}", a.text, b.text);
                assert!(events::data(1).is_some_and(|data| data.contains(&b.text)));
                Ok([Edit::Text(joined), Edit::Drop].into_iter().chain(rest.iter().map(|_| Edit::Hold)).collect())
            }
        }
    }
}

#[test]
fn held_events_come_again_first_in_the_next_call() {
    let _host = Host::new(Hook::Event).start();
    let batches = ["a", "b", "c"].map(|text| vec![fake::event(0, text)]);
    let out = fake::stream(&Pairs, &fake::facts(), &batches).unwrap();
    assert_eq!(out.sent.iter().map(|e| e.text.as_str()).collect::<Vec<_>>(), ["ab", "c"]);
    assert_eq!((out.dropped, out.held_most, out.calls), (1, 1, 4));
    let batches = [vec![fake::event(0, "stop")]];
    assert!(fake::stream(&Pairs, &fake::facts(), &batches).is_err());
}
