//! The parts of a case, each with what stands for it when it is left out.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value as Json, json};
use weir_config::Grant;
use weir_dialect::{Dialect, DialectCall, Operation};
use weir_sandbox::{Candidate, ObservedProvenance, Outcome};

use super::{AttemptCase, MessageCase};
use crate::place::{ValueAt, Wrong};

type Given<'a> = Option<ValueAt<'a>>;

pub(super) fn usual_body(call: DialectCall, model: &str) -> Json {
    match (call.dialect, call.operation) {
        (Dialect::OpenAi, Operation::Chat) => {
            json!({ "model": model, "messages": [{ "role": "user", "content": "Hello" }] })
        }
        (Dialect::OpenAi, Operation::Embed) => json!({ "model": model, "input": "Hello" }),
    }
}

/// How a request ends if nothing else is said: answered at the first attempt, with 100 tokens read and 20 written, in
/// 60 ms.
#[must_use]
pub fn usual_outcome() -> Outcome {
    Outcome {
        status: 200,
        code: None,
        attempts: 1,
        input_tokens: 100,
        output_tokens: 20,
        provenance: ObservedProvenance::Reported,
        duration_us: 60_000,
        first_byte_us: 20_000,
    }
}

pub(super) fn settings(given: Given<'_>) -> Result<Json, Wrong> {
    let Some(place) = given else { return Ok(json!({})) };
    place.entries()?;
    Ok(place.value.clone())
}

pub(super) fn tenant(given: Given<'_>) -> Result<String, Wrong> {
    let Some(place) = given else { return Ok("acme".to_owned()) };
    match place.text()? {
        "" => Err(place.wrong("a tenant has a name")),
        name => Ok(name.to_owned()),
    }
}

pub(super) fn headers(given: Given<'_>) -> Result<HeaderMap, Wrong> {
    let mut headers = HeaderMap::new();
    for (name, place) in given.map_or(Ok(Vec::new()), |place| place.entries())? {
        let value = HeaderValue::from_str(place.text()?).map_err(|_| place.wrong("not the value of a header"))?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| place.wrong("not the name of a header"))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// A body: an object, or its text as it stands.
pub(super) fn body(given: Given<'_>, usual: &Json) -> Result<Bytes, Wrong> {
    let Some(place) = given else { return Ok(usual.to_string().into()) };
    if let Json::String(text) = place.value {
        return Ok(text.clone().into());
    }
    place.entries()?;
    Ok(place.value.to_string().into())
}

pub(super) fn candidates(given: Given<'_>, model: &str) -> Result<Vec<Candidate>, Wrong> {
    let Some(list) = given else {
        let candidate = |provider: &str| Candidate {
            provider: provider.into(),
            model: model.into(),
            healthy: true,
            input_price: 0,
            output_price: 0,
        };
        return Ok(vec![candidate("first"), candidate("second")]);
    };
    let read = |place: &ValueAt<'_>| {
        place.only(&["provider", "model", "healthy", "input_price", "output_price"])?;
        let text = |key: &str, default: &str| place.get(key).map_or(Ok(default), |p| p.text()).map(Arc::from);
        let price = |key: &str| place.get(key).map_or(Ok(0), |p| p.whole());
        Ok(Candidate {
            provider: text("provider", "first")?,
            model: text("model", model)?,
            healthy: place.get("healthy").map_or(Ok(true), |p| p.flag())?,
            input_price: price("input_price")?,
            output_price: price("output_price")?,
        })
    };
    list.items()?.iter().map(read).collect()
}

/// What goes out is the request itself, if nothing else is said.
pub(super) fn attempt(given: Given<'_>, request: &MessageCase, model: &str) -> Result<AttemptCase, Wrong> {
    let get = |key: &str| given.as_ref().and_then(|place| place.get(key));
    if let Some(place) = &given {
        place.only(&["number", "provider", "model", "headers", "body"])?;
    }
    let own = |key: &str, default: &str| get(key).map_or(Ok(default), |p| p.text()).map(str::to_owned);
    let message = MessageCase {
        headers: if get("headers").is_some() { headers(get("headers"))? } else { request.headers.clone() },
        body: if get("body").is_some() { body(get("body"), &Json::Null)? } else { request.body.clone() },
    };
    let number = get("number").map_or(Ok(1), |p| p.whole())?;
    Ok(AttemptCase { number, provider: own("provider", "first")?, model: own("model", model)?, message })
}

