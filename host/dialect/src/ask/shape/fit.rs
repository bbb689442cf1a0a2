//! Whether a request has a shape, and what it asks for then.

use weir_http::json::{Span, Token, TokenScanner};

use crate::DialectCall;
use crate::ask::RequestFacts;
use crate::ask::facts::AskedCount;

/// A shape has so many kinds of messages.
pub(super) const KINDS: usize = 8;

/// To begin with a string costs as much as so many bytes of it.
const SCAN: usize = 8;

/// A part of a request: what stands there, and the values that differ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    first: Box<[u8]>,
    /// Each value, and what stands behind it.
    more: Vec<(Varying, Box<[u8]>)>,
}

/// A value that differs from one request to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Varying {
    /// A string that counts as text.
    Text,
    String,
    Number,
    /// The name of the model.
    Model,
    Most(Most),
    /// Nothing: the place of what makes the upstream send usage.
    Patch,
}

/// A bound on the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Most {
    Tokens,
    CompletionTokens,
}

impl Pattern {
    pub(super) fn new(first: &[u8]) -> Self {
        Self { first: first.into(), more: Vec::new() }
    }

    pub(super) fn push(&mut self, value: Varying, behind: &[u8]) {
        self.more.push((value, behind.into()));
    }

    pub(super) fn first(&self) -> &[u8] {
        &self.first
    }

    pub(super) fn last(&self) -> &[u8] {
        self.more.last().map_or(&self.first, |(_, behind)| behind)
    }

    /// What does not differ.
    pub(super) fn constants(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&*self.first).chain(self.more.iter().map(|(_, behind)| &**behind))
    }

    /// How many values differ, and how many bytes do not.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.more.len(), self.constants().map(<[u8]>::len).sum())
    }
}

/// A request as it always is, but for some values, and for how many messages it has.
#[derive(Debug)]
pub(super) struct AskShape {
    /// What stands before the first message.
    pub(super) front: Pattern,
    /// The kinds of messages, the latest first.
    pub(super) kinds: Vec<Pattern>,
    /// What stands behind the last message.
    pub(super) back: Pattern,
    pub(super) common: InCommon,
}

/// What every request of a shape says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InCommon {
    pub(super) streaming: bool,
    pub(super) include_usage: bool,
    pub(super) choices: AskedCount,
    /// Bytes of text that are no values: names of properties that tools take.
    pub(super) text_bytes: usize,
    /// What makes the upstream send usage: so many bytes are replaced by these.
    pub(super) usage_patch: Option<(usize, &'static str)>,
}

impl AskShape {
    /// Whether a body begins and ends like this.
    pub(super) fn may_fit(&self, body: &[u8]) -> bool {
        body.starts_with(self.front.first()) && body.ends_with(self.back.last())
    }

    /// Whether another one differs in its kinds of messages at the most.
    pub(super) fn is_around(&self, other: &Self) -> bool {
        self.common == other.common && self.front == other.front && self.back == other.back
    }

    /// Takes over kinds of messages, as many as there is room for.
    pub(super) fn take_kinds(&mut self, old: Self) {
        for kind in old.kinds {
            if self.kinds.len() < KINDS && !self.kinds.contains(&kind) {
                self.kinds.push(kind);
            }
        }
    }

    /// What a request of this shape asks for; none if it has another, or if more would have to be scanned than is left.
    pub(super) fn fits(&self, tokens: &TokenScanner<'_>, left: &mut usize) -> Option<RequestFacts> {
        let body = tokens.text();
        let mut found = Found::new(self.common.text_bytes, left);
        let mut at = found.pass(&self.front, tokens, 0)?;
        loop {
            at = self.kinds.iter().find_map(|kind| found.try_pass(kind, tokens, at))?;
            match next_message(body.as_bytes(), at) {
                Some(next) => at = next,
                None => break,
            }
        }
        if found.pass(&self.back, tokens, at)? != body.len() {
            return None;
        }
        let model_span = found.model?;
        let model = body.get(model_span.start + 1..model_span.end - 1)?;
        let usage_patch = match (self.common.usage_patch, found.patch) {
            (None, _) => None,
            (Some(_), None) => return None,
            (Some((length, json)), Some(start)) => Some((Span { start, end: start + length }, json)),
        };
        Some(RequestFacts {
            call: DialectCall::OPENAI_CHAT,
            model: model.into(),
            streaming: self.common.streaming,
            include_usage: self.common.include_usage,
            max_output_tokens: found.max_completion_tokens.or(found.max_tokens),
            choices: self.common.choices.number().unwrap_or(1),
            text_bytes: found.text_bytes,
            said_choices: self.common.choices,
            max_tokens: found.max_tokens,
            max_completion_tokens: found.max_completion_tokens,
            model_span,
            usage_patch,
            body_len: body.len(),
        })
    }
}

