//! What differs in what one message says.

use super::change::BlockChanges;
use super::differ::Differ;
use super::edit::PartEdit;
use super::foreign;
use super::same::{Aligned, ListKeys, aligned, is_same};
use super::speech::ShownSpeech;
use crate::canon::{ContentBlock, JsonText, RawJson, RawMembers, ReasoningBlock, TextBlock};

/// Members of a message that are looked at here.
pub(super) const SAID: [&str; 5] = ["content", "reasoning_content", "reasoning_details", "refusal", "tool_calls"];
/// How an entry of `reasoning_details` says what it says.
const DETAILS: [&str; 2] = ["text", "summary"];

const PARTS: ListKeys = ListKeys { kind: kind_of, name: kind_of };
const CALLS: ListKeys = ListKeys { kind: |_| Vec::new(), name: id_of };
const THOUGHTS: ListKeys = ListKeys { kind: |_| Vec::new(), name: |_| Vec::new() };

/// Finds what differs in what a message says, which comes from blocks up to the one of the number `end`.
pub(super) fn differs(
    differ: &mut Differ<'_>,
    speech: &ShownSpeech,
    (shown, changed): (&RawMembers, &RawMembers),
    end: usize,
) -> BlockChanges {
    let mut changes = BlockChanges::default();
    thoughts(differ, speech, (shown, changed), &mut changes);
    let content = (parts_of(shown.get("content")), parts_of(changed.get("content")));
    list(differ, &speech.content, content, end, (PARTS, foreign::part), &mut changes);
    refusal(differ, speech, (shown.get("refusal"), changed.get("refusal")), end, &mut changes);
    let elements = |members: &RawMembers| members.get("tool_calls").map(RawJson::elements).unwrap_or_default();
    let calls = (elements(shown), elements(changed));
    list(differ, &speech.calls, calls, end, (CALLS, foreign::call), &mut changes);
    changes
}

/// The parts of a content, in whatever form it stands. An empty text is none.
fn parts_of(content: Option<&RawJson>) -> Vec<RawJson> {
    let Some(content) = content.filter(|content| !content.is_null()) else { return Vec::new() };
    match content.kind() {
        weir_http::json::JsonKind::Array => content.elements(),
        _ => vec![content.clone()],
    }
}

fn is_empty_text(raw: &RawJson) -> bool {
    raw.text().is_some_and(|text| text.is_empty())
}

/// A part's type, that of a string being `text`.
fn kind_of(part: &RawJson) -> Vec<u8> {
    let kind = part.members().take_text("type");
    kind.map_or_else(|| b"text".to_vec(), |kind| kind.text().as_bytes().to_vec())
}

fn id_of(call: &RawJson) -> Vec<u8> {
    call.members().take_text("id").map_or_else(Vec::new, |id| id.text().as_bytes().to_vec())
}

/// What an element is known again by, and what becomes of a new one.
type ListRules = (ListKeys, fn(crate::wire::WireFormat, &RawJson) -> Option<ContentBlock>);

/// Finds what differs in a list whose elements come from these blocks.
fn list(
    differ: &mut Differ<'_>,
    blocks: &[usize],
    (mut shown, mut changed): (Vec<RawJson>, Vec<RawJson>),
    end: usize,
    (keys, read): ListRules,
    changes: &mut BlockChanges,
) {
    if blocks.is_empty() {
        // What is written where nothing is said.
        shown.retain(|part| !is_empty_text(part));
        changed.retain(|part| !is_empty_text(part));
    }
    for step in aligned(&shown, &changed, keys) {
        match step {
            Aligned::Both(at, now) => {
                let (Some(shown), Some(now), Some(block)) = (shown.get(at), changed.get(now), blocks.get(at)) else {
                    continue;
                };
                element(differ, *block, shown, now, changes);
            }
            Aligned::Gone(at) => changes.gone.extend(blocks.get(at)),
            Aligned::New(before, now) => {
                let before = blocks.get(before).copied().unwrap_or(end);
                let new = changed.get(now).and_then(|now| read(differ.wire, now));
                changes.new.extend(new.map(|new| (before, new)));
            }
        }
    }
}

