//! Every request has an id of the gateway's, and keeps the one that its client gave it.

use crate::guest;

use crate::guest::Guest;
use crate::support::upstream::{CHAT, DONE, Upstream, delta};
use crate::support::{ACME, Gateway, Reply, chat, chat_stream, config, config_with, post, send, until};
use std::collections::HashSet;

fn ask(gateway: &Gateway, headers: &[(&str, &str)], body: &str) -> Reply {
    let bearer = format!("Bearer {ACME}");
    let headers = [&[("authorization", bearer.as_str())], headers].concat();
    send(gateway.address, "POST", "/v1/chat/completions", &headers, body.as_bytes())
}

/// The one header of this name.
fn one(reply: &Reply, name: &str) -> Option<String> {
    let mut all = reply.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    let first = all.next().map(|(_, value)| value.clone());
    assert!(all.next().is_none(), "{name} twice: {reply:?}");
    first
}

/// The gateway's id in an answer, if it looks like one.
fn own(reply: &Reply) -> String {
    let id = one(reply, "x-request-id").unwrap();
    let digits = id.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        14 => byte == b'7',
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
    });
    assert!(id.len() == 36 && digits, "{id}");
    id
}

#[test]
fn ids_are_the_gateways_own_unique_and_sort_by_time_whatever_clients_say() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address).replace("workers = 2", "workers = 1"));
    let mine = [("x-request-id", "mine-1")];
    let ids: Vec<_> = (0..50).map(|n| own(&ask(&gateway, if n % 2 == 0 { &mine } else { &[] }, &chat("hi")))).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 50);
    let sent: Vec<_> = upstream.seen().iter().map(|seen| seen.header("x-request-id").unwrap()).collect();
    assert_eq!(sent, ids, "the upstream is told the id by which the gateway knows the request");
}

#[test]
fn a_clients_own_id_is_said_again_with_every_kind_of_answer_and_in_the_log() {
    let stream = Upstream::stream(&[&delta("hi"), DONE]);
    let models = format!(
        "[providers.s]\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\n[models.s]\ntargets = [\"s/s\"]\n",
        stream.address
    );
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0", &models));
    let said = |headers: &[(&str, &str)], body: &str| {
        let reply = ask(&gateway, headers, body);
        let id = own(&reply);
        (reply.status, one(&reply, "x-client-request-id"), id)
    };
    let mine = [("x-request-id", "mine-2")];
    let echo = |(status, clients, _): (u16, Option<String>, String)| (status, clients);
    assert_eq!(echo(said(&mine, &chat("hi"))), (200, Some("mine-2".to_owned())));
    assert_eq!(echo(said(&mine, &chat_stream("hi").replace("\"m\"", "\"s\""))), (200, Some("mine-2".to_owned())));
    let (status, clients, id) = said(&mine, "{");
    assert_eq!((status, clients), (400, Some("mine-2".to_owned())));
    until("both ids are in the log", || {
        gateway.log().lines().any(|line| line.contains(&id) && line.contains("mine-2")).then_some(())
    });
    assert_eq!(echo(said(&[("x-client-request-id", "mine-3")], &chat("hi"))), (200, Some("mine-3".to_owned())));
    let both = [("x-request-id", "a-proxys"), ("x-client-request-id", "mine-4")];
    assert_eq!(echo(said(&both, &chat("hi"))), (200, Some("mine-4".to_owned())));
    assert_eq!(echo(said(&[], &chat("hi"))), (200, None));
    for unfit in ["", "two words", &"x".repeat(129), "t\u{e4}"] {
        assert_eq!(echo(said(&[("x-request-id", unfit)], &chat("hi"))), (200, None), "{unfit}");
    }
    let stranger = send(gateway.address, "POST", "/v1/chat/completions", &mine, chat("hi").as_bytes());
    assert_eq!((stranger.status, one(&stranger, "x-client-request-id").as_deref()), (401, Some("mine-2")));
    own(&stranger);
    let list = send(gateway.address, "GET", "/v1/models", &[mine[0], ("x-api-key", ACME)], b"");
    assert_eq!((list.status, one(&list, "x-client-request-id").as_deref()), (200, Some("mine-2")));
}

#[test]
fn what_an_upstream_says_of_ids_is_never_taken_for_the_gateways_or_the_clients() {
    let head = "HTTP/1.1 200 OK\r\nx-request-id: theirs\r\nx-client-request-id: not-mine\r\ncontent-type: application/json\r\n";
    let upstream = Upstream::fixed(format!("{head}content-length: {}\r\n\r\n{CHAT}", CHAT.len()));
    let gateway = Gateway::start(&config(upstream.address));
    let reply = post(gateway.address, ACME, &chat("hi"));
    own(&reply);
    assert_eq!(one(&reply, "x-client-request-id"), None);
    assert_eq!(one(&reply, "x-upstream-request-id").as_deref(), Some("theirs"));
    let reply = ask(&gateway, &[("x-request-id", "mine")], &chat("hi"));
    assert_eq!(one(&reply, "x-client-request-id").as_deref(), Some("mine"));
}

#[test]
fn a_plugin_is_told_the_gateways_id_and_reads_the_clients_among_the_headers() {
    let upstream = Upstream::chat();
    let copy = |name: &str| {
        format!(
            r#"(call $request.set-header @"{name}" (i32.load (i32.const 68)) (i32.load (i32.const 72)) (i32.const 128))"#
        )
    };
    let id = r#"(call $request.id (global.get $ret))
        (call $request.set-header @"x-own" (i32.load (i32.const 64)) (i32.load (i32.const 68)) (i32.const 128))"#;
    let body =
        format!(r#"{id} (call $request.header @"x-request-id" (global.get $ret)) {} (call $pass)"#, copy("x-clients"));
    let gateway = guest::gateway(upstream.address, "", &[("ids", &Guest::on("policy", &body), "")]);
    let reply = ask(&gateway, &[("x-request-id", "mine-5")], &chat("hi"));
    let seen = upstream.seen().remove(0);
    assert_eq!(seen.header("x-own"), Some(own(&reply)));
    assert_eq!(seen.header("x-clients").as_deref(), Some("mine-5"));
}
