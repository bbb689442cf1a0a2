//! What an answer used, as chat completions say it.
//!
//! Sources: OpenAI's API reference, `CompletionUsage`; DeepSeek's (`prompt_cache_hit_tokens`), Mistral's (`num_cached_tokens`),
//! Moonshot's (`cached_tokens`) and xAI's, whose `completion_tokens` are without those of reasoning.

use weir_usage::Usage;

use crate::canon::{JsonWriter, RawMembers};

/// The counts of a `usage` object; none if it counts no tokens.
pub(super) fn read(usage: &RawMembers) -> Option<Usage> {
    let read = details(usage, "prompt_tokens_details");
    let written = details(usage, "completion_tokens_details");
    let (input, output) = (count(usage, "prompt_tokens"), count(usage, "completion_tokens"));
    let total = count(usage, "total_tokens");
    let reasoning = count(&written, "reasoning_tokens").or_else(|| count(usage, "reasoning_tokens"));
    let first = |names: [&str; 4]| names.iter().find_map(|name| count(usage, name));
    let cached = ["prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens", "cache_read_input_tokens"];
    input.or(output).or(total)?;
    Some(Usage {
        input,
        output: output.map(|output| output + beside(input, output, total, reasoning)),
        total,
        // More than was read cannot have come from the cache, though some say so.
        cached_input: count(&read, "cached_tokens")
            .or_else(|| first(cached))
            .filter(|cached| input.is_none_or(|input| *cached <= input)),
        reasoning,
        cache_written: count(&read, "cache_write_tokens").or_else(|| count(usage, "cache_creation_input_tokens")),
        audio_input: count(&read, "audio_tokens"),
        audio_output: count(&written, "audio_tokens"),
    })
}

/// Tokens of reasoning that are not among those that were written: where they are more than those, or the total is the sum of
/// all three.
fn beside(input: Option<u64>, output: u64, total: Option<u64>, reasoning: Option<u64>) -> u64 {
    let Some(reasoning) = reasoning else { return 0 };
    let sum = input.unwrap_or_default() + output + reasoning;
    if reasoning > output || (reasoning > 0 && input.is_some() && total == Some(sum)) { reasoning } else { 0 }
}

fn details(usage: &RawMembers, name: &str) -> RawMembers {
    usage.get(name).map(crate::canon::RawJson::members).unwrap_or_default()
}

fn count(members: &RawMembers, name: &str) -> Option<u64> {
    members.get(name)?.unsigned().filter(|count| *count <= Usage::MOST)
}

/// Writes a `usage` object. Numbers that nobody reported are 0, since clients' types demand them.
pub(crate) fn write(out: &mut JsonWriter, usage: &Usage) {
    let (input, output) = usage.halves();
    let sum = input.zip(output).map(|(input, output)| input + output);
    let (input, output) = (input.unwrap_or_default(), output.unwrap_or_default());
    out.open().name("prompt_tokens").number(input).name("completion_tokens").number(output);
    out.name("total_tokens").number(sum.or(usage.total).unwrap_or(input + output));
    if usage.cached_input.or(usage.cache_written).or(usage.audio_input).is_some() {
        out.name("prompt_tokens_details").open().number_member("cached_tokens", usage.cached_input);
        out.number_member("cache_write_tokens", usage.cache_written);
        out.number_member("audio_tokens", usage.audio_input).close();
    }
    if usage.reasoning.or(usage.audio_output).is_some() {
        out.name("completion_tokens_details").open().number_member("reasoning_tokens", usage.reasoning);
        out.number_member("audio_tokens", usage.audio_output).close();
    }
    out.close();
}
