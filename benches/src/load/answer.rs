//! What comes back, looked at as it comes: cheaply, for the load shares the cores with what it measures.

use std::time::{Duration, Instant};

use memchr::{memchr, memmem};

use super::failure::LoadFailure;

/// One answer; kept over requests for its capacity.
#[derive(Debug, Default)]
pub(super) struct LoadAnswer {
    /// Whether events are expected: a stream was asked for, and the status is 200.
    stream: bool,
    /// A whole reply, or the line of a stream that is not yet complete.
    held: Vec<u8>,
    events: SeenEvents,
}

/// What a stream has shown so far.
#[derive(Debug, Default)]
pub(super) struct SeenEvents {
    first: Option<Instant>,
    last: Option<Instant>,
    /// Between one event with text and the next.
    pub(super) gaps: Vec<Duration>,
    done: bool,
}

impl LoadAnswer {
    pub(super) fn begin(&mut self, stream: bool) {
        self.stream = stream;
        self.held.clear();
        self.events.gaps.clear();
        (self.events.first, self.events.last, self.events.done) = (None, None, false);
    }

    /// Takes what has arrived of the body by `now`.
    pub(super) fn take(&mut self, mut data: &[u8], now: Instant) {
        if !self.stream {
            self.held.extend_from_slice(data);
            return;
        }
        while let Some((line, rest)) = memchr(b'\n', data).and_then(|end| data.split_at_checked(end + 1)) {
            if self.held.is_empty() {
                self.events.line(line, now);
            } else {
                self.held.extend_from_slice(line);
                self.events.line(&self.held, now);
                self.held.clear();
            }
            data = rest;
        }
        self.held.extend_from_slice(data);
    }

    /// Whether the whole answer is as it should be.
    pub(super) fn check(&self) -> Result<(), LoadFailure> {
        let good = match self.stream {
            true => self.events.first.is_some() && self.events.done,
            false => is_reply(&self.held),
        };
        good.then_some(()).ok_or(LoadFailure::Body)
    }

    /// When the first event with text was there.
    pub(super) fn first(&self) -> Option<Instant> {
        self.events.first
    }

    pub(super) fn gaps(&self) -> &[Duration] {
        &self.events.gaps
    }
}

impl SeenEvents {
    fn line(&mut self, line: &[u8], now: Instant) {
        let Some(data) = line.strip_prefix(b"data:") else { return };
        if data.trim_ascii() == b"[DONE]" {
            self.done = true;
        } else if has_text(data) {
            if let Some(last) = self.last {
                self.gaps.push(now - last);
            }
            self.first.get_or_insert(now);
            self.last = Some(now);
        }
    }
}

/// Whether an event carries text: the first one of a stream has the role and an empty string.
fn has_text(event: &[u8]) -> bool {
    const CONTENT: &[u8] = b"\"content\":";
    memmem::find_iter(event, CONTENT).any(|at| {
        let value = event.get(at + CONTENT.len()..).unwrap_or_default().trim_ascii_start();
        matches!(value, [b'"', next, ..] if *next != b'"')
    })
}

/// A look at the shape, not a parse.
fn is_reply(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    let has = |field: &str| memmem::find(body, field.as_bytes()).is_some();
    body.starts_with(b"{") && body.ends_with(b"}") && (has("\"choices\":") || has("\"data\":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_event_is_not_yet_text() {
        assert!(!has_text(br#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#));
        assert!(!has_text(br#"{"choices":[{"delta":{"content":null}}]}"#));
        assert!(has_text(br#"{"delta":{"content":"a"}}"#));
        assert!(has_text(br#"{"delta": {"content": " token"}}"#));
    }

    #[test]
    fn a_reply_is_a_whole_object_with_choices_or_data() {
        assert!(is_reply(br#"{"choices":[]}"#));
        assert!(is_reply(b"{\"object\":\"list\",\"data\":[]}\n"));
        assert!(!is_reply(br#"{"choices":[]"#));
        assert!(!is_reply(br#"{"error":{}}"#));
        assert!(!is_reply(b""));
    }

    #[test]
    fn events_are_found_however_the_stream_is_cut() {
        let text = concat!(
            "data: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\r\n\r\n",
            ": a comment\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n",
            "data: [DONE]\n\n",
        );
        let start = Instant::now();
        for size in 1..=text.len() {
            let mut answer = LoadAnswer::default();
            answer.begin(true);
            for (step, piece) in text.as_bytes().chunks(size).enumerate() {
                answer.take(piece, start + Duration::from_millis(u64::try_from(step).unwrap_or(0)));
            }
            assert_eq!(answer.check(), Ok(()), "pieces of {size}");
            assert_eq!(answer.gaps().len(), 1);
            assert!(answer.first() >= Some(start));
        }
    }

    #[test]
    fn a_stream_without_text_or_without_its_end_is_no_answer() {
        for text in ["data: [DONE]\n\n", "data: {\"delta\":{\"content\":\"a\"}}\n\n", "{\"choices\":[]}"] {
            let mut answer = LoadAnswer::default();
            answer.begin(true);
            answer.take(text.as_bytes(), Instant::now());
            assert_eq!(answer.check(), Err(LoadFailure::Body), "{text}");
        }
    }
}
