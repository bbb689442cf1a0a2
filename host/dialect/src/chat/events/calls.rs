//! Calls of tools in a stream, read: which piece belongs to which call.

use super::blocks::ChoiceSink;
use crate::canon::{BlockDelta, BlockStart, DecodeFault, JsonText, RawJson, RawMembers};
use crate::chat::calls::take_signature;
use crate::chat::writing::within;

/// The most calls of a choice.
const MOST_CALLS: usize = 1_024;

/// The calls of a choice so far.
#[derive(Debug, Default)]
pub(super) struct CallStreams(Vec<CallStream>);

#[derive(Debug)]
struct CallStream {
    /// What its pieces name it by.
    key: u64,
    id: Option<JsonText>,
    name: JsonText,
    block: u32,
    is_open: bool,
    scan: ArgumentScan,
}

impl CallStreams {
    /// Whether there was any.
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Reads an element of `tool_calls`, which stands at this place of the list.
    pub(super) fn take(&mut self, at: u64, raw: &RawJson, sink: &mut ChoiceSink<'_>) -> Result<(), DecodeFault> {
        let mut members = raw.members();
        let is_custom = members.get("function").is_none_or(RawJson::is_null) && members.get("custom").is_some();
        let (member, input) = if is_custom { ("custom", "input") } else { ("function", "arguments") };
        let mut inner = within(&members, member);
        // Mistral's have no number: the place in the list stands for it.
        let key = members.take_unsigned("index").unwrap_or(at);
        let said = |members: &mut RawMembers, name: &str| members.take_text(name).filter(|text| !text.is_empty());
        let (id, name) = (said(&mut members, "id"), said(&mut inner, "name"));
        let piece = CallPiece { key, id, name, is_custom };
        let signature = take_signature(&mut members);
        let call = self.find(piece, sink)?;
        call.grow(inner.take(input), sink);
        if let Some(signature) = signature.filter(|_| call.is_open) {
            sink.delta(call.block, BlockDelta::Signature(signature));
        }
        Ok(())
    }

    /// Reads a `function_call`, of which there is one.
    pub(super) fn take_only(&mut self, raw: &RawJson, sink: &mut ChoiceSink<'_>) -> Result<(), DecodeFault> {
        let mut members = raw.members();
        let name = members.take_text("name").filter(|name| !name.is_empty());
        let arguments = members.take("arguments");
        let says = arguments.as_ref().and_then(RawJson::text).is_some_and(|text| !text.is_empty());
        if name.is_none() && !says {
            return Ok(());
        }
        self.find(CallPiece { key: u64::MAX, id: None, name, is_custom: false }, sink)?.grow(arguments, sink);
        Ok(())
    }

    /// The call that a piece belongs to, which opens with it if it is the first of it: a number that is new, or a name with
    /// another identifier, or with none where the arguments of the one before are all there.
    fn find(&mut self, piece: CallPiece, sink: &mut ChoiceSink<'_>) -> Result<&mut CallStream, DecodeFault> {
        let at = self.0.iter().rposition(|call| call.key == piece.key);
        let is_same = |call: &CallStream| match (&piece.name, &piece.id) {
            (None, _) => true,
            (Some(_), Some(id)) if call.id.is_some() => call.id.as_ref() == Some(id),
            (Some(name), _) => call.name == *name && !call.scan.is_whole(),
        };
        let at = match at.filter(|at| self.0.get(*at).is_some_and(is_same)) {
            Some(at) => at,
            None => {
                self.open(piece, sink)?;
                self.0.len() - 1
            }
        };
        self.0.get_mut(at).ok_or(DecodeFault::TooMany { what: "tool calls", most: MOST_CALLS })
    }

    fn open(&mut self, piece: CallPiece, sink: &mut ChoiceSink<'_>) -> Result<(), DecodeFault> {
        if self.0.len() == MOST_CALLS {
            return Err(DecodeFault::TooMany { what: "tool calls", most: MOST_CALLS });
        }
        sink.close_text();
        // One whose arguments are all there grows no more, and whoever reads need not wait for its end.
        self.close_where(sink, |call| call.scan.is_whole());
        let name = piece.name.unwrap_or_default();
        let start =
            BlockStart::ToolUse { id: piece.id.clone(), item: None, name: name.clone(), custom: piece.is_custom };
        let block = sink.open(start);
        let scan = ArgumentScan { is_free: piece.is_custom, ..ArgumentScan::default() };
        self.0.push(CallStream { key: piece.key, id: piece.id, name, block, is_open: true, scan });
        Ok(())
    }

    /// Closes all that are open.
    pub(super) fn close(&mut self, sink: &mut ChoiceSink<'_>) {
        self.close_where(sink, |_| true);
    }

    fn close_where(&mut self, sink: &mut ChoiceSink<'_>, due: impl Fn(&CallStream) -> bool) {
        for call in self.0.iter_mut().filter(|call| call.is_open).filter(|call| due(call)) {
            call.is_open = false;
            sink.close(call.block);
        }
    }
}

/// What a piece says of the call that it belongs to.
struct CallPiece {
    key: u64,
    id: Option<JsonText>,
    name: Option<JsonText>,
    is_custom: bool,
}

impl CallStream {
    fn grow(&mut self, input: Option<RawJson>, sink: &mut ChoiceSink<'_>) {
        let Some(input) = input.filter(|_| self.is_open) else { return };
        match input.text() {
            Some(text) if text.is_empty() => {}
            Some(text) => {
                self.scan.pass(&text);
                sink.delta(self.block, BlockDelta::Input(text));
            }
            None => {
                self.scan.pass(&input.to_text());
                sink.delta(self.block, BlockDelta::WholeInput(input));
            }
        }
    }
}

/// Where arguments that come in pieces are one whole object or list: counts brackets outside of strings.
#[derive(Debug, Default)]
struct ArgumentScan {
    /// It is free text, whose end cannot be told.
    is_free: bool,
    depth: u32,
    begun: bool,
    in_string: bool,
    escaped: bool,
}

impl ArgumentScan {
    fn pass(&mut self, text: &JsonText) {
        for byte in text.text().bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => {
                    self.begun = true;
                    self.depth = self.depth.saturating_add(1);
                }
                b'}' | b']' if !self.in_string => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.begun && self.depth == 0 && !self.is_free
    }
}
