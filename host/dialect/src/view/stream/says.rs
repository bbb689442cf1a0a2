//! What a chunk of a chat completion says, when it comes back from those to whom it was shown.

use bytes::Bytes;

use crate::canon::{JsonText, RawJson, RawMembers};

/// Where something stands within a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SaidPlace {
    /// Its text.
    Content,
    /// Its refusal.
    Refusal,
    /// What the model thought.
    Thoughts,
    /// The name of the tool that its call of this number asks for.
    Name(u64),
    /// The arguments of its call of this number.
    Input(u64),
    /// The probability of its tokens.
    Tokens,
    /// What its text rests on.
    Note,
    /// What only the provider's wire has.
    Own,
}

/// One thing that a chunk says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SaidPart {
    pub(super) choice: u32,
    pub(super) place: SaidPlace,
    pub(super) value: RawJson,
}

impl SaidPart {
    /// Its text, where it is one that says something.
    pub(super) fn text(&self) -> Option<JsonText> {
        self.value.text().filter(|text| !text.is_empty())
    }
}

/// What stands in a delta as text.
const TEXTS: [(&str, SaidPlace); 3] =
    [("content", SaidPlace::Content), ("refusal", SaidPlace::Refusal), ("reasoning_content", SaidPlace::Thoughts)];

/// Members of a delta that are a chat completion's own.
const CHAT: [&[u8]; 6] = [b"role", b"content", b"refusal", b"reasoning_content", b"tool_calls", b"annotations"];

/// All that a chunk says. What is no chunk says nothing.
pub(super) fn parts_of(data: &Bytes) -> Vec<SaidPart> {
    let mut parts = Vec::new();
    let Ok(chunk) = RawJson::parse(data.clone()) else { return parts };
    for choice in chunk.members().get("choices").map(RawJson::elements).unwrap_or_default() {
        read_choice(&choice.members(), &mut parts);
    }
    parts
}

fn read_choice(members: &RawMembers, parts: &mut Vec<SaidPart>) {
    let index = members.get("index").and_then(RawJson::unsigned).and_then(|index| u32::try_from(index).ok());
    let choice = index.unwrap_or_default();
    let mut say = |place, value: Option<&RawJson>| {
        parts.extend(value.map(|value| SaidPart { choice, place, value: value.clone() }));
    };
    say(SaidPlace::Tokens, members.get("logprobs").filter(|tokens| !tokens.is_null()));
    let Some(delta) = members.get("delta").map(RawJson::members) else { return };
    for (name, place) in TEXTS {
        say(place, delta.get(name));
    }
    for call in delta.get("tool_calls").map(RawJson::elements).unwrap_or_default() {
        let call = call.members();
        let number = call.get("index").and_then(RawJson::unsigned).unwrap_or_default();
        for (kind, input) in [("function", "arguments"), ("custom", "input")] {
            let Some(inner) = call.get(kind).map(RawJson::members) else { continue };
            say(SaidPlace::Name(number), inner.get("name"));
            say(SaidPlace::Input(number), inner.get(input));
        }
    }
    for note in delta.get("annotations").map(RawJson::elements).unwrap_or_default() {
        say(SaidPlace::Note, Some(&note));
    }
    delta.iter().filter(|(name, _)| !CHAT.contains(name)).for_each(|(_, value)| say(SaidPlace::Own, Some(value)));
}
