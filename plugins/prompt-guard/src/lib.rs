//! Refuses requests in which anything that a model will read contains a phrase or a pattern that the operator does not want
//! to see.

mod normal;
mod phrases;
mod sieve;

use normal::Normal;
use phrases::Phrases;
use regex_lite::{Regex, RegexBuilder};
use weir_plugin::{
    Facts, JoinedText, Passage, PieceKind, PieceText, Plugin, Policy, Refusal, Role, Settings, json, request,
};

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
    /// One bit for each of [`ROLES`], in their order.
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
        let at = |role: &String| ROLES.iter().position(|known| known == role).unwrap_or(0);
        let roles = roles.iter().fold(0, |bits, role| bits | 1 << at(role));
        Ok(Self { phrases: Phrases::new(phrases), patterns, roles, message })
    }
}

/// The bit of a role; none of what has no role, or one that there is not.
fn bit(role: Role) -> u8 {
    let at = match role {
        Role::System => 0,
        Role::Developer => 1,
        Role::User => 2,
        Role::Assistant => 3,
        Role::Tool => 4,
        Role::Function => 5,
        Role::Input => 6,
        Role::Nobody | Role::Other => return 0,
    };
    1 << at
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
    fn reads(&self, passage: &Passage) -> bool {
        match passage.kind {
            PieceKind::Text | PieceKind::ToolResult => match bit(passage.role) {
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
    fn denies_joined(&self, all: &JoinedText) -> bool {
        if !all.passages.array_windows().any(|[a, b]| a.group == b.group) {
            return false;
        }
        let said: Vec<PieceText<'_>> = all.iter().collect();
        said.chunk_by(|a, b| a.passage.group == b.passage.group).any(|message| self.denies_message(message))
    }

    fn denies_message(&self, message: &[PieceText<'_>]) -> bool {
        let Some(first) = message.first().filter(|_| message.len() > 1) else { return false };
        // What has a role mostly stands in a message, and the host need not be asked.
        let asks_first = matches!(first.passage.role, Role::Nobody | Role::Input);
        if asks_first && !in_message(first) {
            return false;
        }
        let texts: Vec<&str> = message.iter().filter(|said| self.reads(said.passage)).map(|said| said.text).collect();
        // Cut in a word, or between two.
        let denied = texts.len() > 1 && (self.denies_over(&texts, "") || self.denies_over(&texts, " "));
        denied && (asks_first || in_message(first))
    }

    /// Whether these texts have something when they are read one behind the other, with this between them; each by itself was
    /// looked at.
    fn denies_over(&self, texts: &[&str], between: &str) -> bool {
        let by_pattern = || {
            let whole = texts.join(between);
            self.patterns.iter().any(|pattern| pattern.is_match(&whole))
        };
        self.phrases.any_over(texts, between) || !self.patterns.is_empty() && by_pattern()
    }
}

fn in_message(said: &PieceText<'_>) -> bool {
    let pointer = request::piece_pointer(said.index).unwrap_or_default();
    pointer.starts_with("/messages/") || pointer.starts_with("/prediction/")
}

impl Policy for Guard {
    fn on_request(&self, _facts: &Facts) -> Result<(), Refusal> {
        let all = request::all_text();
        let denied =
            all.iter().any(|said| self.reads(said.passage) && json::any_string(said.text, |text| self.denies(text)))
                || self.denies_joined(&all);
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
