//! What is no answer: who is asked in its place, and what it costs.

use super::providers::{asking, gateway_of};
use super::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use super::{ACME, post};
use std::io::Write;

/// An upstream that answers well, whole or as a stream, as it is asked.
pub fn good() -> Upstream {
    Upstream::start(|_, seen, stream| {
        let answer = match seen.json()["stream"] == true {
            true => [STREAM, &chunk(&delta("hello")), &chunk(DONE), END].concat(),
            false => ok("application/json", CHAT),
        };
        stream.write_all(&answer).is_ok()
    })
}

/// What a provider says, whether it is asked for a stream, and what is left to say when nobody else is there.
pub struct Case {
    pub name: String,
    pub says: Upstream,
    pub streaming: bool,
    pub left: (u16, &'static str),
}

pub fn case(name: impl Into<String>, says: Upstream, streaming: bool, left: (u16, &'static str)) -> Case {
    Case { name: name.into(), says, streaming, left }
}

/// Where another target is there its answer comes, and the first one's costs nothing. Alone it comes to a refusal.
pub fn are_no_answers(cases: &[Case]) {
    let next = good();
    let gateway = gateway_of(cases.iter().map(|case| &case.says), &next, "");
    for (n, Case { name, says, streaming, left }) in cases.iter().enumerate() {
        let asked = next.seen().len();
        let reply = post(gateway.address, ACME, &asking(&format!("m{n}"), *streaming));
        let text: String = reply.text().chars().take(1_000).collect();
        assert_eq!((reply.status, reply.clean), (200, true), "{name}: {text}");
        assert!(text.contains("hello"), "{name}: {text}");
        assert_eq!(reply.header("x-weir-upstream"), Some("next/other"), "{name}");
        assert_eq!((says.seen().len(), next.seen().len()), (1, asked + 1), "{name}");

        let reply = post(gateway.address, ACME, &asking(&format!("n{n}"), *streaming));
        assert_eq!((reply.status, reply.code().as_str()), *left, "{name}: {}", reply.text());
        assert_eq!(reply.header("x-should-retry"), Some("false"), "{name}");
    }
    assert_eq!(gateway.metric("weir_tokens_total", &["provider=\"p"]), 0.0);
    let failed = ["provider=\"p", "reason=\"upstream_failed\""];
    assert_eq!(gateway.metric("weir_ledger_closed_total", &failed), 2.0 * cases.len() as f64);
}
