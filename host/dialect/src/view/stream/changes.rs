//! What was decided of what was shown, and what becomes of a stream's events by that.

use std::collections::VecDeque;

use bytes::Bytes;

use super::carried::CarriedTexts;
use super::choices::SeenChoices;
use super::says::{SaidPart, SaidPlace, parts_of};
use super::slots::{BREAK, TextSlot, citing, is_same, saying};
use super::waiting::ShownEvent;
use crate::canon::{
    BlockDelta, BlockPlace, BlockStart, ChatEvent, CitationNote, FieldLosses, JsonText, RawJson, ToolInput,
};

/// What takes the place of an event.
#[derive(Debug)]
pub(super) struct SettledEvent {
    /// Events that come before it: text that stands nowhere yet.
    pub(super) before: Vec<ChatEvent>,
    pub(super) fate: EventFate,
}

/// What becomes of an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EventFate {
    /// It stays as it is.
    Same,
    /// What it says is another text: the name of a tool, if it opens a call.
    Says(JsonText),
    /// It cites another page, by its address and its title.
    Cites(JsonText, JsonText),
    /// It is left out, for it would no longer be true.
    Left,
}

/// What was decided of something that was shown.
#[derive(Debug)]
enum ShownFate {
    Dropped,
    Passed,
    Changed(Vec<SaidPart>),
}

/// What was decided, as far as it has not become of the frames.
#[derive(Debug, Default)]
pub(super) struct ViewChanges {
    /// From this number on.
    first: u64,
    fates: VecDeque<ShownFate>,
    carried: CarriedTexts,
    choices: SeenChoices,
    /// Open blocks that do not say what the provider said.
    touched: Vec<BlockPlace>,
    /// Bytes of chunks that were changed.
    bytes: usize,
}

impl ViewChanges {
    /// This passes as it was shown.
    pub(super) fn passed(&mut self, number: u64) {
        if let Some(fate @ ShownFate::Dropped) = self.fate_mut(number) {
            *fate = ShownFate::Passed;
        }
    }

    /// This goes on as such a chunk, or as several.
    pub(super) fn changed(&mut self, number: u64, data: &Bytes) {
        let said = parts_of(data);
        let Some(fate) = self.fate_mut(number) else { return };
        match fate {
            ShownFate::Changed(parts) => parts.extend(said),
            ShownFate::Dropped | ShownFate::Passed => *fate = ShownFate::Changed(said),
        }
        self.bytes += data.len();
    }

    /// What was shown below this number is done with.
    pub(super) fn forget(&mut self, before: u64) {
        while self.first < before {
            self.fates.pop_front();
            self.first += 1;
        }
        if self.fates.is_empty() {
            self.bytes = 0;
        }
    }

    /// Bytes that are kept.
    pub(super) fn held(&self) -> usize {
        self.bytes + self.carried.held()
    }

    /// What becomes of an event, as events.
    pub(super) fn events(&mut self, shown: ShownEvent, losses: &mut FieldLosses) -> Vec<ChatEvent> {
        let settled = self.settle(&shown, losses);
        let mut events = settled.before;
        match settled.fate {
            EventFate::Same => events.push(shown.event),
            EventFate::Says(text) => events.extend(saying(shown.event, text, losses)),
            EventFate::Cites(url, title) => events.extend(citing(shown.event, url, title)),
            EventFate::Left => {}
        }
        events
    }

    /// What becomes of an event.
    pub(super) fn settle(&mut self, shown: &ShownEvent, losses: &mut FieldLosses) -> SettledEvent {
        self.choices.see(&shown.event);
        let mut settled = SettledEvent { before: Vec::new(), fate: EventFate::Same };
        match &shown.event {
            ChatEvent::Delta(place, BlockDelta::Signature(_)) if self.touched.contains(place) => {
                settled.fate = EventFate::Left;
            }
            ChatEvent::Delta(_, BlockDelta::Citation(note)) => settled.fate = self.cite(shown, note),
            ChatEvent::Delta(place, BlockDelta::Logprobs(_)) => {
                if !self.pass_whole(shown) || self.touched.contains(place) {
                    settled.fate = EventFate::Left;
                }
            }
            _ => self.say(shown, &mut settled),
        }
        match &shown.event {
            ChatEvent::Close(place) => {
                self.touched.retain(|touched| touched != place);
                self.choices.close(*place);
            }
            ChatEvent::Stop { choice, .. } => self.flush(*choice, &mut settled.before),
            ChatEvent::Failed(_) => {
                self.choices.unended().into_iter().for_each(|choice| self.flush(choice, &mut settled.before));
            }
            ChatEvent::End if !self.carried.is_empty() => losses.lose("choices.delta"),
            _ => {}
        }
        settled
    }

