//! What was used (`Usage` and `MessageDeltaUsage` in Anthropic's specification). There `input_tokens` leaves out those that came from
//! the cache or were written to it; in the canonical form they are in it.

use weir_usage::Usage;

use crate::canon::{JsonWriter, RawJson, RawMembers};

/// The counts as this wire has them, each by itself, so that a stream's later report replaces one without the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct MessageCounts {
    uncached: Option<u64>,
    read: Option<u64>,
    written: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
}

impl MessageCounts {
    /// Takes them out; what is left is what only this wire says.
    pub(super) fn take(members: &mut RawMembers) -> Self {
        let mut count = |name| members.take_as(name, |raw| raw.unsigned().filter(|count| *count <= Usage::MOST));
        let mut counts = Self {
            uncached: count("input_tokens"),
            read: count("cache_read_input_tokens"),
            written: count("cache_creation_input_tokens"),
            output: count("output_tokens"),
            thinking: None,
        };
        // How long it is kept stays beside the sum.
        counts.written = counts.written.or_else(|| {
            let times = members.get("cache_creation")?.members();
            let of = |name| times.get(name).and_then(RawJson::unsigned);
            match (of("ephemeral_5m_input_tokens"), of("ephemeral_1h_input_tokens")) {
                (None, None) => None,
                (short, long) => Some(short.unwrap_or(0).saturating_add(long.unwrap_or(0))),
            }
        });
        counts.thinking = members.take_as("output_tokens_details", |raw| {
            let mut details = raw.members();
            let thinking = details.take_unsigned("thinking_tokens")?;
            details.is_empty().then_some(thinking)
        });
        counts
    }

    /// What is known after a later report.
    pub(super) fn then(self, later: Self) -> Self {
        Self {
            uncached: later.uncached.or(self.uncached),
            read: later.read.or(self.read),
            written: later.written.or(self.written),
            output: later.output.or(self.output),
            thinking: later.thinking.or(self.thinking),
        }
    }

    /// In the canonical form. An input beyond what can be one is none.
    pub(super) fn usage(self) -> Usage {
        let input = self.uncached.map(|count| count + self.read.unwrap_or(0) + self.written.unwrap_or(0));
        Usage {
            input: input.filter(|input| *input <= Usage::MOST),
            output: self.output,
            cached_input: self.read,
            cache_written: self.written,
            reasoning: self.thinking,
            ..Usage::default()
        }
    }

    /// Of the canonical form.
    pub(super) fn of(usage: &Usage) -> Self {
        let (input, output) = usage.halves();
        let cached = usage.cached_input.unwrap_or(0).saturating_add(usage.cache_written.unwrap_or(0));
        Self {
            uncached: input.map(|input| input.saturating_sub(cached)),
            read: usage.cached_input,
            written: usage.cache_written,
            output,
            thinking: usage.reasoning,
        }
    }

    /// The same with 0 where clients demand a number.
    pub(super) fn whole(self) -> Self {
        Self { uncached: Some(self.uncached.unwrap_or(0)), output: Some(self.output.unwrap_or(0)), ..self }
    }

    /// Writes them within an object that is open.
    pub(super) fn write(self, out: &mut JsonWriter) {
        out.number_member("input_tokens", self.uncached)
            .number_member("cache_creation_input_tokens", self.written)
            .number_member("cache_read_input_tokens", self.read)
            .number_member("output_tokens", self.output);
        if self.thinking.is_some() {
            out.name("output_tokens_details").open().number_member("thinking_tokens", self.thinking).close();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn counts(text: &'static str) -> (MessageCounts, RawMembers) {
        let mut members = RawJson::parse(text.into()).unwrap().members();
        (MessageCounts::take(&mut members), members)
    }

    fn written(counts: MessageCounts) -> String {
        let mut out = JsonWriter::default();
        counts.write(out.open());
        out.close();
        String::from_utf8(out.finish().to_vec()).unwrap()
    }

    #[test]
    fn input_has_in_it_what_the_cache_gave_and_took_and_is_written_without() {
        let body = r#"{"input_tokens":4,"cache_creation_input_tokens":3522,"cache_read_input_tokens":1150,"output_tokens":113,"output_tokens_details":{"thinking_tokens":20}}"#;
        let (counts, left) = counts(body);
        assert!(left.is_empty());
        let usage = counts.usage();
        assert_eq!((usage.input, usage.output), (Some(4676), Some(113)));
        assert_eq!((usage.cached_input, usage.cache_written, usage.reasoning), (Some(1150), Some(3522), Some(20)));
        assert_eq!(written(MessageCounts::of(&usage)), body);
    }

    #[test]
    fn what_is_no_count_stays_where_it_was_and_times_of_keeping_add_up() {
        let (found, left) = counts(
            r#"{"input_tokens":-1,"output_tokens":1e3,"cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":3},"output_tokens_details":{"thinking_tokens":1,"more":2},"speed":"fast"}"#,
        );
        assert_eq!(found.usage(), Usage { cache_written: Some(5), ..Usage::default() });
        assert_eq!(left.len(), 5);
        assert_eq!(counts(r#"{"input_tokens":100000001}"#).0.usage().input, None, "no model reads as much");
    }

    #[test]
    fn numbers_that_clients_demand_are_there_when_nobody_reported_any() {
        assert_eq!(written(MessageCounts::of(&Usage::default()).whole()), r#"{"input_tokens":0,"output_tokens":0}"#);
        let total = Usage { total: Some(12), output: Some(5), ..Usage::default() };
        assert_eq!(written(MessageCounts::of(&total).whole()), r#"{"input_tokens":7,"output_tokens":5}"#);
    }
}
