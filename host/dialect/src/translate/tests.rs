use bytes::Bytes;
use proptest::prelude::*;

use super::ids::{self, ToolIdGrammar, ToolNames};
use super::order::{Spoken, SpokenBy};
use super::{reasoning, signatures};
use crate::canon::{
    ChatRequest, ChatTurn, ContentBlock, ContentForm, JsonText, RawJson, RawMembers, SignatureKind, TextBlock,
    ThoughtSignature, ToolInput, ToolResultBlock, ToolUseBlock, TurnRole,
};
use crate::wire::{Vendor, WireFormat};

fn call(id: Option<&str>, name: &str) -> ContentBlock {
    let input = ToolInput::Json(RawJson::EMPTY_OBJECT);
    ContentBlock::ToolUse(ToolUseBlock::of(id.map(JsonText::of), JsonText::of(name), input))
}

fn result(id: Option<&str>, name: &str) -> ContentBlock {
    ContentBlock::ToolResult(ToolResultBlock {
        id: id.map(JsonText::of),
        name: Some(JsonText::of(name)),
        content: Vec::new(),
        form: ContentForm::Parts,
        failed: None,
        cache: None,
        extra: RawMembers::default(),
    })
}

fn text(text: &str) -> ContentBlock {
    ContentBlock::Text(TextBlock::of(JsonText::of(text)))
}

fn conversation(turns: Vec<(TurnRole, Vec<ContentBlock>)>) -> ChatRequest {
    let mut request = ChatRequest::new(WireFormat::GenerateContent, "m", false);
    request.turns = turns.into_iter().map(|(role, blocks)| ChatTurn::of(role, blocks)).collect();
    request
}

#[test]
fn what_a_wire_takes_is_kept_and_the_rest_becomes_the_same_every_time() {
    let kept = JsonText::of("call_Ab-9");
    assert_eq!(ToolIdGrammar::Plain.fit(&kept), kept);
    for (grammar, length) in [(ToolIdGrammar::Plain, 22), (ToolIdGrammar::Nine, 9)] {
        let (one, other) = (grammar.fit(&JsonText::of("fc|1")), grammar.fit(&JsonText::of("fc|2")));
        assert_ne!(one, other);
        assert_eq!(one, grammar.fit(&JsonText::of("fc|1")));
        assert_eq!(one.text().len(), length);
        assert_eq!(grammar.fit(&one), one, "what was fitted fits");
    }
    assert_ne!(ids::made(1, 0), ids::made(1, 1));
}

#[test]
fn calls_without_identifiers_get_some_and_their_results_find_them_by_name_and_order() {
    let mut request = conversation(vec![
        (TurnRole::Assistant, vec![call(None, "a"), call(None, "b"), call(None, "a")]),
        (TurnRole::Tool, vec![result(None, "a"), result(None, "b"), result(None, "a"), result(None, "c")]),
    ]);
    ids::give(&mut request);
    let found: Vec<_> = request.turns[1]
        .blocks
        .iter()
        .map(|block| match block {
            ContentBlock::ToolResult(result) => result.id.as_ref().map(|id| id.text().into_owned()),
            _ => panic!(),
        })
        .collect();
    let due = ["call_1", "call_2", "call_3"].map(|id| Some(id.to_owned()));
    assert_eq!(found, [due.as_slice(), &[None]].concat());
    assert_eq!(ToolNames::of(&request).get(&JsonText::of("call_2")), Some(&JsonText::of("b")));
}

#[test]
fn neighbours_of_one_speaker_are_one_and_results_come_first() {
    let request = conversation(vec![
        (TurnRole::System, vec![text("s")]),
        (TurnRole::Developer, vec![text("d")]),
        (TurnRole::User, vec![text("u")]),
        (TurnRole::Assistant, vec![text("t")]),
        (TurnRole::Assistant, vec![call(Some("1"), "a")]),
        (TurnRole::User, vec![text("v")]),
        (TurnRole::Tool, vec![result(Some("1"), "a")]),
        (TurnRole::System, vec![text("mid")]),
    ]);
    let spoken = Spoken::of(&request);
    assert_eq!(spoken.leading.len(), 2);
    let speakers: Vec<_> = spoken.turns.iter().map(|turn| turn.speaker).collect();
    assert_eq!(speakers, [SpokenBy::User, SpokenBy::Assistant, SpokenBy::User, SpokenBy::Application]);
    let third: Vec<_> = spoken.turns[2].blocks().map(|block| matches!(block, ContentBlock::ToolResult(_))).collect();
    assert_eq!(third, [true, false]);
}

#[test]
fn an_effort_and_its_budget_are_one_another() {
    for effort in ["none", "minimal", "low", "medium", "high"] {
        assert_eq!(reasoning::effort_of(reasoning::budget_of(effort).unwrap()), effort);
    }
    assert_eq!(reasoning::budget_of("ultra"), None);
}

fn vendors() -> impl Strategy<Value = Vendor> {
    prop_oneof![
        Just(Vendor::OpenAi),
        Just(Vendor::Anthropic),
        Just(Vendor::Google),
        Just(Vendor::Amazon),
        Just(Vendor::Other)
    ]
}

fn kinds() -> impl Strategy<Value = SignatureKind> {
    prop_oneof![Just(SignatureKind::Signature), Just(SignatureKind::Redacted), Just(SignatureKind::Encrypted)]
}

proptest! {
    #[test]
    fn a_signature_comes_back_as_it_was_through_the_slot_of_any_wire(
        of in vendors(), kind in kinds(), through in vendors(), slot in kinds(), value in "[^\u{0}]{0,40}"
    ) {
        // A vendor's own value never looks like one that was wrapped.
        prop_assume!(!value.starts_with("weir1."));
        let signature = ThoughtSignature { vendor: of, kind, value: JsonText::of(&value) };
        let carried = signatures::carried(&signature, through, slot);
        let back = signatures::read(&carried, through, slot);
        prop_assert_eq!(&back, &signature);
        prop_assert_eq!(signatures::readable(&back, of), Some(&signature.value));
    }

    #[test]
    fn what_only_looks_wrapped_is_taken_as_it_stands(value in "weir1\\.[a-z.]{0,20}") {
        let token = JsonText::of(&value);
        let read = signatures::read(&token, Vendor::Google, SignatureKind::Signature);
        prop_assert!(read.value == token || read.vendor != Vendor::Google || read.kind != SignatureKind::Signature || value.matches('.').count() >= 3);
    }
}

#[test]
fn text_that_was_cut_within_a_character_is_whole_when_joined() {
    let half = |token: &'static str| RawJson::parse(Bytes::from_static(token.as_bytes())).unwrap().text().unwrap();
    let joined = JsonText::concat([&half(r#""a\ud83d""#), &half(r#""\ude00b""#)]);
    assert_eq!(joined.text(), "a😀b");
}
