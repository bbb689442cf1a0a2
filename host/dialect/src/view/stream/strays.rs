//! Texts of a frame that are shown nowhere else: results of the provider's tools, words that are cited, and whatever was not
//! understood, for nothing may be hidden from who looks on.

use weir_http::json::{Cursor, JsonKind, JsonSyntaxError};

use super::seen::SeenTexts;
use super::spots::EventSpots;
use super::waiting::WaitingFrame;
use crate::canon::{BlockDelta, BlockStart, ChatEvent, JsonText, RawJson};
use crate::view::names::{UNSHOWN, is_opaque};
use crate::wire::WireFormat;

/// Members of events whose value is a word or an identifier, beside those of requests and answers; shown if they have anything
/// else in them.
const WORDS: [&str; 26] = [
    "item_id",
    "call_id",
    "response_id",
    "previous_response_id",
    "tool_use_id",
    "toolUseId",
    "responseId",
    "obfuscation",
    "p",
    "name",
    "modelVersion",
    "service_tier",
    "trafficType",
    "category",
    "probability",
    "severity",
    "blockReason",
    "effort",
    "truncation",
    "verbosity",
    "tool_choice",
    "prompt_cache_retention",
    "container_id",
    "file_id",
    "inference_geo",
    "summary",
];

/// These texts, in the order in which they stand in the frame's data. `seen` are those that were shown, of a wire that says them
/// again.
pub(super) fn of(wire: WireFormat, frame: &WaitingFrame, seen: &mut SeenTexts) -> Vec<JsonText> {
    let is_told = |event: &ChatEvent| matches!(event, ChatEvent::Failed(_));
    if frame.data.first() != Some(&b'{') || frame.events.iter().any(|shown| is_told(&shown.event)) {
        return Vec::new();
    }
    let Ok(raw) = RawJson::parse(frame.data.clone()) else { return Vec::new() };
    let mut shown = Vec::new();
    frame.events.iter().filter(|shown| !shown.shown.is_empty()).for_each(|event| put(&event.event, &mut shown));
    if wire == WireFormat::Responses {
        let spots = EventSpots::of(&raw.members());
        for spot in &spots.texts {
            if shown.contains(&place(spot.text.token())) {
                seen.say(spot.key, &spot.text);
            } else if spot.whole && seen.knows(spot.key.kind, &spot.text) {
                shown.push(place(spot.text.token()));
            }
        }
        let values = spots.logprobs.iter().chain(&spots.encrypted);
        shown.extend(values.map(|spot| place(spot.value.bytes())));
    }
    let mut walk = StrayWalk { raw: &raw, shown, passed: arguments(wire, frame), found: Vec::new() };
    let walked = Cursor::new(raw.bytes()).and_then(|mut cursor| walk.value(&mut cursor, b""));
    debug_assert!(walked.is_ok(), "it was checked");
    walk.found
}

/// Members that have arguments of calls which are shown with a later frame, when they are complete.
fn arguments(wire: WireFormat, frame: &WaitingFrame) -> &'static [&'static str] {
    let is_call = |event: &ChatEvent| matches!(event, ChatEvent::Open(_, BlockStart::ToolUse { .. }));
    match wire {
        WireFormat::GenerateContent => &["partialArgs", "partial_args"],
        WireFormat::Messages if frame.events.iter().any(|shown| is_call(&shown.event)) => &["input"],
        _ => &[],
    }
}

/// What an event shows.
fn put(event: &ChatEvent, shown: &mut Vec<usize>) {
    match event {
        ChatEvent::Open(_, BlockStart::ToolUse { name, .. }) => shown.push(place(name.token())),
        ChatEvent::Delta(_, delta) => match delta {
            BlockDelta::Text(text) | BlockDelta::Refusal(text) | BlockDelta::Reasoning(text) => {
                shown.push(place(text.token()));
            }
            BlockDelta::Summary(text, _) | BlockDelta::Input(text) => shown.push(place(text.token())),
            BlockDelta::WholeInput(raw) | BlockDelta::Logprobs(raw) => shown.push(place(raw.bytes())),
            BlockDelta::Citation(note) => {
                shown.extend(note.url.iter().chain(&note.title).map(|text| place(text.token())));
            }
            BlockDelta::Signature(_) | BlockDelta::Other(_) => {}
        },
        _ => {}
    }
}

/// Where a token stands, by its address.
fn place(token: &[u8]) -> usize {
    token.as_ptr().addr()
}

struct StrayWalk<'a> {
    raw: &'a RawJson,
    shown: Vec<usize>,
    passed: &'static [&'static str],
    found: Vec<JsonText>,
}

impl StrayWalk<'_> {
    fn value(&mut self, cursor: &mut Cursor<'_>, name: &[u8]) -> Result<(), JsonSyntaxError> {
        let kind = cursor.kind()?;
        let at = place(self.raw.bytes()).saturating_add(cursor.at());
        if self.shown.contains(&at) || self.passed.iter().any(|passed| passed.as_bytes() == name) {
            cursor.skip()?;
            return Ok(());
        }
        match kind {
            JsonKind::Object => {
                cursor.enter_object()?;
                while let Some(key) = cursor.next_key()? {
                    cursor.kind()?;
                    self.value(cursor, key.raw())?;
                }
            }
            JsonKind::Array => {
                cursor.enter_array()?;
                while cursor.next_element()? {
                    self.value(cursor, name)?;
                }
            }
            JsonKind::String => {
                let (span, _) = cursor.skip()?;
                let text = RawJson::checked(self.raw.bytes().slice(span.start..span.end)).text().unwrap_or_default();
                if !(text.is_empty() || is_word(name) && is_opaque(text.escaped())) {
                    self.found.push(text);
                }
            }
            JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
                cursor.skip()?;
            }
        }
        Ok(())
    }
}

fn is_word(name: &[u8]) -> bool {
    WORDS.iter().any(|word| word.as_bytes() == name) || UNSHOWN.iter().any(|(word, _)| word.as_bytes() == name)
}