/// Finds what differs in an element that is there before and after.
fn element(differ: &mut Differ<'_>, block: usize, shown: &RawJson, now: &RawJson, changes: &mut BlockChanges) {
    let wire = differ.wire;
    if is_same(shown, now) {
        return;
    }
    if shown.text().is_some() || now.text().is_some() {
        if !differ.value(shown, now) {
            let was = super::differ::MemberChange { name: b"text".to_vec(), value: None };
            changes.edited.push((block, PartEdit { wire, members: vec![was], now: now.clone() }));
        }
        return;
    }
    // Identifiers that were made for the view stand nowhere else.
    let mut members = differ.members(&shown.members(), &now.members());
    members.retain(|change| !change.is("id") && !change.is("type"));
    if !members.is_empty() {
        changes.edited.push((block, PartEdit { wire, members, now: now.clone() }));
    }
}

fn refusal(
    differ: &mut Differ<'_>,
    speech: &ShownSpeech,
    (shown, now): (Option<&RawJson>, Option<&RawJson>),
    end: usize,
    changes: &mut BlockChanges,
) {
    let now = now.filter(|now| now.text().is_some_and(|text| !text.is_empty()));
    match (speech.refusal, shown, now) {
        (Some(block), Some(shown), Some(now)) => element(differ, block, shown, now, changes),
        (Some(block), _, None) => changes.gone.push(block),
        (None, _, Some(now)) => {
            let text = TextBlock::of(now.text().unwrap_or_default());
            changes.new.push((end, ContentBlock::Refusal(text)));
        }
        _ => {}
    }
}

/// The pieces of what was thought, and how they stand.
fn pieces(message: &RawMembers) -> Vec<RawJson> {
    if let Some(details) = message.get("reasoning_details").filter(|details| !details.elements().is_empty()) {
        return details.elements();
    }
    message.get("reasoning_content").filter(|text| text.text().is_some()).cloned().into_iter().collect()
}

fn piece_text(piece: &RawJson) -> Option<JsonText> {
    let members = piece.members();
    piece.text().or_else(|| DETAILS.iter().find_map(|name| members.get(name)?.text()))
}

fn thoughts(
    differ: &mut Differ<'_>,
    speech: &ShownSpeech,
    (shown, changed): (&RawMembers, &RawMembers),
    changes: &mut BlockChanges,
) {
    let (shown, changed) = (pieces(shown), pieces(changed));
    let first = speech.thoughts.first().map_or(0, |thought| thought.block);
    let mut kept = std::collections::HashSet::new();
    let mut gone = Vec::new();
    for step in aligned(&shown, &changed, THOUGHTS) {
        match step {
            Aligned::Both(at, now) => {
                let (Some(piece), Some(now), Some(of)) = (shown.get(at), changed.get(now), speech.thoughts.get(at))
                else {
                    continue;
                };
                kept.insert(of.block);
                if !is_same(piece, now) {
                    let said = |piece: &RawJson| piece_text(piece).map(|text| text.text().into_owned());
                    if said(piece) != said(now) {
                        changes.unsigned.push(of.block);
                    }
                    thought(differ, *of, piece, now, changes);
                }
            }
            Aligned::Gone(at) => gone.extend(speech.thoughts.get(at).map(|of| (at, of.block))),
            Aligned::New(_, now) => {
                let text = changed.get(now).and_then(piece_text);
                let of_text = |text| ReasoningBlock { text: vec![text], ..ReasoningBlock::default() };
                changes.new.extend(text.map(|text| (first, ContentBlock::Reasoning(of_text(text)))));
            }
        }
    }
    for (at, block) in gone {
        let text = shown.get(at).and_then(piece_text).map(|text| RawJson::of_text(&text));
        match text.filter(|_| kept.contains(&block)) {
            // The thought is still there, and says less.
            Some(text) => {
                differ.value(&text, &RawJson::of_text(&JsonText::EMPTY));
                changes.unsigned.push(block);
            }
            None => changes.gone.push(block),
        }
    }
}

/// A piece of a thought that says something else, or in another form.
fn thought(
    differ: &mut Differ<'_>,
    of: super::speech::ShownThought,
    piece: &RawJson,
    now: &RawJson,
    changes: &mut BlockChanges,
) {
    let wire = differ.wire;
    let text = |raw: &RawJson| piece_text(raw).map(|text| RawJson::of_text(&text));
    if let (Some(piece), Some(now)) = (text(piece), text(now)) {
        differ.value(&piece, &now);
    }
    let mut beside = Vec::new();
    if piece.text().is_none() && now.text().is_none() {
        beside = differ.members_but(&piece.members(), &now.members(), &DETAILS);
        beside.retain(|change| change.own_name(wire).is_some());
    }
    if !beside.is_empty() {
        changes.edited.push((of.block, PartEdit { wire, members: beside, now: now.clone() }));
    }
}