    /// Puts what an event says now, if that is something else, into what becomes of it.
    fn say(&mut self, shown: &ShownEvent, settled: &mut SettledEvent) {
        let slot = self.slot(shown);
        let mut texts = Vec::new();
        if let Some(slot) = &slot {
            self.carried.take(slot.choice, slot.place, &mut texts);
        }
        for number in shown.shown.clone() {
            self.take_said(number, number + 1 < shown.shown.end, slot.as_ref(), &mut texts);
        }
        let Some(slot) = slot else { return };
        let says = JsonText::concat(&texts);
        if is_same(&says, &slot.was) {
            return;
        }
        match &shown.event {
            // Its end says of a call without arguments that it has none.
            ChatEvent::Close(place) if !says.is_empty() => {
                settled.before.push(ChatEvent::Delta(*place, BlockDelta::Input(says)));
            }
            ChatEvent::Close(_) => {}
            ChatEvent::Delta(place, _) => {
                if !self.touched.contains(place) {
                    self.touched.push(*place);
                }
                settled.fate = EventFate::Says(says);
            }
            _ => settled.fate = EventFate::Says(says),
        }
    }

    /// What was said of a number: that which is of the slot behind `texts`, the rest is carried.
    fn take_said(&mut self, number: u64, is_break: bool, slot: Option<&TextSlot>, texts: &mut Vec<JsonText>) {
        match self.take_fate(number) {
            ShownFate::Dropped => {}
            // What stands between two summaries is none of what they say.
            ShownFate::Passed if is_break => {}
            ShownFate::Passed => texts.extend(slot.map(|slot| slot.was.clone())),
            ShownFate::Changed(parts) => {
                for part in parts {
                    if slot.is_none_or(|slot| (slot.choice, slot.place) != (part.choice, part.place)) {
                        self.carried.keep(&part);
                    } else if let Some(text) = part.text().filter(|text| !is_break || !text.is(BREAK)) {
                        texts.push(text);
                    }
                }
            }
        }
    }

    /// Where the text stands that an event says.
    fn slot(&self, shown: &ShownEvent) -> Option<TextSlot> {
        let (place, delta) = match &shown.event {
            ChatEvent::Close(place) => {
                let was = if shown.shown.is_empty() { JsonText::EMPTY } else { JsonText::of("{}") };
                return self.choices.call(*place).map(|call| TextSlot::of(*place, SaidPlace::Input(call), was));
            }
            _ if shown.shown.is_empty() => return None,
            ChatEvent::Open(at, BlockStart::ToolUse { name, .. }) => {
                let call = self.choices.call(*at)?;
                return Some(TextSlot::of(*at, SaidPlace::Name(call), name.clone()));
            }
            ChatEvent::Delta(place, delta) => (place, delta),
            _ => return None,
        };
        let (said, was) = match delta {
            BlockDelta::Text(text) => (SaidPlace::Content, text.clone()),
            BlockDelta::Refusal(text) => (SaidPlace::Refusal, text.clone()),
            BlockDelta::Reasoning(text) | BlockDelta::Summary(text, _) => (SaidPlace::Thoughts, text.clone()),
            BlockDelta::Input(text) => (SaidPlace::Input(self.choices.call(*place)?), text.clone()),
            BlockDelta::WholeInput(raw) => {
                (SaidPlace::Input(self.choices.call(*place)?), ToolInput::Json(raw.clone()).to_text())
            }
            BlockDelta::Signature(_) | BlockDelta::Citation(_) | BlockDelta::Logprobs(_) | BlockDelta::Other(_) => {
                return None;
            }
        };
        Some(TextSlot::of(*place, said, was))
    }

