//! A request, written.

use bytes::Bytes;

use super::{messages, offers, params, spoken, thinking};
use crate::canon::{ChatRequest, ContentBlock, FieldLosses, JsonWriter, RawMembers, TargetRules};
use crate::chat::writing::ChatWriting;
use crate::translate::ids::{self, ToolIdGrammar};
use crate::translate::marks;
use crate::wire::WireFormat;

/// Members that are written by other names or together with what is known, and so not once more.
const WRITTEN: [&str; 7] = [
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "tool_choice",
    "function_call",
    "response_format",
    "functions",
];

/// Writes a request for a chat completion (OpenAI's API reference, `CreateChatCompletionRequest`), as the provider takes it.
/// What came in this wire is written back, but for what the provider does differently.
#[must_use]
pub fn encode_request(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let given = with_ids(request);
    let request = given.as_ref().unwrap_or(request);
    let own = request.wire == WireFormat::Chat;
    let ids = if rules.quirks.tool_ids_9 { ToolIdGrammar::Nine } else { ToolIdGrammar::Any };
    let marks = marks::takes_marks(rules.vendor, &rules.model);
    let mut writing =
        ChatWriting { own, reader: Some(rules.vendor), marks, ids, document_url: rules.quirks.document_url, losses };
    let mut out = JsonWriter::with_capacity(4096);
    out.open().name("model").string(&rules.model);
    out.name("messages").open_array();
    if own {
        request.turns.iter().for_each(|turn| messages::write_own(&mut out, turn, rules, &mut writing));
    } else {
        spoken::write(&mut out, request, rules, &mut writing);
    }
    out.close_array();
    offers::write(&mut out, request, rules, &mut writing);
    params::write(&mut out, request, rules, &mut writing);
    thinking::write(&mut out, &request.reasoning, &mut writing);
    write_stream(&mut out, request, rules, &mut writing);
    writing.rest(&mut out, "", &request.extra, &WRITTEN);
    out.close();
    out.finish()
}

/// The request with identifiers for its calls, where its wire has none.
fn with_ids(request: &ChatRequest) -> Option<ChatRequest> {
    let is_without = |block: &ContentBlock| match block {
        ContentBlock::ToolUse(call) => call.id.is_none(),
        ContentBlock::ToolResult(result) => result.id.is_none(),
        _ => false,
    };
    let mut blocks = request.turns.iter().flat_map(|turn| &turn.blocks);
    let gives = request.wire != WireFormat::Chat && blocks.any(is_without);
    gives.then(|| {
        let mut given = request.clone();
        ids::give(&mut given);
        given
    })
}

fn write_stream(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    let kept = request.extra.get("stream_options").filter(|_| writing.own);
    let include = if rules.ask_usage { Some(true) } else { request.include_usage };
    if !request.streaming {
        // What a client says though it wants no stream is its own affair.
        if let Some(kept) = kept.filter(|_| request.include_usage.is_none()) {
            out.name("stream_options").raw(kept);
        } else if let Some(include) = request.include_usage.filter(|_| writing.own) {
            write_options(out, Some(include), &kept.map(crate::canon::RawJson::members).unwrap_or_default());
        }
        return;
    }
    out.name("stream").boolean(true);
    if rules.quirks.no_stream_options {
        return;
    }
    match kept {
        Some(kept) if include.is_none() => {
            out.name("stream_options").raw(kept);
        }
        None if include.is_none() || (!writing.own && include == Some(false)) => {}
        _ => write_options(out, include, &kept.map(crate::canon::RawJson::members).unwrap_or_default()),
    }
}

fn write_options(out: &mut JsonWriter, include: Option<bool>, left: &RawMembers) {
    out.name("stream_options").open().bool_member("include_usage", include).members(left).close();
}
