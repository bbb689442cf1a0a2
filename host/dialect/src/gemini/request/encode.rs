//! A request, written.

use bytes::Bytes;

use super::{config, contents, tools};
use crate::canon::{ChatRequest, FieldLosses, JsonWriter, TargetRules};
use crate::gemini::proto;
use crate::wire::WireFormat;

/// Members that are written with what was left of them.
const MERGED: [&str; 2] = ["generationConfig", "toolConfig"];

/// Writes a request. What came in this wire is written as it stood, names of members in lowerCamelCase and declarations of
/// functions in one tool where they were neighbours; what came in another is mapped, and what has no place here named.
#[must_use]
pub fn encode_request(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let own = request.wire == WireFormat::GenerateContent;
    let mut out = JsonWriter::with_capacity(1_024);
    out.open();
    if own {
        contents::write_own(request, rules, &mut out, losses);
    } else {
        contents::write_other(request, rules, &mut out, losses);
        lose(request, losses);
    }
    tools::write(request, rules, &mut out, losses);
    tools::write_pick(request, &mut out, losses);
    config::write(request, rules, &mut out, losses);
    if own {
        proto::write_but(&mut out, &request.extra, &MERGED);
    }
    out.close();
    out.finish()
}

/// What a request of another wire has that there is no place for.
fn lose(request: &ChatRequest, losses: &mut FieldLosses) {
    let lost = [
        ("parallel_tool_calls", request.parallel == Some(false)),
        ("user", request.user.is_some()),
        ("metadata", request.metadata.is_some()),
        ("service_tier", request.service_tier.as_ref().is_some_and(|tier| !tier.is("auto") && !tier.is("default"))),
        ("previous_response_id", request.previous.is_some()),
        ("store", request.store == Some(true)),
        ("min_p", request.sampling.min_p.is_some()),
        ("logit_bias", request.sampling.logit_bias.is_some()),
    ];
    for (name, _) in lost.iter().filter(|(_, said)| *said) {
        losses.lose(name);
    }
    losses.lose_extras("", &request.extra);
    losses.lose_extras("reasoning", &request.reasoning.extra);
}
