//! Calls whose arguments are told when they are complete, and which frames had them before.

use bytes::Bytes;
use weir_http::json::JsonKind;

use super::becomes::FrameChange;
use super::waiting::WaitingFrame;
use crate::canon::{BlockDelta, BlockPlace, BlockStart, ChatEvent, JsonText, RawJson, RawMembers};
use crate::wire::WireFormat;

/// Calls that have begun, and of whose arguments something came that was not told.
#[derive(Debug, Default)]
pub(super) struct HalfCalls(Vec<BlockPlace>);

impl HalfCalls {
    /// Takes note of a frame of this wire, and says whether there are any behind it: what becomes of the frame depends on the next one.
    pub(super) fn see(&mut self, wire: WireFormat, frame: &WaitingFrame) -> bool {
        for shown in &frame.events {
            match &shown.event {
                ChatEvent::Open(place, BlockStart::ToolUse { .. }) => {
                    let is_half = match wire {
                        // The rest of it comes as pieces with places.
                        WireFormat::GenerateContent => true,
                        WireFormat::Messages => begins_with_input(&frame.data),
                        WireFormat::Chat
                        | WireFormat::Responses
                        | WireFormat::Converse
                        | WireFormat::CohereChat
                        | WireFormat::OllamaChat => false,
                    };
                    self.0.extend(is_half.then_some(*place));
                }
                ChatEvent::Delta(place, BlockDelta::Input(_) | BlockDelta::WholeInput(_)) | ChatEvent::Close(place) => {
                    self.0.retain(|open| open != place);
                }
                _ => {}
            }
        }
        !self.0.is_empty()
    }
}

/// Whether an event of Anthropic's begins a call with arguments, which go without saying if no others come.
fn begins_with_input(data: &Bytes) -> bool {
    let input = || {
        let event = RawJson::parse(data.clone()).ok()?.members();
        event.get("content_block")?.members().get("input").map(|input| input.members())
    };
    input().is_some_and(|input| !input.is_empty())
}

/// Puts other arguments into frames of Gemini's in which those of the call in this place came in pieces: its first part has them all,
/// and the others say nothing. False if it is not in these frames.
pub(super) fn whole(frames: &[WaitingFrame], changes: &mut [FrameChange], place: BlockPlace, object: &RawJson) -> bool {
    let name = frames.iter().flat_map(|frame| &frame.events).find_map(|shown| match &shown.event {
        ChatEvent::Open(at, BlockStart::ToolUse { name, .. }) if *at == place => Some(name.clone()),
        _ => None,
    });
    let Some(name) = name else { return false };
    let mut goes_on = None;
    for (frame, change) in frames.iter().zip(changes) {
        for part in parts(&frame.data, place.choice) {
            let Some(call) = either(&part.members(), "functionCall", "function_call").map(|call| call.members()) else {
                continue;
            };
            let more = either(&call, "willContinue", "will_continue");
            let is_named = call.get("name").and_then(RawJson::text).is_some_and(|own| is_at(&own, &name));
            match goes_on {
                None if is_named => {
                    begin(&call, &name, object, change);
                    more.iter().for_each(|more| {
                        change.splices.replace(more.bytes(), Bytes::from_static(b"false"));
                    });
                }
                Some(true) => {
                    change.splices.replace(part.bytes(), Bytes::from_static(b"{\"text\":\"\"}"));
                }
                None | Some(false) => continue,
            }
            goes_on = Some(more.and_then(|more| more.is_true()).unwrap_or_default());
        }
    }
    goes_on.is_some()
}

fn begin(call: &RawMembers, name: &JsonText, object: &RawJson, change: &mut FrameChange) {
    match call.get("args") {
        Some(args) => change.splices.replace(args.bytes(), object.bytes().clone()),
        None => {
            let args = [b",\"args\":", object.bytes().as_ref()].concat();
            change.splices.insert(name.token(), false, args.into())
        }
    };
    if let Some(pieces) = either(call, "partialArgs", "partial_args") {
        change.splices.replace(pieces.bytes(), Bytes::from_static(b"[]"));
    }
}

/// The parts of a candidate in an event's data.
fn parts(data: &Bytes, choice: u32) -> Vec<RawJson> {
    let Ok(raw) = RawJson::parse(data.clone()) else { return Vec::new() };
    let mut parts = Vec::new();
    for chunk in listed(raw) {
        let candidates = chunk.members().get("candidates").map(RawJson::elements).unwrap_or_default();
        for (at, candidate) in (0..).zip(candidates) {
            let members = candidate.members();
            let index = members.get("index").and_then(RawJson::unsigned).unwrap_or(at);
            let own = members.get("content").and_then(|content| content.members().get("parts").cloned());
            parts.extend(own.filter(|_| index == u64::from(choice)).into_iter().flat_map(listed));
        }
    }
    parts
}

fn listed(raw: RawJson) -> Vec<RawJson> {
    if raw.kind() == JsonKind::Array { raw.elements() } else { vec![raw] }
}

fn either(members: &RawMembers, name: &str, other: &str) -> Option<RawJson> {
    members.get(name).or_else(|| members.get(other)).cloned()
}

/// Whether both are the same place of the same data.
fn is_at(one: &JsonText, other: &JsonText) -> bool {
    one.token().as_ptr() == other.token().as_ptr()
}
