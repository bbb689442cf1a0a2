//! Frames of OpenAI's responses, which are numbered and say everything again.

use bytes::Bytes;

use super::added;
use super::framing::StreamFramer;
use super::index::NextIndex;
use super::repeats::RepeatedTexts;
use super::splices::FrameSplices;
use super::spots::{EventSpots, SpotKey, SpotKind};
use crate::canon::{AnswerContext, BlockDelta, ChatEvent, JsonText, JsonWriter, NewEvent, RawJson, RawMembers};

/// What is known of such a stream.
#[derive(Debug, Default)]
pub(super) struct NumberedFrames {
    /// The number of the next event, as it goes out.
    next: u64,
    /// Events that went out and did not come.
    added: u64,
    texts: RepeatedTexts,
    items: NextIndex,
}

impl NumberedFrames {
    /// The number of the next event.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Bytes that are kept.
    pub(super) fn held(&self) -> usize {
        self.texts.held()
    }

    /// Takes note of an event of which nothing is looked at.
    pub(super) fn pass(&mut self, data: &Bytes) {
        let number = RawJson::parse(data.clone()).ok().and_then(|raw| raw.members().get("sequence_number")?.unsigned());
        self.next = number.unwrap_or(self.next).saturating_add(1);
    }

    /// What an event became: texts that were replaced by others, and those that stay as they are. Puts what it says again in its place,
    /// and numbers it.
    pub(super) fn take(
        &mut self,
        members: &RawMembers,
        said: &[(JsonText, Option<JsonText>)],
        splices: &mut FrameSplices,
    ) {
        self.items.see(crate::wire::WireFormat::Responses, members);
        let spots = EventSpots::of(members);
        for (came, went) in said {
            if let Some(spot) = spots.texts.iter().find(|spot| spot.text.token().as_ptr() == came.token().as_ptr()) {
                self.texts.say(spot.key, came, went.as_ref());
            }
        }
        if self.texts.differ() {
            self.texts.put(&spots, splices);
        }
        let number = members.get("sequence_number");
        let own = number.and_then(RawJson::unsigned).unwrap_or(self.next.saturating_sub(self.added));
        if let Some(number) = number.filter(|_| self.added > 0) {
            splices.replace(number.bytes(), own.saturating_add(self.added).to_string().into());
        }
        self.next = own.saturating_add(self.added).saturating_add(1);
    }

    /// Writes what comes before an event of these members, which says all items again if it is the last one.
    pub(super) fn before(
        &mut self,
        members: &RawMembers,
        events: Vec<ChatEvent>,
        context: AnswerContext,
        splices: &mut FrameSplices,
        framer: &mut StreamFramer,
        out: &mut Vec<Bytes>,
    ) {
        let own = members.get("sequence_number").and_then(RawJson::unsigned);
        let first = own.map_or(self.next, |own| own.saturating_add(self.added));
        let made = match events.as_slice() {
            [ChatEvent::Delta(_, BlockDelta::Input(text))] => vec![self.input(members, first, text)],
            _ => {
                self.items.see(crate::wire::WireFormat::Responses, members);
                let (made, items) = added::items(context, events, first, &mut self.items);
                let output = members.get("response").and_then(|response| response.members().get("output").cloned());
                if let Some(output) = output {
                    let gap: &[u8] = if output.elements().is_empty() { b"" } else { b"," };
                    let items: Vec<&[u8]> = items.iter().map(|item| item.bytes().as_ref()).collect();
                    splices.insert(output.bytes(), true, [gap, &items.join(&b","[..])].concat().into());
                }
                made
            }
        };
        self.added = self.added.saturating_add(made.len() as u64);
        out.extend(made.iter().map(|event| framer.frame(event)));
    }

    /// Arguments of a call that had none, before the event that says that it is complete.
    fn input(&mut self, members: &RawMembers, number: u64, text: &JsonText) -> NewEvent {
        let index = members.get("output_index").and_then(RawJson::unsigned).unwrap_or_default();
        let item = members.get("item").map(RawJson::members).unwrap_or_default();
        let is_custom = item.get("type").and_then(RawJson::text).is_some_and(|kind| kind.is("custom_tool_call"));
        let name =
            if is_custom { "response.custom_tool_call_input.delta" } else { "response.function_call_arguments.delta" };
        self.texts.say(SpotKey { kind: SpotKind::Input, item: index, part: 0 }, &JsonText::EMPTY, Some(text));
        let mut out = JsonWriter::with_capacity(192 + text.token().len());
        out.open().name("type").string(name).name("sequence_number").number(number);
        out.text_member("item_id", item.get("id").and_then(RawJson::text).as_ref());
        out.name("output_index").number(index).name("delta").text(text).close();
        NewEvent { name: Some(name), data: out.finish() }
    }
}
