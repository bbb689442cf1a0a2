//! Frames of a provider's on their way to a client that speaks the same wire.

use bytes::Bytes;
use weir_http::json::JsonKind;

use super::added;
use super::becomes::{FrameChange, WholeInput};
use super::changes::{EventFate, SettledEvent, ViewChanges};
use super::framing::{ClientFraming, StreamFramer};
use super::halves;
use super::index::NextIndex;
use super::numbered::NumberedFrames;
use super::slots::is_same;
use super::splices::reframed;
use super::waiting::{ShownEvent, WaitingFrame};
use crate::canon::{
    AnswerContext, BlockDelta, BlockPlace, BlockStart, ChatEvent, FieldLosses, JsonText, NewEvent, RawJson, ToolInput,
};
use crate::wire::WireFormat;

/// Writes frames as they came, but for what was changed of them.
#[derive(Debug)]
pub(super) struct SameWire {
    wire: WireFormat,
    context: AnswerContext,
    index: NextIndex,
    numbered: NumberedFrames,
}

impl SameWire {
    pub(super) fn new(wire: WireFormat, context: AnswerContext) -> Self {
        Self { wire, context, index: NextIndex::default(), numbered: NumberedFrames::default() }
    }

    /// The number of the next event, where the wire numbers them.
    pub(super) fn next_sequence(&self) -> u64 {
        self.numbered.next()
    }

    /// Bytes that are kept.
    pub(super) fn held(&self) -> usize {
        self.numbered.held()
    }

    /// Writes a frame of which nothing was changed.
    pub(super) fn pass(&mut self, frame: &WaitingFrame, framer: &mut StreamFramer, out: &mut Vec<Bytes>) {
        if self.wire == WireFormat::Responses && !frame.data.is_empty() {
            self.numbered.pass(&frame.data);
        }
        write(frame, framer, out);
    }

    /// Writes what frames have become that depend on one another; mostly it is one.
    pub(super) fn write(
        &mut self,
        frames: &[WaitingFrame],
        changes: &mut ViewChanges,
        framer: &mut StreamFramer,
        losses: &mut FieldLosses,
        out: &mut Vec<Bytes>,
    ) {
        let mut made: Vec<FrameChange> = frames.iter().map(|frame| self.change(frame, changes, losses)).collect();
        for at in 0..made.len() {
            let inputs = made.get_mut(at).map(|change| std::mem::take(&mut change.inputs)).unwrap_or_default();
            for input in inputs {
                self.whole_input(at, input, frames, &mut made, losses);
            }
        }
        for (frame, change) in frames.iter().zip(made) {
            self.put(frame, change, framer, out);
        }
    }

    /// Writes what a frame has become.
    fn put(&mut self, frame: &WaitingFrame, mut change: FrameChange, framer: &mut StreamFramer, out: &mut Vec<Bytes>) {
        let members = RawJson::parse(frame.data.clone()).map(|raw| raw.members()).unwrap_or_default();
        let before = std::mem::take(&mut change.before);
        if self.wire == WireFormat::Responses {
            if !before.is_empty() {
                self.numbered.before(&members, before, self.context.clone(), &mut change.splices, framer, out);
            }
            if !members.is_empty() {
                self.numbered.take(&members, &change.said, &mut change.splices);
            }
        } else {
            let open = self.index.see(self.wire, &members);
            let added = added::events(self.wire, &before, open, &mut self.index);
            out.extend(added.iter().map(|event| framer.frame(event)));
        }
        let is_left = change.left > 0 && change.left == frame.events.len();
        match self.wire {
            WireFormat::Messages | WireFormat::Converse if is_left => {}
            _ if change.splices.is_empty() => write(frame, framer, out),
            _ => {
                let data = change.splices.finish();
                let raw = reframed(framer.framing, &frame.raw, &frame.data, &data);
                write(&WaitingFrame { raw, data, ..WaitingFrame::default() }, framer, out);
            }
        }
    }

    /// What was decided of a frame's events, as changes of the frame.
    fn change(&self, frame: &WaitingFrame, changes: &mut ViewChanges, losses: &mut FieldLosses) -> FrameChange {
        let mut change = FrameChange::of(frame.data.clone());
        let mut settled: Vec<_> = frame.events.iter().map(|shown| changes.settle(shown, losses)).collect();
        if self.wire == WireFormat::GenerateContent {
            join_ends(&frame.events, &mut settled);
        }
        for (shown, settled) in frame.events.iter().zip(settled) {
            change.before.extend(settled.before);
            let came = text_of(&shown.event);
            match settled.fate {
                EventFate::Same => {
                    cite(&shown.event, None, &mut change);
                    change.said.extend(came.map(|came| (came.clone(), None)));
                }
                EventFate::Says(text) => {
                    if let ChatEvent::Delta(place, BlockDelta::WholeInput(was)) = &shown.event {
                        change.inputs.push(WholeInput { place: *place, was: was.clone(), says: text });
                    } else if let Some(came) = came {
                        if !change.splices.replace(came.token(), text.token().clone()) {
                            losses.lose("content.delta");
                        }
                        change.said.push((came.clone(), Some(text)));
                    }
                }
                EventFate::Cites(url, title) => cite(&shown.event, Some((&url, &title)), &mut change),
                EventFate::Left => {
                    change.left += 1;
                    self.leave(&shown.event, &mut change);
                }
            }
        }
        if let Some((number, strays)) = &frame.strays {
            for (was, is) in strays.iter().zip(changes.beside(*number, strays.len()).into_iter().flatten()) {
                if !is_same(was, &is) {
                    change.splices.replace(was.token(), is.token().clone());
                }
            }
        }
        change
    }