pub(super) fn status(given: Given<'_>) -> Result<u16, Wrong> {
    let Some(place) = given.and_then(|place| place.get("status")) else { return Ok(200) };
    match place.whole()? {
        status @ 200..=599 => Ok(status),
        _ => Err(place.wrong("a status is 200 to 599")),
    }
}

pub(super) fn reply(given: Given<'_>, model: &str) -> Result<MessageCase, Wrong> {
    if let Some(place) = &given {
        place.only(&["status", "headers", "body"])?;
    }
    let get = |key: &str| given.as_ref().and_then(|place| place.get(key));
    let usual = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": model,
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Hello" }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
    });
    Ok(MessageCase { headers: headers(get("headers"))?, body: body(get("body"), &usual)? })
}

/// Batches of events: each is a text, or an object that is its data.
pub(super) fn events(given: Given<'_>) -> Result<Vec<Vec<Json>>, Wrong> {
    let Some(place) = given else { return Ok(vec![vec!["Hel".into(), "lo".into()]]) };
    let event = |place: &ValueAt<'_>| match place.value {
        Json::Object(_) => Ok(place.value.clone()),
        _ => place.text().map(Json::from),
    };
    place.items()?.iter().map(|batch| batch.items()?.iter().map(event).collect()).collect()
}

pub(super) fn outcome(given: Given<'_>) -> Result<Outcome, Wrong> {
    let mut outcome = usual_outcome();
    let Some(place) = given else { return Ok(outcome) };
    place.only(&[
        "status",
        "code",
        "attempts",
        "input_tokens",
        "output_tokens",
        "provenance",
        "duration_us",
        "first_byte_us",
    ])?;
    let whole = |key: &str, default: u64| place.get(key).map_or(Ok(default), |p| p.whole());
    outcome.status = place.get("status").map_or(Ok(outcome.status), |p| p.whole())?;
    outcome.attempts = place.get("attempts").map_or(Ok(outcome.attempts), |p| p.whole())?;
    outcome.code = place.get("code").map(|p| p.text().map(Arc::from)).transpose()?;
    outcome.input_tokens = whole("input_tokens", outcome.input_tokens)?;
    outcome.output_tokens = whole("output_tokens", outcome.output_tokens)?;
    outcome.duration_us = whole("duration_us", outcome.duration_us)?;
    outcome.first_byte_us = whole("first_byte_us", outcome.first_byte_us)?;
    let words = [
        ("reported", ObservedProvenance::Reported),
        ("partial", ObservedProvenance::Partial),
        ("estimated", ObservedProvenance::Estimated),
        ("none", ObservedProvenance::None),
    ];
    outcome.provenance = place.get("provenance").map_or(Ok(outcome.provenance), |p| p.choice(&words))?;
    Ok(outcome)
}

pub(super) fn grants(place: &ValueAt<'_>) -> Result<Vec<Grant>, Wrong> {
    let words = Grant::ALL;
    place.items()?.iter().map(|item| item.choice(&words)).collect()
}

/// What lies in the key-value store before: a text, or a number as `increment` keeps it.
pub(super) fn kv(given: Given<'_>) -> Result<Vec<(String, Vec<u8>)>, Wrong> {
    let entries = given.map_or(Ok(Vec::new()), |place| place.entries())?;
    let read = |(key, place): (&str, ValueAt<'_>)| {
        let value = match (place.value, place.value.as_i64()) {
            (Json::String(text), _) => text.clone().into_bytes(),
            (_, Some(number)) => number.to_le_bytes().to_vec(),
            _ => return Err(place.wrong("must be a string, or a whole number as `increment` keeps it")),
        };
        Ok((key.to_owned(), value))
    };
    entries.into_iter().map(read).collect()
}
