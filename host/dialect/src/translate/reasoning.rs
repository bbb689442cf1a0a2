//! How much a model is to think: words of some wires, tokens of others.

/// Efforts and the tokens that each is worth, from little to much. Sources: OpenAI's API reference (`reasoning_effort`) for the
/// words; Anthropic's least budget of 1,024 and Google's bounds of `thinkingBudget` for the numbers.
const EFFORTS: [(&str, u64); 7] = [
    ("none", 0),
    ("minimal", 1_024),
    ("low", 2_048),
    ("medium", 8_192),
    ("high", 24_576),
    ("xhigh", 32_768),
    ("max", 65_536),
];

/// The least budget that a model of Anthropic's takes.
pub const LEAST_BUDGET: u64 = 1_024;

/// The tokens that an effort is worth; none for an unknown word.
#[must_use]
pub fn budget_of(effort: &str) -> Option<u64> {
    EFFORTS.iter().find(|(word, _)| *word == effort).map(|(_, budget)| *budget)
}

/// The effort that so many tokens are: the least one that is worth as many, the words being those that most wires know.
#[must_use]
pub fn effort_of(budget: u64) -> &'static str {
    match budget {
        0 => "none",
        1..=1_024 => "minimal",
        1_025..=4_096 => "low",
        4_097..=16_384 => "medium",
        _ => "high",
    }
}
