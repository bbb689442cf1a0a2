//! OpenAI's Responses at providers that have them: word for word, and the answers that a provider keeps.

use crate::support::client::Reply;
use crate::support::clients::{CLIENTS, Client};
use crate::support::upstream::{END, STREAM, Seen, Upstream, ok, status};
use crate::support::{ACME, GLOBEX, Gateway, config, config_with, root, send};
use serde_json::{Value, json};
use std::io::Write;

fn client() -> &'static Client {
    CLIENTS.iter().find(|client| client.name == "responses").unwrap()
}

fn answer(id: &str, text: &str) -> Value {
    let part = json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
    json!({
        "id": id, "object": "response", "created_at": 1, "status": "completed", "model": "m", "unknown_of_tomorrow": 1.50,
        "output": [{"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [part]}],
        "usage": {
            "input_tokens": 17, "input_tokens_details": {"cached_tokens": 5}, "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 24
        }
    })
}

fn stream(id: &str) -> Vec<u8> {
    let mut begun = answer(id, "");
    (begun["status"], begun["output"], begun["usage"]) = ("in_progress".into(), json!([]), Value::Null);
    let at = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0});
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
    let item = |status: &str, content: Value| json!({"type": "message", "id": "msg_1", "status": status, "role": "assistant", "content": content});
    let mut events = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": item("in_progress", json!([]))}),
        json!({"type": "response.content_part.added", "part": part("")}),
        json!({"type": "response.output_text.delta", "delta": "hello ", "logprobs": []}),
        json!({"type": "response.output_text.delta", "delta": "there", "logprobs": []}),
        json!({"type": "response.output_text.done", "text": "hello there", "logprobs": []}),
        json!({"type": "response.content_part.done", "part": part("hello there")}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": item("completed", json!([part("hello there")]))}),
        json!({"type": "response.completed", "response": answer(id, "hello there")}),
    ];
    let mut all = Vec::new();
    for (number, event) in events.iter_mut().enumerate() {
        if (2..7).contains(&number) {
            event.as_object_mut().unwrap().extend(at.as_object().unwrap().clone());
        }
        event["sequence_number"] = number.into();
        all.extend(format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()).into_bytes());
    }
    all
}

fn in_chunks(body: &[u8]) -> Vec<u8> {
    [STREAM, format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n", END].concat()
}

/// Makes answers of this id, keeps them, and forgets them.
fn keeper(id: &'static str, text: &'static str) -> Upstream {
    Upstream::start(move |_, seen: &Seen, wire| {
        let line: Vec<&str> = seen.head.lines().next().unwrap().split(' ').collect();
        let said = match (line[0], line[1]) {
            ("POST", "/v1/responses") if seen.json()["stream"] == true => in_chunks(&stream(id)),
            ("POST", "/v1/responses") | ("GET", _) => ok("application/json", &answer(id, text).to_string()),
            ("DELETE", _) => {
                ok("application/json", &json!({"id": id, "object": "response", "deleted": true}).to_string())
            }
            _ => status("404 Not Found", "application/json", "{}"),
        };
        wire.write_all(&said).is_ok()
    })
}

fn kept(gateway: &Gateway, method: &str, id: &str, key: &str) -> Reply {
    let key = format!("Bearer {key}");
    send(gateway.address, method, &format!("/v1/responses/{id}"), &[("authorization", &key)], b"")
}

#[test]
fn responses_reach_a_provider_that_has_them_and_come_back_word_for_word() {
    let upstream = keeper("resp_1", "hello");
    let gateway = Gateway::start(&config(upstream.address));
    let body = serde_json::to_string_pretty(&(client().question)(false)).unwrap().replace("0.5", "0.50");
    let whole = client().send(gateway.address, false, &body);
    assert_eq!((whole.status, whole.text()), (200, answer("resp_1", "hello").to_string()));
    assert_eq!(upstream.seen()[0].body, body.into_bytes());
    assert_eq!(upstream.seen()[0].head.split(' ').nth(1), Some("/v1/responses"));
    let streamed = client().ask(gateway.address, true);
    assert!(streamed.clean && streamed.body == stream("resp_1"), "{}", streamed.text());
    soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"input\"", "provenance=\"reported\""]), 34.0);
}

