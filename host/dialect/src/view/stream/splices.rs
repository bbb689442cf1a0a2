//! Strings and values of a frame, replaced where they stand.

use bytes::Bytes;
use weir_http::event_message::EventMessageReader;
use weir_http::json::Span;
use weir_http::sse::data_event;

use super::framing::ClientFraming;

/// What is to stand in a frame's data in place of what does.
#[derive(Debug)]
pub(super) struct FrameSplices {
    data: Bytes,
    splices: Vec<(Span, Bytes)>,
}

impl FrameSplices {
    pub(super) fn new(data: Bytes) -> Self {
        Self { data, splices: Vec::new() }
    }

    /// Whether all stays as it is.
    pub(super) fn is_empty(&self) -> bool {
        self.splices.is_empty()
    }

    /// Puts `new` in the place of a token that was read from the data. False if it was not.
    pub(super) fn replace(&mut self, token: &Bytes, new: Bytes) -> bool {
        let Some(span) = self.span(token) else { return false };
        self.put(span, new);
        true
    }

    /// Puts `new` behind a token that was read from the data, or before the last byte of it. False if it was not.
    pub(super) fn insert(&mut self, token: &Bytes, within: bool, new: Bytes) -> bool {
        let Some(span) = self.span(token) else { return false };
        let at = if within { span.end.saturating_sub(1) } else { span.end };
        self.put(Span { start: at, end: at }, new);
        true
    }

    /// The data as they are now.
    pub(super) fn finish(mut self) -> Bytes {
        self.splices.sort_by_key(|(span, _)| (span.start, span.end));
        let added: usize = self.splices.iter().map(|(_, new)| new.len()).sum();
        let mut out = Vec::with_capacity(self.data.len() + added);
        let mut at = 0;
        for (span, new) in self.splices.iter().filter(|(span, _)| span.start <= self.data.len()) {
            // Of two for one place the one that came first, or that is around the other, counts.
            if span.start >= at {
                out.extend_from_slice(self.data.get(at..span.start).unwrap_or_default());
                out.extend_from_slice(new);
                at = span.end;
            }
        }
        out.extend_from_slice(self.data.get(at..).unwrap_or_default());
        out.into()
    }

    /// Where a token stands that was read from the data: found by its address, for there may be others that say the same.
    fn span(&self, token: &Bytes) -> Option<Span> {
        let start = token.as_ptr().addr().checked_sub(self.data.as_ptr().addr())?;
        let end = start.checked_add(token.len())?;
        (end <= self.data.len() && !token.is_empty()).then_some(Span { start, end })
    }

    fn put(&mut self, span: Span, new: Bytes) {
        let is_known = |known: &Span| known.start == span.start && known.end == span.end;
        if !self.splices.iter().any(|(known, _)| is_known(known)) {
            self.splices.push((span, new));
        }
    }
}

/// The frame `raw`, of whose data `data` became `new`.
pub(super) fn reframed(framing: ClientFraming, raw: &Bytes, data: &Bytes, new: &Bytes) -> Bytes {
    match framing {
        ClientFraming::EventMessages => message(raw, new),
        ClientFraming::Sse | ClientFraming::JsonArray => event(raw, data, new),
    }
}

fn event(raw: &Bytes, data: &Bytes, new: &Bytes) -> Bytes {
    let start = data.as_ptr().addr().checked_sub(raw.as_ptr().addr());
    let span =
        start.and_then(|start| Some((start, start.checked_add(data.len())?))).filter(|(_, end)| *end <= raw.len());
    if let Some((start, end)) = span {
        let (before, after) = (raw.get(..start).unwrap_or_default(), raw.get(end..).unwrap_or_default());
        return [before, new, after].concat().into();
    }
    // They were joined of several lines: these are written anew, behind the others.
    let others = raw.split_inclusive(|byte| *byte == b'\n').filter(|line| {
        let line = line.trim_ascii_end();
        !line.is_empty() && !line.starts_with(b"data")
    });
    let mut out = others.collect::<Vec<_>>().concat();
    out.extend_from_slice(&data_event(new));
    out.into()
}

fn message(raw: &Bytes, payload: &[u8]) -> Bytes {
    let mut reader = EventMessageReader::new(raw.len());
    reader.push(raw.clone());
    // It was read before, and no payload has 4 GiB.
    let message = reader.next().ok().flatten().and_then(|message| message.with_payload(payload).ok());
    message.map(|message| message.raw().clone()).unwrap_or_default()
}