    /// What became of a citation.
    fn cite(&mut self, shown: &ShownEvent, note: &CitationNote) -> EventFate {
        // One without an address is none in a chat completion.
        let Some(number) = shown.shown.clone().next() else { return EventFate::Same };
        let parts = match self.take_fate(number) {
            ShownFate::Passed => return EventFate::Same,
            ShownFate::Dropped => return EventFate::Left,
            ShownFate::Changed(parts) => parts,
        };
        parts.iter().for_each(|part| self.carried.keep(part));
        let cited = parts.iter().find(|part| part.place == SaidPlace::Note);
        let Some(cited) = cited.and_then(|part| part.value.members().take_members("url_citation")) else {
            return EventFate::Left;
        };
        let said = |name: &str| cited.get(name).and_then(RawJson::text).unwrap_or_default();
        let (url, title) = (said("url"), said("title"));
        let is = |was: Option<&JsonText>, now: &JsonText| is_same(was.unwrap_or(&JsonText::EMPTY), now);
        if is(note.url.as_ref(), &url) && is(note.title.as_ref(), &title) {
            return EventFate::Same;
        }
        EventFate::Cites(url, title)
    }

    /// What became of the texts that a frame has beside its events, which were shown with this number: none if they stay.
    pub(super) fn beside(&mut self, number: u64, count: usize) -> Option<Vec<JsonText>> {
        match self.take_fate(number) {
            ShownFate::Passed => None,
            ShownFate::Dropped => Some(vec![JsonText::EMPTY; count]),
            ShownFate::Changed(parts) => {
                parts.iter().for_each(|part| self.carried.keep(part));
                let own = parts.iter().rfind(|part| part.place == SaidPlace::Own);
                let texts: Vec<_> = own.map(|part| part.value.elements()).unwrap_or_default();
                let mut texts: Vec<_> = texts.iter().map(|text| text.text().unwrap_or_default()).collect();
                // Of a list that was changed nobody knows which is which.
                texts.retain(|_| own.is_some_and(|part| part.value.elements().len() == count));
                texts.resize(count, JsonText::EMPTY);
                Some(texts)
            }
        }
    }

    /// Whether all that was shown of it passes; what was put into it beside is carried.
    fn pass_whole(&mut self, shown: &ShownEvent) -> bool {
        let mut passes = true;
        for number in shown.shown.clone() {
            match self.take_fate(number) {
                ShownFate::Passed => {}
                ShownFate::Dropped => passes = false,
                ShownFate::Changed(parts) => {
                    passes = false;
                    parts.iter().for_each(|part| self.carried.keep(part));
                }
            }
        }
        passes
    }

    /// What found no place in a choice goes out before its end, in blocks of its own.
    fn flush(&mut self, choice: u32, out: &mut Vec<ChatEvent>) {
        type OfText = fn(JsonText) -> BlockDelta;
        let kinds: [(SaidPlace, BlockStart, OfText); 3] = [
            (SaidPlace::Thoughts, BlockStart::Reasoning { id: None }, BlockDelta::Reasoning),
            (SaidPlace::Content, BlockStart::Text, BlockDelta::Text),
            (SaidPlace::Refusal, BlockStart::Refusal, BlockDelta::Refusal),
        ];
        for (said, start, delta) in kinds {
            let mut texts = Vec::new();
            self.carried.take(choice, said, &mut texts);
            if !texts.is_empty() {
                let place = self.choices.place(choice);
                out.push(ChatEvent::Open(place, start));
                out.push(ChatEvent::Delta(place, delta(JsonText::concat(&texts))));
                out.push(ChatEvent::Close(place));
            }
        }
    }

    fn take_fate(&mut self, number: u64) -> ShownFate {
        self.fate_mut(number).map_or(ShownFate::Dropped, |fate| std::mem::replace(fate, ShownFate::Dropped))
    }

    /// What was decided of a number that is not done with.
    fn fate_mut(&mut self, number: u64) -> Option<&mut ShownFate> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        while self.fates.len() <= at {
            self.fates.push_back(ShownFate::Dropped);
        }
        self.fates.get_mut(at)
    }
}
