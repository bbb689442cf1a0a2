//! How many tokens a request would be (`models/{model}:countTokens`).
//!
//! Sources: Gemini API reference, `models.countTokens`, which takes a whole request as `generateContentRequest`; Vertex AI's
//! reference, which takes its members by themselves.

use bytes::Bytes;

use super::{decode_request, encode_request, proto};
use crate::canon::{ChatRequest, DecodeFault, FieldLosses, JsonWriter, RawJson, SamplingParams, TargetRules};
use crate::wire::WireFormat;

/// The member that has a whole request.
const WHOLE: &str = "generateContentRequest";

/// Reads what is to be counted, in either form.
///
/// # Errors
/// As for [`decode_request`].
pub fn decode_count_request(body: &RawJson, model: &str) -> Result<ChatRequest, DecodeFault> {
    let whole = proto::as_message(body).and_then(|mut members| members.take(WHOLE));
    let mut request = decode_request(whole.as_ref().unwrap_or(body), model, false)?;
    // It says the path's model again.
    request.extra.hush("model");
    Ok(request)
}

/// Writes a request of any wire, to have its tokens counted by the Gemini API: with what bounds an answer if it is of this wire,
/// and without if of another.
#[must_use]
pub fn encode_count(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let body = asked(request, rules, losses);
    let mut out = JsonWriter::with_capacity(body.len() + 64);
    let name = if rules.model.contains('/') { rules.model.to_string() } else { format!("models/{}", rules.model) };
    out.open().name(WHOLE).open().name("model").string(&name);
    proto::write_but(&mut out, &RawJson::checked(body).members(), &["model"]);
    out.close().close();
    out.finish()
}

/// The same for Vertex AI.
#[must_use]
pub fn encode_vertex_count(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let body = asked(request, rules, losses);
    let mut out = JsonWriter::with_capacity(body.len());
    out.open();
    proto::write_but(&mut out, &RawJson::checked(body).members(), &["model"]);
    out.close();
    out.finish()
}

fn asked(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    if request.wire == WireFormat::GenerateContent {
        return encode_request(request, rules, losses);
    }
    let mut bare = request.clone();
    (bare.sampling, bare.max_output) = (SamplingParams::default(), None);
    (bare.user, bare.metadata, bare.store, bare.parallel) = (None, None, None, None);
    (bare.service_tier, bare.reasoning, bare.extra) = Default::default();
    encode_request(&bare, rules, losses)
}

/// Reads the count.
///
/// # Errors
/// [`DecodeFault::Field`]: there is none.
pub fn decode_count(body: &RawJson) -> Result<u64, DecodeFault> {
    let count = proto::members(body).get("totalTokens").and_then(RawJson::unsigned);
    count.ok_or(DecodeFault::Field { field: "totalTokens", due: "a number" })
}

/// Writes a count.
#[must_use]
pub fn count_answer(tokens: u64) -> Bytes {
    let mut out = JsonWriter::with_capacity(32);
    out.open().name("totalTokens").number(tokens).close();
    out.finish()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use serde_json::{Value, json};
    use weir_recorded::{Spec, of_endpoint};

    use super::*;
    use crate::canon::{ChatTurn, ContentBlock, JsonText, TargetQuirks, TextBlock, TurnRole};
    use crate::wire::Vendor;

    fn rules() -> TargetRules {
        TargetRules {
            model: "gemini-2.5-flash".into(),
            max_output: None,
            vendor: Vendor::Google,
            ask_usage: false,
            quirks: TargetQuirks::default(),
        }
    }

    fn written(body: &Bytes) -> Value {
        serde_json::from_slice(body).unwrap()
    }

    fn check(spec: Option<&Spec>, body: &Value) {
        if let Some(Err(faults)) = spec.map(|spec| spec.request("countTokens", body)) {
            panic!("{faults:?}: {body}");
        }
    }

    #[test]
    fn what_is_counted_is_what_would_be_read_and_nothing_of_the_answer() {
        let mut request = ChatRequest::new(WireFormat::Chat, "gpt", true);
        request.turns.push(ChatTurn::of(TurnRole::User, vec![ContentBlock::Text(TextBlock::of(JsonText::of("hi")))]));
        request.max_output = Some(RawJson::number(100));
        request.sampling.seed = Some(RawJson::number(1));
        request.reasoning.effort = Some(JsonText::of("low"));
        request.user = Some(JsonText::of("u"));
        let mut losses = FieldLosses::default();
        let contents = json!([{"role": "user", "parts": [{"text": "hi"}]}]);
        let body = written(&encode_count(&request, &rules(), &mut losses));
        let due = json!({"generateContentRequest": {"model": "models/gemini-2.5-flash", "contents": contents}});
        assert_eq!((&body, losses.is_empty()), (&due, true));
        check(Spec::gemini(), &body);
        let body = written(&encode_vertex_count(&request, &rules(), &mut losses));
        assert_eq!(body, json!({"contents": contents}));
        check(Spec::vertex(), &body);
    }

    #[test]
    fn what_was_counted_is_read_in_either_form() {
        for one in of_endpoint("count-tokens").filter(|one| ["gemini", "vertex"].contains(&one.provider.as_str())) {
            let body = RawJson::parse(Bytes::from(one.request().unwrap())).unwrap();
            let request = decode_count_request(&body, "gemini-3.5-flash").unwrap();
            assert!(!request.turns.is_empty(), "{one}");
            let rules = TargetRules { model: "gemini-3.5-flash".into(), ..rules() };
            let encode = if one.provider == "vertex" { encode_vertex_count } else { encode_count };
            assert_eq!(
                Some(written(&encode(&request, &rules, &mut FieldLosses::default()))),
                one.request_json(),
                "{one}"
            );
            let answer = RawJson::parse(Bytes::from(one.response())).unwrap();
            assert_eq!(
                one.response_json().and_then(|answer| answer["totalTokens"].as_u64()),
                decode_count(&answer).ok()
            );
        }
    }

    #[test]
    fn a_count_is_read_and_written() {
        let answer = RawJson::parse(count_answer(12)).unwrap();
        assert_eq!((answer.bytes().as_ref(), decode_count(&answer)), (&br#"{"totalTokens":12}"#[..], Ok(12)));
        assert!(decode_count(&RawJson::EMPTY_OBJECT).is_err());
    }
}