#[test]
fn a_provider_without_responses_is_asked_for_a_chat_completion() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "endpoints = [\"chat\"]", ""));
    let reply = client().ask(gateway.address, false);
    assert_eq!((client().whole)(&reply.json()).text, "hello", "{}", reply.text());
    assert_eq!(upstream.seen()[0].head.split(' ').nth(1), Some("/v1/chat/completions"));
    // What was translated is kept by nobody.
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    let gone = kept(&gateway, "GET", &id, ACME);
    assert_eq!((gone.status, gone.code()), (404, "unknown_response".into()));
    let mut next = (client().question)(false);
    next["previous_response_id"] = id.into();
    let refused = client().send(gateway.address, false, &next.to_string());
    assert_eq!((refused.status, refused.code()), (400, "unknown_response".into()));
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn who_has_responses_alone_is_asked_for_them_by_every_client() {
    let upstream = keeper("resp_1", "hello");
    let gateway = Gateway::start(&config_with(upstream.address, "endpoints = [\"responses\"]", ""));
    for client in &CLIENTS {
        for streaming in [false, true] {
            let reply = client.ask(gateway.address, streaming);
            let said = if streaming { (client.streamed)(&reply) } else { (client.whole)(&reply.json()) };
            let due = if streaming { "hello there" } else { "hello" };
            assert_eq!(
                (said.text.as_str(), said.input, said.output),
                (due, 17, 7),
                "{}: {}",
                client.name,
                reply.text()
            );
        }
    }
}

#[test]
fn an_answer_is_read_forgotten_and_gone_on_from_where_it_was_made_and_by_its_tenant_alone() {
    let (one, two) = (keeper("resp_one", "hello"), keeper("resp_two", "hi"));
    let second = format!(
        "[providers.two]\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\napi_key = \"other-secret\"\nretries = 0\n\
         [models.n]\ntargets = [\"two/m\", \"up/m\"]\n",
        two.address
    );
    let gateway = Gateway::start(&config_with(one.address, "retries = 0", &second));
    let ask = |model: &str, previous: Option<&str>, streaming: bool| {
        let mut body = (client().question)(streaming);
        body["model"] = model.into();
        if let Some(id) = previous {
            body["previous_response_id"] = id.into();
        }
        client().send(gateway.address, streaming, &body.to_string())
    };
    assert_eq!(ask("m", None, false).json()["id"], "resp_one");
    // Its id is known from a stream as well.
    assert!(ask("n", None, true).text().contains("resp_two"));

    for (id, text) in [("resp_one", "hello"), ("resp_two", "hi")] {
        let read = kept(&gateway, "GET", id, ACME);
        assert_eq!((read.status, read.text()), (200, answer(id, text).to_string()));
        let others = kept(&gateway, "GET", id, GLOBEX);
        assert_eq!((others.status, others.code()), (404, "unknown_response".into()));
    }
    let asked = one.seen();
    let last = asked.last().unwrap();
    assert_eq!(last.head.split(' ').nth(1), Some("/v1/responses/resp_one"));
    assert_eq!(last.header("authorization").as_deref(), Some("Bearer upstream-secret"));

    // The model's first target is another one.
    let before = one.seen().len();
    assert_eq!(ask("n", Some("resp_one"), false).json()["id"], "resp_one");
    assert_eq!(one.seen().len(), before + 1);
    // The model has no target where that answer is.
    assert_eq!(ask("m", Some("resp_two"), false).code(), "unknown_response");
    assert_eq!(ask("m", Some("resp_of_nobody"), false).code(), "unknown_response");

    assert_eq!(kept(&gateway, "DELETE", "resp_one", ACME).json()["deleted"], true);
    assert_eq!(kept(&gateway, "GET", "resp_one", ACME).status, 404);
    assert_eq!(kept(&gateway, "POST", "resp_one", ACME).header("allow"), Some("GET, DELETE"));
    // None of that is an answer that anybody would charge for.
    soon_eq!(gateway.metric("weir_tokens_total", &["direction=\"output\"", "provenance=\"reported\""]), 21.0);
}

#[test]
fn a_guard_sees_an_answer_that_is_read_once_more_and_what_a_stream_repeats() {
    let upstream = keeper("resp_1", "mail bob@example.org");
    let folder = root().join("plugins/installed");
    let chain = format!("[plugins]\nfolder = \"{}\"\n[[plugins.chain]]\nplugin = \"redact-pii\"\n", folder.display());
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0", &chain));
    let whole = client().ask(gateway.address, false);
    assert!(!whole.text().contains("bob@example.org"), "{}", whole.text());
    assert!(whole.text().contains("unknown_of_tomorrow"), "{}", whole.text());
    let read = kept(&gateway, "GET", "resp_1", ACME);
    assert!(read.status == 200 && !read.text().contains("bob@example.org"), "{}", read.text());
    let streamed = client().ask(gateway.address, true);
    assert!(streamed.body == stream("resp_1"), "{}", streamed.text());
}