    /// Puts other arguments of a call in the place of its own, which came whole: with the frame `at` or with one before.
    fn whole_input(
        &self,
        at: usize,
        input: WholeInput,
        frames: &[WaitingFrame],
        made: &mut [FrameChange],
        losses: &mut FieldLosses,
    ) {
        let (object, wrapped) = ToolInput::Text(input.says.clone()).to_object();
        if wrapped {
            losses.lose("content.tool_use.input");
        }
        if made.iter_mut().any(|change| change.splices.replace(input.was.bytes(), object.bytes().clone())) {
            return;
        }
        let is_put = match self.wire {
            WireFormat::GenerateContent => halves::whole(frames, made, input.place, &object),
            // Its start said that it takes nothing, and it did not grow.
            WireFormat::Messages => made.get_mut(at).is_some_and(|change| {
                change.before.push(ChatEvent::Delta(input.place, BlockDelta::Input(input.says)));
                true
            }),
            WireFormat::Chat
            | WireFormat::Responses
            | WireFormat::Converse
            | WireFormat::CohereChat
            | WireFormat::OllamaChat => false,
        };
        if !is_put {
            losses.lose("content.tool_use.input");
        }
    }

    /// Leaves out what an event says beside texts.
    fn leave(&self, event: &ChatEvent, change: &mut FrameChange) {
        let ChatEvent::Delta(_, delta) = event else { return };
        let empty: &'static [u8] = match delta {
            BlockDelta::Signature(_) if self.wire == WireFormat::Responses => b"null",
            BlockDelta::Signature(_) => b"\"\"",
            BlockDelta::Logprobs(raw) if raw.kind() == JsonKind::Array => b"[]",
            _ => b"{}",
        };
        let token = match delta {
            BlockDelta::Signature(signature) => signature.value.token(),
            BlockDelta::Logprobs(raw) | BlockDelta::Other(raw) => raw.bytes(),
            BlockDelta::Citation(note) => note.raw.bytes(),
            _ => return,
        };
        // It is told again: the same without what it said.
        if self.wire == WireFormat::Responses && matches!(delta, BlockDelta::Citation(_)) {
            return cite(event, Some((&JsonText::EMPTY, &JsonText::EMPTY)), change);
        }
        change.splices.replace(token, Bytes::from_static(empty));
    }
}

/// Text that goes out before the end of a choice goes on with that of the last event itself, where it has some.
fn join_ends(events: &[ShownEvent], settled: &mut [SettledEvent]) {
    for at in 0..events.len() {
        let Some(ChatEvent::Stop { choice, .. }) = events.get(at).map(|shown| &shown.event) else { continue };
        let text = |event: &ChatEvent| match event {
            ChatEvent::Delta(place, BlockDelta::Text(text)) if place.choice == *choice => Some(text.clone()),
            _ => None,
        };
        let Some((last, was)) = events.iter().enumerate().rev().find_map(|(at, shown)| Some((at, text(&shown.event)?)))
        else {
            continue;
        };
        let mut more = Vec::new();
        if let Some(before) = settled.get_mut(at).map(|settled| &mut settled.before) {
            let blocks: Vec<_> = before.iter().filter_map(|event| Some((place_of(event)?, text(event)?))).collect();
            before.retain(|event| !blocks.iter().any(|(place, _)| place_of(event) == Some(*place)));
            more.extend(blocks.into_iter().map(|(_, text)| text));
        }
        if let Some(settled) = settled.get_mut(last).filter(|_| !more.is_empty()) {
            let says = match &settled.fate {
                EventFate::Says(text) => text.clone(),
                EventFate::Same | EventFate::Left | EventFate::Cites(..) => was,
            };
            settled.fate = EventFate::Says(JsonText::concat([&says].into_iter().chain(&more)));
        }
    }
}

fn place_of(event: &ChatEvent) -> Option<BlockPlace> {
    match event {
        ChatEvent::Open(place, _) | ChatEvent::Delta(place, _) | ChatEvent::Close(place) => Some(*place),
        _ => None,
    }
}

/// The text that an event says: the name of a tool, if it opens a call.
fn text_of(event: &ChatEvent) -> Option<&JsonText> {
    match event {
        ChatEvent::Open(_, BlockStart::ToolUse { name, .. }) => Some(name),
        ChatEvent::Delta(
            _,
            BlockDelta::Text(text)
            | BlockDelta::Refusal(text)
            | BlockDelta::Reasoning(text)
            | BlockDelta::Summary(text, _)
            | BlockDelta::Input(text),
        ) => Some(text),
        _ => None,
    }
}

/// Puts another address and title into a citation, and takes note of what they were and are.
fn cite(event: &ChatEvent, new: Option<(&JsonText, &JsonText)>, change: &mut FrameChange) {
    let ChatEvent::Delta(_, BlockDelta::Citation(note)) = event else { return };
    let new = new.map_or([None, None], |(url, title)| [Some(url), Some(title)]);
    for (was, is) in [&note.url, &note.title].into_iter().zip(new) {
        let Some(was) = was else { continue };
        if let Some(is) = is {
            change.splices.replace(was.token(), is.token().clone());
        }
        change.said.push((was.clone(), is.cloned()));
    }
}

/// Writes a frame as it is.
fn write(frame: &WaitingFrame, framer: &mut StreamFramer, out: &mut Vec<Bytes>) {
    if framer.framing != ClientFraming::JsonArray {
        out.extend(Some(&frame.raw).filter(|raw| !raw.is_empty()).cloned());
        return;
    }
    let Ok(raw) = RawJson::parse(frame.data.clone()) else { return };
    let elements = if raw.kind() == JsonKind::Array { raw.elements() } else { vec![raw] };
    out.extend(elements.iter().map(|element| framer.frame(&NewEvent { name: None, data: element.bytes().clone() })));
}
