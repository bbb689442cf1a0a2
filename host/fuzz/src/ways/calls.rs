//! What a guest is called with, and what comes of it.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use weir_dialect::{DialectCall, Document};
use weir_sandbox::{
    About, AskedTarget, Candidate, Chain, Exchange, Facts, HeldBounds, Item, ObservedProvenance, Outcome, Reply,
    SandboxWorker, Stages, Stop,
};

/// A longer one is cut off: what a guest does is over after so many bytes of instructions.
const LONGEST: usize = 1024;
const MODEL: &str = "mödel";
const BODY: &[u8] =
    r#"{"model":"mödel","messages":[{"role":"user","content":"é€😀"},{"role":"tool","content":[{"type":"text","text":"a"}]}],"a/b":[1]}"#
        .as_bytes();
const REPLY: &[u8] = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"said ä"}}]}"#.as_bytes();
const EVENTS: [&[u8]; 3] = [
    br#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"one "}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"content":"zwö"}},{"index":1,"delta":{"content":"2"}}]}"#.as_bytes(),
    br#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]}"#,
];

/// What a guest is called with.
pub(super) struct CallInput {
    hook: u8,
    /// What it does in that hook, and in `policy` behind it.
    does: [String; 2],
    /// A body of the request, of the answer or of an event; one of ours if it is none.
    body: Option<Bytes>,
}

impl CallInput {
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        let part = |at: usize| parts.get(at).copied().unwrap_or_default();
        let hex = |bytes: &[u8]| bytes.iter().take(LONGEST).map(|byte| format!("{byte:02x}")).collect();
        let (hook, first) = part(0).split_first().map_or((0, &[][..]), |(hook, rest)| (*hook, rest));
        let is_object = serde_json::from_slice(part(2)).is_ok_and(|value: serde_json::Value| value.is_object());
        let body = is_object.then(|| Bytes::copy_from_slice(part(2)));
        Self { hook: hook % 6, does: [hex(first), hex(part(1))], body }
    }

    fn exchange(&self, does: &str) -> Box<Exchange> {
        let body = self.body.clone().unwrap_or(Bytes::from_static(BODY));
        let about = About {
            tenant: "acme".into(),
            request_id: does.into(),
            model: MODEL.into(),
            dialect: "openai.chat",
            facts: Facts { streaming: self.hook == 4, body_bytes: u32::try_from(body.len()).unwrap() },
        };
        let mut headers = HeaderMap::new();
        for (name, value) in [("x-a", "one"), ("x-a", "two"), ("accept", "*/*"), ("authorization", "secret")] {
            headers.append(name, HeaderValue::from_static(value));
        }
        let mut exchange =
            Box::new(Exchange::new(about.into(), headers, Document::request(DialectCall::OPENAI_CHAT, body)));
        exchange.asked = Some(AskedTarget { provider: "demo".into(), model: "m".into() });
        exchange
    }
}

/// What becomes of a call, and of the one behind it: what is answered and what is left, or why it faulted.
pub(super) async fn told(chain: &Chain, input: &CallInput) -> String {
    let worker = SandboxWorker::new();
    let mut lent = Some(input.exchange(&input.does[0]));
    let mut told = match input.hook {
        0 => ended(&worker.policy(chain, &mut lent).await),
        1 => routed(&worker, chain, &mut lent).await,
        2 => attempted(&worker, chain, &mut lent).await,
        3 => answered(&worker, chain, input, &mut lent).await,
        4 => streamed(&worker, chain, input, &mut lent).await,
        _ => observed(&worker, chain, &mut lent).await,
    };
    left(&mut told, lent);
    let mut lent = Some(input.exchange(&input.does[1]));
    told += &ended(&worker.policy(chain, &mut lent).await);
    left(&mut told, lent);
    told
}

