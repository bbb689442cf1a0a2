//! Turns in the order that a wire demands.

use crate::canon::{ChatRequest, ChatTurn, ContentBlock, TurnRole};

/// A conversation as wires have it in which user and model take turns.
#[derive(Debug)]
pub struct Spoken<'a> {
    /// What the application says before all else.
    pub leading: Vec<&'a ChatTurn>,
    /// What follows: neighbours of one speaker are one.
    pub turns: Vec<SpokenTurn<'a>>,
}

/// What one speaker says until another does.
#[derive(Debug)]
pub struct SpokenTurn<'a> {
    /// Who speaks.
    pub speaker: SpokenBy,
    /// The turns that it was.
    pub turns: Vec<&'a ChatTurn>,
}

/// Who speaks, where results of tools are said by the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpokenBy {
    /// The user, or a tool of the user's.
    User,
    /// The model.
    Assistant,
    /// The application, in the midst of the conversation.
    Application,
}

impl<'a> Spoken<'a> {
    /// A request's conversation.
    #[must_use]
    pub fn of(request: &'a ChatRequest) -> Self {
        let is_leading = |turn: &&ChatTurn| speaker(turn.role) == SpokenBy::Application;
        let leading: Vec<_> = request.turns.iter().take_while(is_leading).collect();
        let mut turns: Vec<SpokenTurn<'a>> = Vec::new();
        for turn in request.turns.iter().skip(leading.len()) {
            let speaker = speaker(turn.role);
            match turns.last_mut().filter(|last| last.speaker == speaker) {
                Some(last) => last.turns.push(turn),
                None => turns.push(SpokenTurn { speaker, turns: vec![turn] }),
            }
        }
        Self { leading, turns }
    }
}

impl<'a> SpokenTurn<'a> {
    /// What it says: results of tools before all else, as wires demand that have them among other parts.
    pub fn blocks(&self) -> impl Iterator<Item = &'a ContentBlock> + use<'a, '_> {
        let is_result = |block: &&ContentBlock| matches!(block, ContentBlock::ToolResult(_));
        let all = || self.turns.iter().flat_map(|turn| &turn.blocks);
        all().filter(is_result).chain(all().filter(move |block| !is_result(block)))
    }
}

fn speaker(role: TurnRole) -> SpokenBy {
    match role {
        TurnRole::System | TurnRole::Developer => SpokenBy::Application,
        TurnRole::User | TurnRole::Tool => SpokenBy::User,
        TurnRole::Assistant => SpokenBy::Assistant,
    }
}
