//! The shape of a request that was read in full.

use bytes::Bytes;
use weir_http::json::{self, JsonKind, Passed, Span, TokenScanner};

use super::fit::{AskShape, InCommon, KINDS, Most, Pattern, Varying, count};
use crate::ask::RequestFacts;

/// A shape has no more values that differ than this,
pub(super) const VALUES: usize = 256;
/// and no more bytes that do not.
pub(super) const BYTES: usize = 8 * 1024;

/// The shape of a request of which this was read and passed, if it has one that is worth keeping.
pub(super) fn shape(body: &Bytes, ask: &RequestFacts, passed: &[Passed]) -> Option<AskShape> {
    let mut lesson =
        Lesson { body, tokens: TokenScanner::of(body)?, values: Vec::new(), values_left: VALUES, left: BYTES };
    let outer = Outer::of(&lesson.tokens, body)?;
    let text = passed.iter().map(|passed| if let Passed::Text(token) = passed { token.len } else { 0 });
    let common = InCommon {
        streaming: ask.streaming,
        include_usage: ask.include_usage,
        choices: ask.said_choices,
        text_bytes: ask.text_bytes.checked_sub(text.sum())?,
        usage_patch: ask.usage_patch.map(|(span, json)| (span.end - span.start, json)),
    };
    lesson.values = values(ask, passed, &outer)?;

    let messages = messages(body, outer.messages?)?;
    let (first, last) = (messages.first()?, messages.last()?);
    let front = lesson.pattern(0, first.start)?;
    let back = lesson.pattern(last.end, body.len())?;
    let mut kinds = Vec::new();
    for message in &messages {
        let kind = lesson.pattern(message.start, message.end)?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
            lesson.keep(kinds.last()?)?;
        }
    }
    lesson.keep(&front)?;
    lesson.keep(&back)?;
    let shape = AskShape { front, kinds, back, common };
    // One that says anything else of the very request that it was made of has misread it.
    let mut left = usize::MAX;
    (shape.kinds.len() <= KINDS && shape.fits(&lesson.tokens, &mut left).as_ref() == Some(ask)).then_some(shape)
}

struct Lesson<'a> {
    body: &'a [u8],
    tokens: TokenScanner<'a>,
    /// What differs, in the order in which it stands.
    values: Vec<(Span, Varying)>,
    /// So many values may still differ, and so many bytes not.
    values_left: usize,
    left: usize,
}

impl Lesson<'_> {
    /// What stands between two places.
    fn pattern(&self, start: usize, end: usize) -> Option<Pattern> {
        let from = self.values.partition_point(|(span, _)| span.start < start);
        let upto = self.values.partition_point(|(span, _)| span.end <= end);
        let inside = self.values.get(from..upto)?;
        let mut starts = inside.iter().map(|(span, _)| span.start).chain([end]);
        let mut pattern = Pattern::new(self.body.get(start..starts.next()?)?);
        for ((span, value), next) in inside.iter().zip(starts) {
            pattern.push(*value, self.body.get(span.end..next)?);
        }
        Some(pattern)
    }

    fn keep(&mut self, pattern: &Pattern) -> Option<()> {
        let (values, bytes) = pattern.size();
        self.values_left = self.values_left.checked_sub(values)?;
        self.left = self.left.checked_sub(bytes)?;
        Some(())
    }
}

/// What the outermost object has that is more than text.
#[derive(Default)]
struct Outer {
    messages: Option<Span>,
    /// Values by which something is decided: another one is another shape.
    fixed: Vec<Span>,
    most: Vec<(Span, Most)>,
}

impl Outer {
    fn of(tokens: &TokenScanner<'_>, body: &[u8]) -> Option<Self> {
        let mut outer = Self::default();
        json::members(body, |key, span, kind| {
            let most = match key.raw() {
                b"max_tokens" => Some(Most::Tokens),
                b"max_completion_tokens" => Some(Most::CompletionTokens),
                _ => None,
            };
            if key == "messages" {
                outer.messages = Some(span).filter(|_| kind == JsonKind::Array);
            } else if let Some(most) = most.filter(|_| count(tokens, span.start).is_some()) {
                outer.most.push((span, most));
            } else if ["n", "stream", "stream_options", "max_tokens", "max_completion_tokens"]
                .iter()
                .any(|name| key == *name)
            {
                outer.fixed.push(span);
            }
        })
        .ok()?;
        Some(outer)
    }
}

/// The values of a request that differ from one to the next; none if a string is not one of them, for none is kept.
fn values(ask: &RequestFacts, passed: &[Passed], outer: &Outer) -> Option<Vec<(Span, Varying)>> {
    let is_fixed = |span: Span| outer.fixed.iter().any(|fixed| fixed.start <= span.start && span.end <= fixed.end);
    if passed.iter().any(|passed| is_fixed(passed.span()) && !matches!(passed, Passed::Number(_))) {
        return None;
    }
    let value = |passed: &Passed| {
        let span = passed.span();
        if is_fixed(span) {
            return None;
        }
        let most = outer.most.iter().find(|(at, _)| *at == span).map(|(_, most)| Varying::Most(*most));
        let by_kind = || match passed {
            Passed::Text(_) => Varying::Text,
            Passed::String(_) if span == ask.model_span => Varying::Model,
            Passed::String(_) => Varying::String,
            Passed::Number(_) => Varying::Number,
        };
        Some((span, most.unwrap_or_else(by_kind)))
    };
    let mut values: Vec<_> = passed.iter().filter_map(value).collect();
    if let Some((span, _)) = ask.usage_patch {
        let place = Span { start: span.start, end: span.start };
        values.insert(values.partition_point(|(other, _)| other.start < span.start), (place, Varying::Patch));
    }
    Some(values)
}

/// Where the messages stand; none if the text of one is not the sum of what its values say.
fn messages(body: &[u8], span: Span) -> Option<Vec<Span>> {
    let (mut messages, mut is_sum) = (Vec::new(), true);
    json::elements(body, span, |span, _| {
        let mut reasons = 0;
        let members = json::members_of(body, span, |key, _, _| {
            reasons += usize::from(key == "reasoning" || key == "reasoning_content");
        });
        // Said under both names it counts once.
        is_sum &= reasons < 2 && members.is_ok();
        messages.push(span);
    })
    .ok()?;
    is_sum.then_some(messages)
}
