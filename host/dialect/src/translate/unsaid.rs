//! What a request asks for and a wire has no word for.

use weir_http::json::JsonKind;

use crate::canon::{ChatRequest, ChatTool, ChatToolKind, FieldLosses, JsonText, RawJson, ReasoningShow};

/// Names what a request asks for beside its turns and tools, but for what the wire carries, by the same names. The members that
/// only the client's wire has are not among it.
pub fn lose_but(carried: &[&str], request: &ChatRequest, losses: &mut FieldLosses) {
    let sampling = &request.sampling;
    let is_usual = |tier: &JsonText| tier.is("auto") || tier.is("default");
    let asked = [
        ("top_k", sampling.top_k.is_some()),
        ("min_p", sampling.min_p.is_some()),
        ("presence_penalty", is_more(sampling.presence_penalty.as_ref())),
        ("frequency_penalty", is_more(sampling.frequency_penalty.as_ref())),
        ("seed", sampling.seed.is_some()),
        ("n", sampling.choices.as_ref().is_some_and(|number| number.unsigned() != Some(1))),
        ("logprobs", sampling.logprobs.as_ref().is_some_and(|wish| wish.is_true() != Some(false))),
        ("top_logprobs", is_more(sampling.top_logprobs.as_ref())),
        ("logit_bias", sampling.logit_bias.as_ref().is_some_and(says)),
        ("parallel_tool_calls", request.parallel == Some(false)),
        ("user", request.user.is_some()),
        ("metadata", request.metadata.as_ref().is_some_and(says)),
        ("service_tier", request.service_tier.as_ref().is_some_and(|tier| !is_usual(tier))),
        ("previous_response_id", request.previous.is_some()),
        ("store", request.store == Some(true)),
        ("reasoning.summary", matches!(request.reasoning.show, Some(ReasoningShow::Summary(_)))),
        ("reasoning.encrypted_content", request.reasoning.encrypted),
    ];
    for (field, is_asked) in asked {
        if is_asked && !carried.contains(&field) {
            losses.lose(field);
        }
    }
    losses.lose_extras("reasoning", &request.reasoning.extra);
    for turn in &request.turns {
        if turn.name.is_some() {
            losses.lose("messages.name");
        }
        losses.lose_extras("messages", &turn.extra);
    }
}

/// The functions among the tools; others are named, as is what a function's wire alone says of it.
pub fn functions<'a>(request: &'a ChatRequest, losses: &mut FieldLosses) -> Vec<&'a ChatTool> {
    let mut functions = Vec::new();
    for tool in &request.tools {
        match &tool.kind {
            ChatToolKind::Function => {
                if tool.cache.is_some() {
                    losses.lose("tools.cache_control");
                }
                losses.lose_extras("tools", &tool.extra);
                functions.push(tool);
            }
            ChatToolKind::Custom => losses.lose("tools.custom"),
            ChatToolKind::Server(_) => losses.lose_extra("tools", tool.name.text().as_bytes()),
        }
    }
    functions
}

/// Whether a number says more than nought.
fn is_more(number: Option<&RawJson>) -> bool {
    number.is_some_and(|number| number.unsigned() != Some(0))
}

/// Whether a value is an object with something in it.
fn says(raw: &RawJson) -> bool {
    raw.kind() == JsonKind::Object && !raw.members().is_empty()
}
