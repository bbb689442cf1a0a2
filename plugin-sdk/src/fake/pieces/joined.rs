//! Pieces as one text.

use crate::{JoinedText, Passage, Piece, Role};

/// The same pieces all at once.
pub(in super::super) fn joined(pieces: &[Piece]) -> JoinedText {
    let (mut text, mut passages, mut group, mut section) = (String::new(), Vec::new(), 0, None);
    for piece in pieces {
        let own = if piece.pointer.starts_with("/choices/") { "/choices" } else { piece.message() };
        if section.replace(own).is_some_and(|before| before != own) {
            group += 1;
        }
        text.push_str(&piece.text);
        let (end, role) = (u32::try_from(text.len()).unwrap_or(u32::MAX), role(&piece.role));
        let Piece { kind, choice, call, event, .. } = *piece;
        passages.push(Passage { kind, role, choice, call, event, group, end });
    }
    JoinedText { text, passages }
}

fn role(name: &str) -> Role {
    match name {
        "" => Role::Nobody,
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        "function" => Role::Function,
        "input" => Role::Input,
        _ => Role::Other,
    }
}
