//! A request as plugins see it.

use bytes::Bytes;
use weir_http::json::{Cursor, JsonSyntaxError};

use super::apply::{RequestChanges, apply};
use super::differ::Differ;
use super::map::{SourceMap, offset, spliced};
use super::messages::{self, ShownMessage};
use super::write::ViewWriter;
use super::{listed, params, rest, tools, turns};
use crate::canon::{ChatRequest, ContentBlock, DecodeFault, RawJson, RawMembers};
use crate::chat;
use crate::translate::{self, ids};
use crate::wire::WireFormat;

/// A request of another wire than chat, and what plugins are shown of it.
#[derive(Debug)]
pub struct RequestView {
    body: Bytes,
    path: (Box<str>, bool),
    original: ChatRequest,
    shown: Bytes,
    map: SourceMap,
    messages: Vec<ShownMessage>,
}

/// What goes on, after plugins.
#[derive(Debug)]
pub enum MergedRequest {
    /// Nothing but perhaps the model's name differs.
    Same,
    /// The request with what plugins changed.
    Changed(Box<ChatRequest>),
}

impl RequestView {
    /// The view of a client's body. `path`: model and whether a stream is wanted, where the wire's path says that (Gemini,
    /// Converse); none for wires that name them in the body.
    ///
    /// # Errors
    /// [`DecodeFault`]: it is no request of this wire, or has a name twice in one object, of which two readers may make two things.
    pub fn of(wire: WireFormat, body: &Bytes, path: Option<(&str, bool)>) -> Result<Self, DecodeFault> {
        let raw = unique(body)?;
        let (model, streaming) = path.unwrap_or_default();
        let original = translate::decode_request(wire, &raw, (model, streaming))?;
        let given = with_ids(&original);
        let request = given.as_ref().unwrap_or(&original);
        let root = raw.members();
        let mut out = ViewWriter::new(wire, body);
        out.out.open().name("model").string(&request.model);
        let messages = messages::write(&mut out, &request.turns);
        params::write(&mut out, request, &root);
        tools::write(&mut out, request, &root);
        rest::write(&mut out, &raw, offset(body, raw.bytes()).unwrap_or(0), &[])?;
        out.out.close();
        let (shown, map) = out.finish();
        Ok(Self { body: body.clone(), path: (model.into(), streaming), original, shown, map, messages })
    }

    /// The view: a request for a chat completion.
    #[must_use]
    pub fn shown(&self) -> &Bytes {
        &self.shown
    }

    /// The request as it was read.
    #[must_use]
    pub fn original(&self) -> &ChatRequest {
        &self.original
    }

    /// The client's body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What goes on, after plugins made `changed` of [`shown`](Self::shown): the original with all that differs, and nothing else.
    ///
    /// # Errors
    /// [`DecodeFault`]: it is no chat completion request any more.
    pub fn merged(&self, changed: &Bytes) -> Result<MergedRequest, DecodeFault> {
        if *changed == self.shown {
            return Ok(MergedRequest::Same);
        }
        let raw = RawJson::parse(changed.clone())?;
        let members = raw.members();
        let mut differ = Differ::new(self.original.wire, &self.shown, &self.map);
        let changes = self.changes(&mut differ, &members);
        let splices = differ.splices;
        if splices.is_empty() && changes.is_empty() {
            return Ok(MergedRequest::Same);
        }
        let body = RawJson::parse(spliced(&self.body, splices))?;
        let (model, streaming) = &self.path;
        let merged = translate::decode_request(self.original.wire, &body, (model, *streaming));
        let Some(mut merged) = merged.ok().filter(|merged| is_alike(merged, &self.original)) else {
            // It is something else now: what chat can say of it goes on.
            return Ok(MergedRequest::Changed(Box::new(chat::decode_request(&raw)?)));
        };
        if !changes.is_empty() {
            apply(&mut merged, changes, &chat::decode_request(&raw)?)?;
        }
        let model = members.get("model").and_then(RawJson::text);
        let model = model.ok_or(DecodeFault::Field { field: "model", due: "a string" })?;
        merged.model = model.text().into();
        Ok(MergedRequest::Changed(Box::new(merged)))
    }

    fn changes(&self, differ: &mut Differ<'_>, changed: &RawMembers) -> RequestChanges {
        let shown = RawJson::checked(self.shown.clone()).members();
        let list = |members: &RawMembers, name: &str| members.get(name).map(RawJson::elements).unwrap_or_default();
        let said = (list(&shown, "messages"), list(changed, "messages"));
        RequestChanges {
            turns: turns::differs(differ, &self.messages, &self.original.turns, (&said.0, &said.1)),
            tools: listed::differs(differ, &list(&shown, "tools"), &list(changed, "tools")),
            fields: differ.members_but(&shown, changed, &["model", "messages", "tools"]),
        }
    }

    /// The client's body with another model's name in it, every other byte as it was. Of a wire whose path names the model, the
    /// body as it is.
    #[must_use]
    pub fn renamed(&self, model: &str) -> Bytes {
        if !self.original.wire.names_model() {
            return self.body.clone();
        }
        renamed(&self.body, model).unwrap_or_else(|| self.body.clone())
    }
}

/// A body with another value in its member `model`.
fn renamed(body: &Bytes, model: &str) -> Option<Bytes> {
    let old = RawJson::parse(body.clone()).ok()?.members().get("model")?.clone();
    let start = offset(body, old.bytes())?;
    let mut out = Vec::with_capacity(body.len() + model.len());
    out.extend_from_slice(body.get(..start)?);
    weir_http::json::escape_into(&mut out, model);
    out.extend_from_slice(body.get(start + old.bytes().len()..)?);
    Some(out.into())
}

/// A body that is one value, in which no name stands twice in one object.
fn unique(body: &Bytes) -> Result<RawJson, JsonSyntaxError> {
    let body = if body.starts_with(b"\xef\xbb\xbf") { body.slice(3..) } else { body.clone() };
    let mut cursor = Cursor::new(&body)?.unique();
    let (span, _) = cursor.skip()?;
    cursor.finish()?;
    weir_http::json::check_values(&body)?;
    Ok(RawJson::checked(body.slice(span.start..span.end)))
}

/// The request with identifiers for its calls, where its wire has none.
fn with_ids(request: &ChatRequest) -> Option<ChatRequest> {
    let lacks = |block: &ContentBlock| match block {
        ContentBlock::ToolUse(call) => call.id.is_none(),
        ContentBlock::ToolResult(result) => result.id.is_none(),
        _ => false,
    };
    request.turns.iter().flat_map(|turn| &turn.blocks).any(lacks).then(|| {
        let mut given = request.clone();
        ids::give(&mut given);
        given
    })
}

/// Whether two requests have the same turns, blocks and tools, whatever these say.
fn is_alike(one: &ChatRequest, other: &ChatRequest) -> bool {
    let kinds = |request: &ChatRequest| -> Vec<_> {
        let of = |block: &ContentBlock| {
            let within = match block {
                ContentBlock::ToolResult(result) => result.content.len(),
                _ => 0,
            };
            (std::mem::discriminant(block), within)
        };
        request.turns.iter().map(|turn| turn.blocks.iter().map(of).collect::<Vec<_>>()).collect()
    };
    one.tools.len() == other.tools.len() && kinds(one) == kinds(other)
}