async fn routed(worker: &SandboxWorker, chain: &Chain, lent: &mut Option<Box<Exchange>>) -> String {
    let candidate = |model: &str, healthy| Candidate {
        provider: "demo".into(),
        model: model.into(),
        healthy,
        input_price: 1 << 40,
        output_price: 7,
    };
    ended(&worker.route(chain, lent, &[candidate("m", true), candidate("ä", false)]).await)
}

async fn attempted(worker: &SandboxWorker, chain: &Chain, lent: &mut Option<Box<Exchange>>) -> String {
    if let Some(exchange) = lent {
        exchange.attempt = Some(Box::new((exchange.headers.clone(), exchange.request.clone())));
    }
    ended(&worker.upstream_request(chain, lent, 2).await)
}

async fn answered(
    worker: &SandboxWorker,
    chain: &Chain,
    input: &CallInput,
    lent: &mut Option<Box<Exchange>>,
) -> String {
    if let Some(exchange) = lent {
        let body =
            Document::response(DialectCall::OPENAI_CHAT, input.body.clone().unwrap_or(Bytes::from_static(REPLY)));
        let headers =
            HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        exchange.reply = Some(Reply { headers, late: None, body });
    }
    ended(&worker.response(chain, lent, StatusCode::OK).await)
}

async fn streamed(
    worker: &SandboxWorker,
    chain: &Chain,
    input: &CallInput,
    lent: &mut Option<Box<Exchange>>,
) -> String {
    let item = |data: &[u8]| {
        let raw = [b"data: ", data, b"\n\n"].concat();
        Item::read(raw.into(), Bytes::copy_from_slice(data)).unwrap_or_default()
    };
    let mut stages = Stages::new(chain, MODEL, HeldBounds { text: 64, events: 4096 });
    let own = input.body.iter().flat_map(|body| item(body));
    let first: Vec<Item> = EVENTS[..2].iter().flat_map(|data| item(data)).chain(own).collect();
    let raw = |items: Vec<Item>| items.into_iter().map(|item| item.raw).collect::<Vec<_>>();
    let mut said = ended(&stages.run(worker, lent, first, false).await.map(raw));
    said += &ended(&stages.run(worker, lent, item(EVENTS[2]), false).await.map(raw));
    said + &ended(&stages.run(worker, lent, Vec::new(), true).await.map(raw))
}

async fn observed(worker: &SandboxWorker, chain: &Chain, lent: &mut Option<Box<Exchange>>) -> String {
    let outcome = Outcome {
        status: 451,
        code: Some("content_filter".into()),
        attempts: 3,
        input_tokens: 1 << 33,
        output_tokens: 5,
        provenance: ObservedProvenance::Partial,
        duration_us: 1 << 40,
        first_byte_us: 6,
    };
    worker.observe(chain, lent, &Arc::new(outcome)).await;
    String::new()
}

fn ended<T: std::fmt::Debug>(ended: &Result<T, Stop>) -> String {
    match ended {
        Ok(answer) => format!("{answer:?}\n"),
        Err(Stop::Refused { refusal, .. }) => format!("{refusal:?}\n"),
        Err(Stop::Failed { hook, fault, .. }) => format!("{hook:?} faults: {}\n", fault.reason()),
    }
}

/// What a guest has left behind.
fn left(told: &mut String, lent: Option<Box<Exchange>>) {
    let Some(mut exchange) = lent else { return told.push_str("nothing is left\n") };
    let body = |document: &mut Document| String::from_utf8_lossy(&document.bytes().unwrap_or_default()).into_owned();
    let request = body(&mut exchange.request);
    let attempt = exchange.attempt.as_mut().map(|attempt| (attempt.0.clone(), body(&mut attempt.1)));
    let reply = exchange.reply.as_mut().map(|reply| (reply.headers.clone(), body(&mut reply.body)));
    let _ = writeln!(told, "{:?} {:?} {request} {attempt:?} {reply:?}", exchange.headers, exchange.added);
}
