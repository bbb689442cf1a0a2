//! How many tokens a request would be (`POST /v1/messages/count_tokens`). It is written as one for messages is, without what bounds
//! the answer; [`decode_request`](super::decode_request) reads it.

use bytes::Bytes;

use super::request::{write_asked, write_back};
use crate::canon::{ChatRequest, DecodeFault, FieldLosses, JsonWriter, RawJson, TargetRules};
use crate::wire::WireFormat;

/// Writes a request of any wire, to have its tokens counted. One of this wire is written as it was, but for the model's name.
pub fn encode_count(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let mut out = JsonWriter::with_capacity(4096);
    out.open().name("model").string(&rules.model);
    if request.wire == WireFormat::Messages {
        out.raw_member("max_tokens", request.max_output.as_ref());
        if request.streaming {
            out.name("stream").boolean(true);
        }
        write_back(&mut out, request, losses);
    } else {
        write_asked(&mut out, request, rules, losses);
    }
    out.close();
    out.finish()
}

/// Reads the count.
///
/// # Errors
/// [`DecodeFault::Field`]: there is none.
pub fn decode_count(body: &RawJson) -> Result<u64, DecodeFault> {
    let count = body.members().get("input_tokens").and_then(RawJson::unsigned);
    count.ok_or(DecodeFault::Field { field: "input_tokens", due: "a number" })
}

/// Writes a count.
#[must_use]
pub fn count_answer(tokens: u64) -> Bytes {
    let mut out = JsonWriter::with_capacity(32);
    out.open().name("input_tokens").number(tokens).close();
    out.finish()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::canon::{ChatTurn, ContentBlock, JsonText, TargetQuirks, TextBlock, TurnRole};
    use crate::wire::Vendor;

    #[test]
    fn what_is_counted_is_what_would_be_read_and_nothing_of_the_answer() {
        let mut request = ChatRequest::new(WireFormat::Chat, "gpt", true);
        request.turns.push(ChatTurn::of(TurnRole::User, vec![ContentBlock::Text(TextBlock::of(JsonText::of("hi")))]));
        request.max_output = Some(RawJson::number(100));
        request.sampling.seed = Some(RawJson::number(1));
        request.reasoning.effort = Some(JsonText::of("low"));
        let rules = TargetRules {
            model: "claude-opus-4-6".into(),
            max_output: None,
            vendor: Vendor::Anthropic,
            ask_usage: true,
            quirks: TargetQuirks::default(),
        };
        let mut losses = FieldLosses::default();
        let body: Value = serde_json::from_slice(&encode_count(&request, &rules, &mut losses)).unwrap();
        let due = json!({
            "model": "claude-opus-4-6", "messages": [{"role": "user", "content": "hi"}],
            "thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}
        });
        assert_eq!((&body, losses.is_empty()), (&due, true));
        if let Some(spec) = weir_recorded::Spec::anthropic() {
            spec.request("/v1/messages/count_tokens", &body).unwrap_or_else(|faults| panic!("{faults:?}"));
        }
    }

    #[test]
    fn a_count_is_read_and_written() {
        let answer = RawJson::parse(count_answer(12)).unwrap();
        assert_eq!((answer.bytes().as_ref(), decode_count(&answer)), (&br#"{"input_tokens":12}"#[..], Ok(12)));
        assert!(decode_count(&RawJson::EMPTY_OBJECT).is_err());
    }
}
