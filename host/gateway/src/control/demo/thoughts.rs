//! What the demo provider thinks, where it is asked to.

use crate::control::demo::pieces;
use crate::control::demo::question::DemoQuestion;
use weir_dialect::WireFormat;
use weir_dialect::canon::{
    ChatRequest, ContentBlock, JsonText, RawJson, ReasoningBlock, ReasoningMode, ReasoningShow, SignatureKind,
    ThoughtSignature,
};

/// What it stands for that a client has to give back: nobody reads it here.
const SIGNED: &str = "ZGVtbw==";

/// A thought, and what it costs.
pub(super) struct DemoThought {
    pub(super) block: ContentBlock,
    pub(super) tokens: u64,
}

/// The thought that a request asks for, as far as its dialect shows one.
pub(super) fn of(request: &ChatRequest, question: &DemoQuestion) -> Option<DemoThought> {
    if !is_wanted(request) {
        return None;
    }
    let words = format!("The user wrote {} words, and I repeat them.", pieces::count(&question.text));
    let tokens = pieces::count(&words);
    let shown = shows(request);
    let text = || vec![JsonText::of(&words)];
    let is_short = request.wire == WireFormat::Responses;
    let block = ContentBlock::Reasoning(ReasoningBlock {
        text: if shown && !is_short { text() } else { Vec::new() },
        summary: if shown && is_short { text() } else { Vec::new() },
        signature: signature(request),
        ..ReasoningBlock::default()
    });
    Some(DemoThought { block, tokens })
}

fn is_wanted(request: &ChatRequest) -> bool {
    let wish = &request.reasoning;
    let is_said = || {
        let effort = wish.effort.as_ref().is_some_and(|effort| !effort.is("none"));
        effort || wish.budget.as_ref().and_then(RawJson::unsigned).is_some_and(|budget| budget > 0)
    };
    match wish.mode {
        ReasoningMode::Off => false,
        ReasoningMode::On | ReasoningMode::Adaptive => true,
        ReasoningMode::Unsaid => is_said(),
    }
}

/// Whether the client sees it: where it says so, and elsewhere as the dialect has it.
fn shows(request: &ChatRequest) -> bool {
    match request.reasoning.show {
        Some(ReasoningShow::Nothing) => false,
        Some(ReasoningShow::Summary(_) | ReasoningShow::Full) => true,
        None => !matches!(request.wire, WireFormat::Responses | WireFormat::GenerateContent),
    }
}

fn signature(request: &ChatRequest) -> Option<ThoughtSignature> {
    let kind = match request.wire {
        WireFormat::Messages | WireFormat::Converse => SignatureKind::Signature,
        WireFormat::Responses if request.reasoning.encrypted => SignatureKind::Encrypted,
        _ => return None,
    };
    let vendor = request.wire.vendor_of(&request.model);
    Some(ThoughtSignature { vendor, kind, value: JsonText::of(SIGNED) })
}
