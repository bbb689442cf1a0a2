//! Large requests.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json as value};
use weir_dialect::WireFormat;
use weir_dialect::view::{MergedRequest, RequestView};

use super::{document, path};

/// An exchange of messages of about so many bytes in so many blocks.
fn exchange(blocks: usize, bytes: usize) -> Value {
    let text = "What \\u00e4 \"sentence\" this is.\n".repeat((bytes / blocks / 32).max(1));
    let turn = |number: usize| match number % 4 {
        0 => {
            value!({"role": "user", "content": [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]})
        }
        1 => value!({"role": "assistant", "content": [
            {"type": "thinking", "thinking": text, "signature": "c2ln"},
            {"type": "tool_use", "id": format!("t{number}"), "name": "find", "input": {"what": text}}]}),
        2 => value!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": format!("t{}", number - 1), "content": [{"type": "text", "text": text}]}]}),
        _ => value!({"role": "assistant", "content": [{"type": "text", "text": text}]}),
    };
    value!({"model": "claude", "max_tokens": 9, "messages": (0..blocks).map(turn).collect::<Vec<_>>()})
}

/// The least of several times.
fn least(run: impl Fn()) -> Duration {
    let time = || {
        let begin = Instant::now();
        run();
        begin.elapsed()
    };
    (0..5).map(|_| time()).min().unwrap()
}

fn of(wire: WireFormat, body: &Bytes) -> RequestView {
    RequestView::of(wire, body, path(wire)).unwrap()
}

/// Ten times as much takes about ten times as long: a step that grew with its square would take a hundred times.
fn grows(what: &str, small: Duration, large: Duration) {
    eprintln!("{what}: {small:?}, ten times as large {large:?}");
    assert!(large < small * 40 + Duration::from_millis(50), "{what}: {small:?}, then {large:?}");
}

#[test]
fn a_view_of_ten_times_as_many_blocks_takes_about_ten_times_as_long() {
    // A build without optimisation is many times slower, and checks all that it writes.
    let sizes = if cfg!(debug_assertions) {
        [(100, 50_000), (1_000, 500_000)]
    } else {
        [(1_000, 500_000), (10_000, 5_000_000)]
    };
    let bodies = sizes.map(|(blocks, bytes)| Bytes::from(exchange(blocks, bytes).to_string()));
    let [small, large] = bodies.each_ref().map(|body| least(|| drop(of(WireFormat::Messages, body))));
    grows("view", small, large);
    let changed = |change: &str| {
        bodies.each_ref().map(|body| {
            let view = of(WireFormat::Messages, body);
            let mut shown = document(view.shown());
            if change == "all" {
                let count = shown.texts().unwrap().len();
                (0..count).for_each(|index| shown.set_text(index, "something else").unwrap());
            } else {
                shown.set("/messages/-", r#"{"role":"user","content":"x"}"#).unwrap();
                shown.set("/messages/0/content", r#""y""#).unwrap();
            }
            let changed = shown.bytes().unwrap();
            least(|| assert!(matches!(view.merged(&changed), Ok(MergedRequest::Changed(_)))))
        })
    };
    for change in ["all", "ends"] {
        let [small, large] = changed(change);
        grows(change, small, large);
    }
}

#[test]
fn a_request_of_200_kib_is_shown() {
    let body = Bytes::from(exchange(60, 200 * 1024).to_string());
    let view = of(WireFormat::Messages, &body);
    let shown = least(|| drop(of(WireFormat::Messages, &body)));
    let mut all = document(view.shown());
    all.set("/messages/0/content/0/text", "\"x\"").unwrap();
    let changed = all.bytes().unwrap();
    let merged = least(|| drop(view.merged(&changed).unwrap()));
    eprintln!("{} bytes: shown in {shown:?}, merged in {merged:?}", body.len());
    assert!(matches!(view.merged(&changed), Ok(MergedRequest::Changed(_))));
}

#[test]
fn members_that_nobody_knows_are_shown_in_time_that_grows_with_them() {
    let of_many = |many: usize| {
        let all = |value: Value| Value::Object((0..many).map(|n| (format!("m{n}"), value.clone())).collect());
        let config = |left: Value| value!({"contents": [{"parts": [{"text": "a"}]}], "generationConfig": left, "x": all(value!("y"))});
        let mut left = all(value!("words of some length"));
        left["temperature"] = value!(1);
        Bytes::from(config(left).to_string())
    };
    let sizes = if cfg!(debug_assertions) { [200, 2_000] } else { [1_000, 10_000] };
    let [small, large] = sizes.map(|many| {
        let body = of_many(many);
        least(|| drop(of(WireFormat::GenerateContent, &body)))
    });
    grows("members", small, large);
}
