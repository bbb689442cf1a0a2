use serde_json::{Value, json};

use super::{Shape, of, put};
use crate::PieceKind;

fn kind(kind: PieceKind) -> &'static str {
    match kind {
        PieceKind::Text => "text",
        PieceKind::Arguments => "arguments",
        PieceKind::ToolResult => "tool-result",
        PieceKind::Reasoning => "reasoning",
        PieceKind::Refusal => "refusal",
        PieceKind::Description => "description",
        PieceKind::Other => "other",
    }
}

#[test]
fn the_fake_host_shows_the_pieces_that_the_real_one_shows() {
    let cases: Value = serde_json::from_str(include_str!("../../../conformance/pieces.json")).unwrap();
    for case in cases["cases"].as_array().unwrap() {
        let shape = match case["shape"].as_str().unwrap() {
            "chat" => Shape::Chat,
            "embeddings" => Shape::Embeddings,
            "answer" => Shape::Answer,
            _ => Shape::Event,
        };
        let mut found: Vec<_> = of(&case["body"], shape).into_iter().map(|(piece, _)| piece).collect();
        found.sort_by(|a, b| (&a.pointer, &a.text).cmp(&(&b.pointer, &b.text)));
        let found = found.iter().map(|p| json!([p.pointer, kind(p.kind), p.role, p.choice, p.call, p.text]));
        assert_eq!(found.collect::<Vec<_>>(), *case["pieces"].as_array().unwrap());
    }
}

#[test]
fn names_values_and_tokens_are_changed_each_in_its_way() {
    let mut body = json!({"metadata": {"a b": "x"}, "choices": [{"message": {"content": "y"}, "logprobs": {"content": [{"token": "y"}]}}]});
    let pieces = of(&body, Shape::Answer);
    for piece in &pieces {
        assert!(put(&mut body, piece, "new"), "{piece:?}");
    }
    assert_eq!(
        body,
        json!({"metadata": {"new": "new"}, "choices": [{"message": {"content": "new"}, "logprobs": null}]})
    );
}
