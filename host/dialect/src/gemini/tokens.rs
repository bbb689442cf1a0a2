//! What Google says of the probability of tokens.
//!
//! Source: Gemini API reference, `LogprobsResult`.

use weir_http::json::JsonKind;

use crate::canon::{JsonWriter, RawJson, RawMembers};

/// The same in Google's words: a `logprobsResult` already, or what OpenAI's wires say, which is an object with `content` or a list
/// of tokens; none of anything else.
pub(super) fn result(raw: &RawJson) -> Option<RawJson> {
    let mut members = raw.members();
    if ["chosenCandidates", "topCandidates"].iter().any(|name| members.get(name).is_some()) {
        return Some(raw.clone());
    }
    let tokens = match raw.kind() {
        JsonKind::Array => raw.elements(),
        _ => members.take_elements("content").or_else(|| members.take_elements("refusal"))?,
    };
    let tokens: Vec<_> = tokens.iter().map(RawJson::members).filter(|token| token.get("token").is_some()).collect();
    if tokens.is_empty() {
        return None;
    }
    let mut out = JsonWriter::with_capacity(raw.bytes().len());
    out.open().name("chosenCandidates").open_array();
    tokens.iter().for_each(|token| write(token, &mut out));
    out.close_array();
    let tops: Vec<_> = tokens.iter().map(|token| token.get("top_logprobs").map(RawJson::elements)).collect();
    if tops.iter().flatten().any(|top| !top.is_empty()) {
        out.name("topCandidates").open_array();
        for top in tops {
            out.open().name("candidates").open_array();
            top.iter().flatten().for_each(|token| write(&token.members(), &mut out));
            out.close_array().close();
        }
        out.close_array();
    }
    out.close();
    Some(out.finish_raw())
}

fn write(token: &RawMembers, out: &mut JsonWriter) {
    out.open().raw_member("token", token.get("token")).raw_member("logProbability", token.get("logprob")).close();
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::*;

    fn of(value: &Value) -> Option<Value> {
        let raw = RawJson::parse(Bytes::from(value.to_string())).unwrap();
        result(&raw).map(|raw| serde_json::from_slice(raw.bytes()).unwrap())
    }

    #[test]
    fn tokens_of_openais_wires_are_candidates() {
        let tokens = json!([{"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": [{"token": "b", "logprob": -2}]},
            {"token": "c", "logprob": -1}]);
        let due = json!({"chosenCandidates": [{"token": "a", "logProbability": -0.1}, {"token": "c", "logProbability": -1}],
            "topCandidates": [{"candidates": [{"token": "b", "logProbability": -2}]}, {"candidates": []}]});
        assert_eq!(of(&tokens).as_ref(), Some(&due));
        assert_eq!(of(&json!({"content": tokens, "refusal": null})).as_ref(), Some(&due));
        assert_eq!(of(&due).as_ref(), Some(&due), "what is Google's stays");
        let plain = of(&json!({"content": [{"token": "a", "logprob": 0, "top_logprobs": []}]}));
        assert_eq!(plain, Some(json!({"chosenCandidates": [{"token": "a", "logProbability": 0}]})));
        assert_eq!((of(&json!({"content": []})), of(&json!({"tokens": ["a"]})), of(&json!("a"))), (None, None, None));
    }
}
