//! How many tokens a request would be (`POST /model/{model}/count-tokens`, `CountTokensRequest` in the service's description of
//! itself).

use bytes::Bytes;

use super::request::encode::encode_request;
use crate::canon::{
    AnswerFormat, ChatRequest, DecodeFault, FieldLosses, JsonWriter, RawJson, RawMembers, SamplingParams, TargetRules,
};
use crate::wire::WireFormat;

/// What of a conversation is counted (`ConverseTokensRequest`).
const COUNTED: [&str; 4] = ["messages", "system", "toolConfig", "additionalModelRequestFields"];

/// Writes a request of any wire, to have its tokens counted.
pub fn encode_count(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let whole = RawJson::checked(encode_request(&read_alone(request), rules, losses)).members();
    let mut out = JsonWriter::with_capacity(4096);
    out.open().name("input").open().name("converse").open();
    for name in COUNTED {
        out.raw_member(name, whole.get(name));
    }
    out.close().close().close();
    out.finish()
}

/// What of a request is read by the model, so that what bounds the answer is no loss.
fn read_alone(request: &ChatRequest) -> ChatRequest {
    let own = request.wire == WireFormat::Converse;
    ChatRequest {
        sampling: SamplingParams { top_k: request.sampling.top_k.clone().filter(|_| own), ..SamplingParams::default() },
        format: AnswerFormat::Unsaid,
        parallel: None,
        user: None,
        metadata: None,
        service_tier: None,
        store: None,
        extra: if own { request.extra.clone() } else { RawMembers::default() },
        ..request.clone()
    }
}

/// Reads the count.
///
/// # Errors
/// [`DecodeFault::Field`]: there is none.
pub fn decode_count(body: &RawJson) -> Result<u64, DecodeFault> {
    let count = body.members().get("inputTokens").and_then(RawJson::unsigned);
    count.ok_or(DecodeFault::Field { field: "inputTokens", due: "a number" })
}
