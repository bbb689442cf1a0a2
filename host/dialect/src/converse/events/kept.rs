//! A block of a tool that runs at Amazon, or of anything else that comes in pieces and is told whole.

use crate::canon::{
    BlockStart, JsonText, JsonWriter, OtherBlock, RawJson, RawMembers, ServerToolBlock, ServerToolKind, ToolInput,
};

/// Bytes of pieces that are kept until all have come.
pub(crate) const MOST_KEPT: usize = 4 << 20;

/// A block that is kept until it is whole.
#[derive(Debug)]
pub(crate) struct KeptBlock {
    /// The member that names its kind.
    name: String,
    inner: RawMembers,
    /// Arguments of a call.
    input: Vec<JsonText>,
    /// What a tool has answered.
    parts: Vec<RawJson>,
    bytes: usize,
}

impl KeptBlock {
    /// A block that begins so.
    pub(crate) fn new(name: &str, inner: RawMembers) -> Self {
        Self { name: name.to_owned(), inner, input: Vec::new(), parts: Vec::new(), bytes: 0 }
    }

    /// It grows. False if more is kept than may be.
    #[must_use]
    pub(crate) fn grow(&mut self, delta: &RawJson) -> bool {
        self.bytes += delta.bytes().len();
        let mut members = delta.members();
        if let Some(mut call) = members.take_members("toolUse") {
            self.input.extend(call.take_text("input"));
        } else if let Some(parts) = members.take_elements("toolResult") {
            self.parts.extend(parts);
        } else if let Some(more) = members.take_members(&self.name) {
            for (name, value) in more.iter() {
                self.inner.push(&String::from_utf8_lossy(name), value.clone());
            }
        }
        self.bytes <= MOST_KEPT
    }

    /// All of it.
    pub(crate) fn whole(mut self) -> BlockStart {
        let id = self.inner.get("toolUseId").and_then(RawJson::text);
        let name = self.inner.get("name").and_then(RawJson::text);
        let kind = match self.name.as_str() {
            "toolUse" => Some(ServerToolKind::Call),
            "toolResult" => Some(ServerToolKind::Result),
            _ => None,
        };
        match kind {
            Some(ServerToolKind::Call) if !self.input.is_empty() => {
                let (input, _) = ToolInput::Text(JsonText::concat(&self.input)).to_object();
                self.inner.push("input", input);
            }
            Some(ServerToolKind::Result) => {
                let mut out = JsonWriter::default();
                out.open_array();
                for part in &self.parts {
                    out.raw(part);
                }
                out.close_array();
                self.inner.push("content", out.finish_raw());
            }
            _ => {}
        }
        let mut out = JsonWriter::default();
        out.open().name(&self.name).open().members(&self.inner).close().close();
        let raw = out.finish_raw();
        match kind {
            Some(kind) => BlockStart::ServerTool(ServerToolBlock { kind, name, id, raw }),
            None => BlockStart::Other(OtherBlock { kind: self.name.into(), raw }),
        }
    }
}
