//! A whole answer as plugins see it.

use bytes::Bytes;

use super::change::BlockChanges;
use super::differ::{Differ, MemberChange};
use super::edit::put;
use super::map::{SourceMap, offset, spliced};
use super::speech::ShownSpeech;
use super::told::{self, SAID};
use super::write::ViewWriter;
use super::{choices, ends, rest, same};
use crate::canon::{AnswerContext, ChatAnswer, ContentBlock, DecodeFault, FieldLosses, JsonText, RawJson, RawMembers};
use crate::chat;
use crate::translate::{self, WirePair};
use crate::wire::WireFormat;

/// Members that measure an answer and say nothing.
const FIGURES: [&str; 4] = ["usage", "usageMetadata", "metrics", "safetyRatings"];

/// A whole answer of a provider for a client of another wire than chat, and what plugins are shown of it.
#[derive(Debug)]
pub struct AnswerView {
    pair: WirePair,
    body: Bytes,
    context: AnswerContext,
    answer: ChatAnswer,
    shown: Bytes,
    map: SourceMap,
    choices: Vec<ShownSpeech>,
}

/// Changes of an answer that are more than other words in the same place.
#[derive(Debug, Default)]
struct AnswerChanges {
    said: Vec<(usize, BlockChanges)>,
    /// Choices that are gone.
    gone: Vec<usize>,
    /// Choices that say something else, or whose tokens are gone.
    retold: Vec<usize>,
    beside: Vec<(usize, MemberChange)>,
    /// Choices that end for another reason, in chat's word.
    ends: Vec<(usize, JsonText)>,
    members: Vec<MemberChange>,
}

impl AnswerChanges {
    /// Whether other words in the same places are all that there is.
    fn is_no_more(&self) -> bool {
        let is_beside = self.beside.is_empty() && self.members.is_empty() && self.ends.is_empty();
        is_beside && self.said.is_empty() && self.gone.is_empty()
    }
}

impl AnswerView {
    /// The view of a provider's body.
    ///
    /// # Errors
    /// [`DecodeFault`]: it is no whole answer of the provider's wire.
    pub fn of(pair: WirePair, body: &Bytes, context: &AnswerContext) -> Result<Self, DecodeFault> {
        let raw = RawJson::parse(body.clone())?;
        let answer = translate::decode_answer(pair.provider, &raw, pair.vendor)?;
        let (mut shown, mut map, mut shown_choices) = (raw.bytes().clone(), SourceMap::default(), Vec::new());
        if pair.provider != WireFormat::Chat {
            let mut out = ViewWriter::new(pair.provider, body);
            out.out.open();
            shown_choices = choices::write(&mut out, &answer, context);
            rest::write(&mut out, &raw, offset(body, raw.bytes()).unwrap_or(0), &FIGURES)?;
            out.out.close();
            (shown, map) = out.finish();
        }
        let (body, context) = (body.clone(), context.clone());
        Ok(Self { pair, body, context, answer, shown, map, choices: shown_choices })
    }

    /// The view: a chat completion. That of a provider of chat's wire is its own body.
    #[must_use]
    pub fn shown(&self) -> &Bytes {
        &self.shown
    }

    /// The answer as it was read.
    #[must_use]
    pub fn answer(&self) -> &ChatAnswer {
        &self.answer
    }

    /// What the client gets, after plugins made `changed` of [`shown`](Self::shown): the provider's own bytes where nothing was
    /// changed and both wires are one. What could not be carried is named in `losses`.
    ///
    /// # Errors
    /// [`DecodeFault`]: it is no chat completion any more.
    pub fn merged(&self, changed: &Bytes, losses: &mut FieldLosses) -> Result<Bytes, DecodeFault> {
        if *changed == self.shown {
            return Ok(self.unchanged(losses));
        }
        let raw = RawJson::parse(changed.clone())?;
        let now = chat::decode_answer(&raw)?;
        if self.pair.provider == WireFormat::Chat {
            return Ok(self.encoded(&now, losses));
        }
        let mut differ = Differ::new(self.pair.provider, &self.shown, &self.map);
        let changes = self.changes(&mut differ, &raw.members());
        let splices = differ.splices;
        if splices.is_empty() && changes.is_no_more() && changes.retold.is_empty() {
            return Ok(self.unchanged(losses));
        }
        let body = spliced(&self.body, splices);
        let retold = |number: &usize| self.answer.choices.get(*number).is_some_and(has_tokens);
        let is_all = changes.is_no_more() && !changes.retold.iter().any(retold);
        if self.pair.client == self.pair.provider && is_all {
            return Ok(body);
        }
        let read = translate::decode_answer(self.pair.provider, &RawJson::parse(body)?, self.pair.vendor);
        let Some(mut answer) = read.ok().filter(|answer| is_alike(answer, &self.answer)) else {
            return Ok(self.encoded(&now, losses));
        };
        apply(&mut answer, changes);
        Ok(self.encoded(&answer, losses))
    }