/// Where the next message begins, if there stands one behind this place.
fn next_message(body: &[u8], at: usize) -> Option<usize> {
    let behind = body.get(at..)?.strip_prefix(b",")?;
    let blank = behind.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
    Some(at + 1 + blank)
}

/// What has been found so far.
#[derive(Debug)]
struct Found<'a> {
    left: &'a mut usize,
    model: Option<Span>,
    patch: Option<usize>,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    text_bytes: usize,
}

impl<'a> Found<'a> {
    fn new(text_bytes: usize, left: &'a mut usize) -> Self {
        Self { left, model: None, patch: None, max_tokens: None, max_completion_tokens: None, text_bytes }
    }

    /// Passes such a part, and says where it ends; none, and nothing has happened, if another one stands there. Of parts
    /// that differ in nothing but text, as messages do.
    fn try_pass(&mut self, pattern: &Pattern, tokens: &TokenScanner<'_>, at: usize) -> Option<usize> {
        let before = self.text_bytes;
        let end = self.pass(pattern, tokens, at);
        if end.is_none() {
            self.text_bytes = before;
        }
        end
    }

    fn pass(&mut self, pattern: &Pattern, tokens: &TokenScanner<'_>, at: usize) -> Option<usize> {
        let bytes = tokens.text().as_bytes();
        let mut at = passed(bytes, at, &pattern.first)?;
        for (value, behind) in &pattern.more {
            at = self.value(*value, tokens, at)?;
            at = passed(bytes, at, behind)?;
        }
        Some(at)
    }

    /// Takes a value, and says where it ends.
    fn value(&mut self, value: Varying, tokens: &TokenScanner<'_>, at: usize) -> Option<usize> {
        let span = match value {
            Varying::Text => {
                let token = self.string(tokens, at)?;
                self.text_bytes += token.len;
                token.span
            }
            Varying::String => self.string(tokens, at)?.span,
            Varying::Number => tokens.number(at)?,
            Varying::Model => {
                let token = self.string(tokens, at)?;
                // One with escapes, or without a letter, is for who reads in full.
                let is_plain = token.len > 0 && token.len + 2 == token.span.end - token.span.start;
                self.model = Some(token.span).filter(|_| is_plain);
                self.model?
            }
            Varying::Most(most) => {
                let (count, span) = count(tokens, at)?;
                match most {
                    Most::Tokens => self.max_tokens = Some(count),
                    Most::CompletionTokens => self.max_completion_tokens = Some(count),
                }
                span
            }
            Varying::Patch => {
                self.patch = Some(at);
                return Some(at);
            }
        };
        Some(span.end)
    }

    fn string(&mut self, tokens: &TokenScanner<'_>, at: usize) -> Option<Token> {
        let token = tokens.string(at)?;
        *self.left = self.left.checked_sub(token.span.end - token.span.start + SCAN)?;
        Some(token)
    }
}

fn passed(bytes: &[u8], at: usize, constant: &[u8]) -> Option<usize> {
    bytes.get(at..)?.starts_with(constant).then_some(at + constant.len())
}

/// A count in plain digits. Any other way to write one is for who reads in full.
pub(super) fn count(tokens: &TokenScanner<'_>, at: usize) -> Option<(u64, Span)> {
    let span = tokens.number(at)?;
    Some((tokens.text().get(span.start..span.end).filter(|digits| digits.len() < 19)?.parse().ok()?, span))
}
