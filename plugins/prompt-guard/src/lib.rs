//! Refuses requests in which anything that a model will read contains a phrase or a pattern that the operator does not want
//! to see.

mod normal;
mod phrases;
mod sieve;

use normal::Normal;
use phrases::Phrases;
use regex_lite::{Regex, RegexBuilder};
use weir_plugin::{Facts, Piece, PieceKind, Plugin, Policy, Refusal, Settings, json, request};

/// Who may have written a text: what the contract names, and `function`, which older clients use.
const ROLES: [&str; 7] = ["system", "developer", "user", "assistant", "tool", "function", "input"];
const DEFAULT_ROLES: [&str; 6] = ["system", "developer", "user", "tool", "function", "input"];
const DEFAULT_MESSAGE: &str = "this request contains something that is not allowed here";
/// Past this a compiled pattern costs more memory than a plugin should take.
const PATTERN_BYTES: usize = 1 << 20;

/// The plugin, its patterns made ready.
#[derive(Debug)]
pub struct Guard {
    phrases: Phrases,
    patterns: Vec<Regex>,
    /// One bit for each of [`ROLES`].
    roles: u8,
    message: String,
}

impl Plugin for Guard {
    fn init(settings: &str) -> Result<Self, String> {
        let mut settings = Settings::read(settings)?;
        let deny =
            settings.texts("deny")?.ok_or("settings.deny: say what to refuse: a list of phrases and /patterns/")?;
        let roles = settings.texts("roles")?.unwrap_or_else(|| DEFAULT_ROLES.map(str::to_owned).to_vec());
        let message = settings.text("message")?.unwrap_or_else(|| DEFAULT_MESSAGE.to_owned());
        settings.finish()?;
        if let Some(role) = roles.iter().find(|role| !ROLES.contains(&role.as_str())) {
            return Err(format!("settings.roles: there is no role `{role}`; the roles are: {}", ROLES.join(", ")));
        }
        let (mut phrases, mut patterns) = (Vec::new(), Vec::new());
        for (index, text) in deny.iter().enumerate() {
            match text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
                Some(pattern) => patterns.push(compile(pattern, index)?),
                None => phrases.push(phrase(text, index)?),
            }
        }
        let roles = roles.iter().fold(0, |bits, role| bits | bit(role));
        Ok(Self { phrases: Phrases::new(phrases), patterns, roles, message })
    }
}

/// The bit of a role; none of a role that there is not. A text tells its role in every request, and words that the compiler
/// knows are told apart in a few instructions.
fn bit(role: &str) -> u8 {
    match role {
        "system" => 1,
        "developer" => 1 << 1,
        "user" => 1 << 2,
        "assistant" => 1 << 3,
        "tool" => 1 << 4,
        "function" => 1 << 5,
        "input" => 1 << 6,
        _ => 0,
    }
}

fn compile(pattern: &str, index: usize) -> Result<Regex, String> {
    if pattern.is_empty() {
        return Err(format!("settings.deny[{index}]: the pattern is empty and would refuse everything"));
    }
    let built = RegexBuilder::new(pattern).case_insensitive(true).size_limit(PATTERN_BYTES).build();
    built.map_err(|error| format!("settings.deny[{index}]: /{pattern}/ is no pattern: {error}"))
}

fn phrase(text: &str, index: usize) -> Result<String, String> {
    let normal: String = Normal::of(text).collect();
    let normal = normal.trim();
    if normal.is_empty() {
        return Err(format!("settings.deny[{index}]: the phrase `{text}` has nothing to look for"));
    }
    Ok(normal.to_owned())
}

impl Guard {
    fn denies(&self, text: &str) -> bool {
        self.phrases.any_in(text) || self.patterns.iter().any(|pattern| pattern.is_match(text))
    }

    /// Whether a piece is one to look at. The roles are about what is said in messages: what else a model reads is nobody's.
    fn reads(&self, piece: &Piece) -> bool {
        match piece.kind {
            PieceKind::Text | PieceKind::ToolResult => match bit(&piece.role) {
                // No role, or one that there is not: nobody has said that it may be passed over.
                0 => true,
                bit => self.roles & bit != 0,
            },
            PieceKind::Arguments
            | PieceKind::Reasoning
            | PieceKind::Refusal
            | PieceKind::Description
            | PieceKind::Other => true,
        }
    }

    /// Whether what stands in the parts of a message has something when they are read one behind the other.
    fn denies_joined(&self, message: &[Piece]) -> bool {
        if message.len() < 2 || !message.first().is_some_and(in_message) {
            return false;
        }
        let texts: Vec<&str> = message.iter().filter(|piece| self.reads(piece)).map(|piece| &*piece.text).collect();
        // Cut in a word, or between two.
        texts.len() > 1 && (self.denies(&texts.concat()) || self.denies(&texts.join(" ")))
    }
}

fn in_message(piece: &Piece) -> bool {
    piece.pointer.starts_with("/messages/") || piece.pointer.starts_with("/prediction/")
}

impl Policy for Guard {
    fn on_request(&self, _facts: &Facts) -> Result<(), Refusal> {
        let pieces = request::pieces();
        let read = pieces.iter().filter(|piece| self.reads(piece));
        let denied = read.into_iter().any(|piece| json::any_string(&piece.text, |text| self.denies(text)))
            || pieces.chunk_by(|a, b| a.message() == b.message()).any(|message| self.denies_joined(message));
        // What was found is not repeated: a message ends up in logs and on screens.
        if denied { Err(Refusal::content_filter(self.message.as_str())) } else { Ok(()) }
    }
}

/// The standard library's allocator by its name: one that is not named costs two calls more around each of its own.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: std::alloc::System = std::alloc::System;

weir_plugin::export!(Guard: policy);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