    fn unchanged(&self, losses: &mut FieldLosses) -> Bytes {
        match self.pair.client == self.pair.provider {
            true => self.body.clone(),
            false => self.encoded(&self.answer, losses),
        }
    }

    fn encoded(&self, answer: &ChatAnswer, losses: &mut FieldLosses) -> Bytes {
        translate::encode_answer(self.pair.client, answer, &self.context, losses)
    }

    fn changes(&self, differ: &mut Differ<'_>, changed: &RawMembers) -> AnswerChanges {
        let shown = RawJson::checked(self.shown.clone()).members();
        let mut changes = AnswerChanges {
            members: differ.members_but(&shown, changed, &["id", "model", "created", "object", "choices", "usage"]),
            ..AnswerChanges::default()
        };
        changes.members.retain(|change| change.own_name(self.pair.provider).is_some());
        let list = |members: &RawMembers| members.get("choices").map(RawJson::elements).unwrap_or_default();
        let now = list(changed);
        for (number, (shown, speech)) in list(&shown).iter().zip(&self.choices).enumerate() {
            let is_same_choice = |now: &&RawJson| match (index(now), index(shown)) {
                (Some(now), shown) => Some(now) == shown,
                (None, _) => false,
            };
            let Some(now) =
                now.iter().find(is_same_choice).or_else(|| now.get(number).filter(|now| index(now).is_none()))
            else {
                changes.gone.push(number);
                continue;
            };
            if !same::is_same(shown, now) {
                self.choice(differ, (number, speech), (&shown.members(), &now.members()), &mut changes);
            }
        }
        changes
    }

    fn choice(
        &self,
        differ: &mut Differ<'_>,
        (number, speech): (usize, &ShownSpeech),
        (shown, now): (&RawMembers, &RawMembers),
        changes: &mut AnswerChanges,
    ) {
        let before = differ.splices.len();
        let message = |members: &RawMembers| members.get("message").map(RawJson::members).unwrap_or_default();
        let messages = (message(shown), message(now));
        let end = self.answer.choices.get(number).map_or(0, |choice| choice.blocks.len());
        let said = told::differs(differ, speech, (&messages.0, &messages.1), end);
        differ.members_but(&messages.0, &messages.1, &SAID);
        let lost_tokens = now.get("logprobs").is_none_or(RawJson::is_null);
        if !said.is_empty() || differ.splices.len() > before || lost_tokens {
            changes.retold.push(number);
        }
        let end = |members: &RawMembers| members.get("finish_reason").and_then(RawJson::text);
        changes.ends.extend(end(now).filter(|now| Some(now) != end(shown).as_ref()).map(|now| (number, now)));
        if !said.is_empty() {
            changes.said.push((number, said));
        }
        let mut beside = differ.members_but(shown, now, &["index", "message", "logprobs", "finish_reason"]);
        beside.retain(|change| change.own_name(self.pair.provider).is_some());
        changes.beside.extend(beside.into_iter().map(|change| (number, change)));
    }
}

fn index(choice: &RawJson) -> Option<u64> {
    choice.members().get("index").and_then(RawJson::unsigned)
}

fn has_tokens(choice: &crate::canon::ChatChoice) -> bool {
    let of_text = |block: &ContentBlock| matches!(block, ContentBlock::Text(text) if text.logprobs.is_some());
    choice.logprobs.is_some() || choice.blocks.iter().any(of_text)
}

/// Makes changes of an answer. Tokens repeat what was said before.
fn apply(answer: &mut ChatAnswer, changes: AnswerChanges) {
    let wire = answer.wire;
    for number in changes.retold {
        let Some(choice) = answer.choices.get_mut(number) else { continue };
        choice.logprobs = None;
        for block in &mut choice.blocks {
            if let ContentBlock::Text(text) = block {
                text.logprobs = None;
            }
        }
    }
    for (number, said) in changes.said {
        if let Some(choice) = answer.choices.get_mut(number) {
            said.apply(&mut choice.blocks);
            ends::without_calls(choice, wire);
        }
    }
    for (number, word) in &changes.ends {
        if let Some(choice) = answer.choices.get_mut(*number) {
            ends::put(choice, wire, &word.text());
        }
    }
    for (number, change) in &changes.beside {
        if let (Some(choice), Some(name)) = (answer.choices.get_mut(*number), change.own_name(wire)) {
            put(&mut choice.extra, &name, change.value.as_ref());
        }
    }
    for change in &changes.members {
        if let Some(name) = change.own_name(wire) {
            put(&mut answer.extra, &name, change.value.as_ref());
        }
    }
    let mut number = 0;
    answer.choices.retain(|_| {
        number += 1;
        !changes.gone.contains(&(number - 1))
    });
}

/// Whether two answers have the same choices and blocks, whatever these say.
fn is_alike(one: &ChatAnswer, other: &ChatAnswer) -> bool {
    let kinds = |answer: &ChatAnswer| -> Vec<Vec<_>> {
        answer.choices.iter().map(|choice| choice.blocks.iter().map(std::mem::discriminant).collect()).collect()
    };
    kinds(one) == kinds(other)
}
