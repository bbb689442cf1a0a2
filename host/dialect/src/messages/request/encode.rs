//! A request, written.

use std::borrow::Cow;

use bytes::Bytes;

use super::thinking::{self, ThinkingPlan};
use super::{params, tools, turns};
use crate::canon::{
    AnswerFormat, ChatRequest, ContentBlock, FieldLosses, JsonWriter, RawJson, RawMembers, TargetRules,
};
use crate::translate::ids;
use crate::wire::WireFormat;

/// The most tokens that are asked for where neither the client nor the catalogue says: Anthropic demands a number, and every model
/// of today writes as many.
const MOST_OUTPUT: u64 = 8_192;

/// Writes a request of any wire for this one. One of this wire is written as it was, but for the model's name.
pub fn encode_request(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let mut out = JsonWriter::with_capacity(4096);
    out.open().name("model").string(&rules.model);
    let most = params::most_output(request, rules, MOST_OUTPUT);
    out.name("max_tokens").raw(&most);
    if request.streaming {
        out.name("stream").boolean(true);
    }
    if request.wire == WireFormat::Messages {
        write_back(&mut out, request, losses);
    } else {
        write(&mut out, &with_ids(request), rules, most.unsigned().unwrap_or(MOST_OUTPUT), losses);
    }
    out.close();
    out.finish()
}

/// The request with identifiers for all calls of tools, which some wires do not have.
fn with_ids(request: &ChatRequest) -> Cow<'_, ChatRequest> {
    let lacks = |block: &ContentBlock| match block {
        ContentBlock::ToolUse(call) => call.id.is_none(),
        ContentBlock::ToolResult(result) => result.id.is_none(),
        _ => false,
    };
    if request.turns.iter().flat_map(|turn| &turn.blocks).any(lacks) {
        let mut given = request.clone();
        ids::give(&mut given);
        return Cow::Owned(given);
    }
    Cow::Borrowed(request)
}

/// Writes all but the model and what comes before, as it came in this wire.
pub(in crate::messages) fn write_back(out: &mut JsonWriter, request: &ChatRequest, losses: &mut FieldLosses) {
    turns::write_back(out, request, losses);
    tools::write_back(out, request, losses);
    let sampling = &request.sampling;
    out.raw_member("temperature", sampling.temperature.as_ref());
    out.raw_member("top_p", sampling.top_p.as_ref()).raw_member("top_k", sampling.top_k.as_ref());
    params::write_stop(out, &sampling.stop);
    thinking::write_back(out, &request.reasoning);
    let config = left_of(request, "output_config");
    let format = match &request.format {
        AnswerFormat::JsonSchema { schema, extra, .. } => Some((schema, extra)),
        AnswerFormat::Unsaid | AnswerFormat::Text | AnswerFormat::JsonObject => None,
    };
    if config.is_some() || format.is_some() || request.reasoning.effort.is_some() {
        out.name("output_config").open().text_member("effort", request.reasoning.effort.as_ref());
        if let Some((schema, extra)) = format {
            out.name("format").open().name("type").string("json_schema").name("schema").raw(schema);
            out.members(extra).close();
        }
        out.members(&config.unwrap_or_default()).close();
    }
    let metadata = left_of(request, "metadata");
    if metadata.is_some() || request.user.is_some() {
        out.name("metadata").open().text_member("user_id", request.user.as_ref());
        out.members(&metadata.unwrap_or_default()).close();
    }
    out.text_member("service_tier", request.service_tier.as_ref());
    for (name, value) in request.extra.iter() {
        let is_within = is_object(value) && (name == b"output_config" || name == b"metadata");
        if !is_within {
            out.name_raw(name).raw(value);
        }
    }
}

/// What was left of an object that was taken apart.
fn left_of(request: &ChatRequest, name: &str) -> Option<RawMembers> {
    request.extra.get(name).filter(|raw| is_object(raw)).map(RawJson::members)
}

fn is_object(raw: &RawJson) -> bool {
    raw.kind() == weir_http::json::JsonKind::Object
}

fn write(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, most: u64, losses: &mut FieldLosses) {
    let plan = write_plan(out, request, rules, most, losses);
    params::write_sampling(out, &request.sampling, plan.thinks(), losses);
    params::write_account(out, request, losses);
    losses.lose_extras("reasoning", &request.reasoning.extra);
    losses.lose_extras("", &request.extra);
}

/// Writes what a model reads of a request of another wire, and nothing that bounds what it answers.
pub(in crate::messages) fn write_asked(
    out: &mut JsonWriter,
    request: &ChatRequest,
    rules: &TargetRules,
    losses: &mut FieldLosses,
) {
    write_plan(out, &with_ids(request), rules, u64::MAX, losses);
    losses.lose_extras("", &request.extra);
}

/// Writes turns, tools, thoughts and the form of the answer.
fn write_plan(
    out: &mut JsonWriter,
    request: &ChatRequest,
    rules: &TargetRules,
    most: u64,
    losses: &mut FieldLosses,
) -> ThinkingPlan {
    turns::write(out, request, rules, losses);
    tools::write(out, request, rules.quirks, losses);
    let plan = ThinkingPlan::of(request, &rules.model, most, losses);
    plan.write(out, request.reasoning.show.as_ref());
    let schema = params::schema(&request.format, rules.quirks, losses);
    if schema.is_some() || plan.effort().is_some() {
        out.name("output_config").open();
        if let Some(effort) = plan.effort() {
            out.name("effort").string(effort);
        }
        if let Some(schema) = schema {
            out.name("format").open().name("type").string("json_schema").name("schema").raw(schema).close();
        }
        out.close();
    }
    plan
}
