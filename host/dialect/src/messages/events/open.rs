//! A block of a stream that is open, as its reader knows it.

use crate::canon::{
    BlockDelta, BlockPlace, BlockStart, ChatEvent, ContentBlock, JsonText, JsonWriter, OtherBlock, RawJson,
    ReasoningBlock, ServerToolBlock, ServerToolKind, ToolInput,
};
use crate::messages::content::read;

/// Bytes of arguments of a tool of the provider's that are kept until all have come.
pub(super) const MOST_INPUT: usize = 4 << 20;

/// A block that has begun and not ended.
#[derive(Debug)]
pub(super) struct OpenBlock {
    /// Its number on the wire.
    pub(super) index: u64,
    /// Its place; none as long as it is kept until it is whole.
    pub(super) place: Option<BlockPlace>,
    kind: OpenKind,
}

#[derive(Debug)]
enum OpenKind {
    /// A call of a tool of the client's, and what its start says of its arguments as long as nothing else does.
    Call(Option<RawJson>),
    /// A call of a tool of the provider's, which is told when its arguments are whole.
    ServerCall { block: ServerToolBlock, input: Vec<JsonText>, bytes: usize },
    /// All others.
    Plain,
}

impl OpenBlock {
    /// A block that begins so, and what of it is said at once.
    pub(super) fn of(index: u64, raw: &RawJson, next: &mut u32, out: &mut Vec<ChatEvent>) -> Self {
        let mut opened = |start| {
            let place = BlockPlace { choice: 0, block: *next };
            *next = next.saturating_add(1);
            out.push(ChatEvent::Open(place, start));
            place
        };
        let (place, kind, delta) = match read::block(raw) {
            ContentBlock::Text(text) => {
                let place = opened(BlockStart::Text);
                (place, OpenKind::Plain, said(text.text).map(BlockDelta::Text))
            }
            ContentBlock::Reasoning(thought) => {
                let place = opened(BlockStart::Reasoning { id: None });
                out.extend(thoughts(thought).map(|delta| ChatEvent::Delta(place, delta)));
                (place, OpenKind::Plain, None)
            }
            ContentBlock::ToolUse(call) => {
                let place = opened(BlockStart::ToolUse { id: call.id, item: None, name: call.name, custom: false });
                let input = match call.input {
                    ToolInput::Json(raw) => Some(raw),
                    ToolInput::Text(_) => None,
                };
                (place, OpenKind::Call(input), None)
            }
            ContentBlock::ServerTool(block) if block.kind == ServerToolKind::Call => {
                return Self { index, place: None, kind: OpenKind::ServerCall { block, input: Vec::new(), bytes: 0 } };
            }
            ContentBlock::ServerTool(block) => (opened(BlockStart::ServerTool(block)), OpenKind::Plain, None),
            ContentBlock::Other(block) => (opened(BlockStart::Other(block)), OpenKind::Plain, None),
            ContentBlock::Image(_)
            | ContentBlock::Audio(_)
            | ContentBlock::Video(_)
            | ContentBlock::Document(_)
            | ContentBlock::ToolResult(_)
            | ContentBlock::Refusal(_) => {
                let kind = raw.members().get("type").and_then(RawJson::text).unwrap_or_default();
                let block = OtherBlock { kind: kind.text().into(), raw: raw.clone() };
                (opened(BlockStart::Other(block)), OpenKind::Plain, None)
            }
        };
        out.extend(delta.map(|delta| ChatEvent::Delta(place, delta)));
        Self { index, place: Some(place), kind }
    }

    /// A block of this kind that nobody has opened.
    pub(super) fn implied(index: u64, start: BlockStart, next: &mut u32, out: &mut Vec<ChatEvent>) -> Self {
        let place = BlockPlace { choice: 0, block: *next };
        *next = next.saturating_add(1);
        out.push(ChatEvent::Open(place, start));
        Self { index, place: Some(place), kind: OpenKind::Plain }
    }

    /// Whether it is a call of a tool of the client's.
    pub(super) fn is_call(&self) -> bool {
        matches!(self.kind, OpenKind::Call(_))
    }

    /// It grows. True if more is kept than may be.
    pub(super) fn grow(&mut self, delta: BlockDelta, out: &mut Vec<ChatEvent>) -> bool {
        match (&mut self.kind, &delta) {
            (OpenKind::Call(input), BlockDelta::Input(_)) => *input = None,
            (OpenKind::ServerCall { input, bytes, .. }, BlockDelta::Input(piece)) => {
                *bytes += piece.token().len();
                input.push(piece.clone());
                return *bytes > MOST_INPUT;
            }
            _ => {}
        }
        out.extend(self.place.map(|place| ChatEvent::Delta(place, delta)));
        false
    }

    /// It ends.
    pub(super) fn close(self, next: &mut u32, out: &mut Vec<ChatEvent>) {
        let place = match (self.place, self.kind) {
            (Some(place), OpenKind::Call(Some(input))) => {
                out.push(ChatEvent::Delta(place, BlockDelta::WholeInput(input)));
                place
            }
            (Some(place), _) => place,
            (None, OpenKind::ServerCall { block, input, .. }) => {
                let place = BlockPlace { choice: 0, block: *next };
                *next = next.saturating_add(1);
                out.push(ChatEvent::Open(place, BlockStart::ServerTool(whole(block, &input))));
                place
            }
            (None, OpenKind::Call(_) | OpenKind::Plain) => return,
        };
        out.push(ChatEvent::Close(place));
    }
}

fn said(text: JsonText) -> Option<JsonText> {
    (!text.is_empty()).then_some(text)
}

/// What a thought's start says of it: mostly nothing, and all where it is not shown.
fn thoughts(thought: ReasoningBlock) -> impl Iterator<Item = BlockDelta> {
    let words = thought.text.into_iter().filter_map(said).map(BlockDelta::Reasoning);
    words.chain(thought.signature.map(BlockDelta::Signature))
}

/// The call with the arguments that came piece by piece, if any did.
fn whole(mut block: ServerToolBlock, input: &[JsonText]) -> ServerToolBlock {
    if input.is_empty() {
        return block;
    }
    let (input, _) = ToolInput::Text(JsonText::concat(input)).to_object();
    let mut members = block.raw.members();
    members.take_as("input", |_| Some(()));
    let mut out = JsonWriter::default();
    out.open().members(&members).name("input").raw(&input).close();
    block.raw = out.finish_raw();
    block
}
