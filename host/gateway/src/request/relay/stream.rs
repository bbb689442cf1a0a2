//! Streams: each event is forwarded as it comes, usage is read from them, `event` plugins see them first.
//!
//! A stream never ends cleanly at the client unless it is whole, for clients take a clean end for that: it ends with the
//! dialect's own end marker, at once and whatever the upstream's framing does then, or where every choice has said why it
//! stopped and the framing ends well.

mod client;
mod ends;
mod events;
mod left;
mod passed;

use crate::request::context::RequestContext;
use crate::request::gateway_headers::{GatewayHeaders, GatewayResponse};
use crate::request::gather::UNCOUNTED;
use crate::request::receive::{AnswerBody, AnswerFault, EventReader, StreamOpening};
use crate::request::refusal::Refusal;
use crate::request::unheard;
use crate::request::waits::WaitedFor;
use crate::worker::UnheardEnd;
use bytes::{Bytes, BytesMut};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::{Body as _, Frame};
use passed::PassedEvents;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use tokio::time::Instant;
use weir_dialect::{Decoded, StreamDecoder};
use weir_http::sse;
use weir_sandbox::{HeldBounds, HookKind, Item, Stages};
use weir_server::{Aborted, BodyEnd, OutgoingResponse, ResponseBody, StreamBody, StreamSender};
use weir_upstream::AttemptVerdict;

const ACCEL: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Begins a stream to the client.
pub(super) fn start(
    mut context: RequestContext,
    status: StatusCode,
    (mut headers, own): (HeaderMap, GatewayHeaders),
    opening: StreamOpening,
    provider: Arc<str>,
) -> GatewayResponse {
    let hooked = context.chain.wants(HookKind::Event, &context.ask.model);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(passed::media_type(context.record.client.framing)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies in front of the gateway would else hold events back.
    headers.insert(ACCEL, HeaderValue::from_static("no"));
    context.record.head_ready(status.as_u16());
    let StreamOpening { body, reader, events, decoder, memory } = opening;
    context.record.response_memory = memory;
    let limits = &context.snapshot().config.limits;
    let bounds = HeldBounds { text: limits.held_bytes, events: limits.held_events };
    let stages = hooked.then(|| Stages::new(&context.chain, &context.ask.model, bounds));
    let (out, pieces, passed) = (BytesMut::new(), Vec::new(), PassedEvents::default());
    let (sent, health) = (Instant::now(), None);
    let reads_on = context.record.reads_on.then(|| (context.worker(), limits.drains));
    let stream = Stream { context, provider, reader, decoder, stages, out, pieces, passed, sent, health };
    let yielded = StreamBody::new(|sender| stream.run(events, body, sender));
    let yielded = match reads_on {
        Some((worker, limit)) => yielded.reading_on(move |rest| unheard::read_on_stream(&worker, limit, rest)),
        None => yielded,
    };
    OutgoingResponse { status, headers, extra: Some(own), body: ResponseBody::Stream(yielded), is_from_model: true }
}

/// Reads a stream to its end whose client has left before it began.
pub(super) async fn unheard(mut context: RequestContext, opening: StreamOpening, provider: Arc<str>) -> UnheardEnd {
    let StreamOpening { body, reader, events, decoder, memory } = opening;
    context.record.response_memory = memory;
    let (out, pieces, sent) = (BytesMut::new(), Vec::new(), Instant::now());
    let (passed, health) = (PassedEvents::default(), None);
    let stream = Stream { context, provider, reader, decoder, stages: None, out, pieces, passed, sent, health };
    unheard::settled(stream.run(events, body, StreamSender::to_nobody()).await)
}

/// A stream on its way. It owns the request's context, and with that the record of what must be settled.
struct Stream {
    context: RequestContext,
    provider: Arc<str>,
    reader: EventReader,
    /// What its events are, and whether it is whole.
    decoder: StreamDecoder,
    stages: Option<Stages>,
    /// Several events that go out in one write.
    out: BytesMut,
    /// What goes out next, in order.
    pieces: Vec<Bytes>,
    /// How far the plugins are.
    passed: PassedEvents,
    /// When something went out last; kept only where events are held back.
    sent: Instant,
    /// What a failure says of the upstream, if it was its doing.
    health: Option<AttemptVerdict>,
}

/// How a stream ends at the client. [`Stream::end`] says what each comes to.
enum StreamEnd {
    /// It is whole, by the dialect's word.
    Clean,
    /// It is not, and the client knows that from the upstream's own words.
    Told(Refusal),
    /// It is not, and the gateway says so.
    Refused(Refusal),
}

impl From<Refusal> for StreamEnd {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Stream {
    /// Forwards all of it, and hands over what is to be settled when the last byte was sent.
    async fn run(mut self, seen: Vec<(sse::SseEvent, Decoded)>, body: AnswerBody, sender: StreamSender) -> BodyEnd {
        self.context.record.waits.follow(sender.client().clone());
        let worker = self.context.worker();
        let pumped = { worker.until_over(pin!(self.pump(seen, body, &sender))).await };
        let end = match pumped {
            Some(Ok(())) => StreamEnd::Clean,
            Some(Err(end)) => end,
            None => StreamEnd::Refused(Refusal::ShuttingDown),
        };
        self.end(end, sender).await
    }

    /// What each end comes to:
    ///
    /// | end | what goes out | of the upstream | record and log | ledger | the client's connection |
    /// |---|---|---|---|---|---|
    /// | [`Clean`](StreamEnd::Clean) | all of it has | it served | `complete`, once the last byte was sent | what was reported, else an estimate | goes on |
    /// | [`Told`](StreamEnd::Told) | what plugins have let pass, and the upstream's words | it failed | `cut`, with the refusal's code and line | what was seen so far; nothing, where the upstream ended it in its own words with no answer in it ([`failed_in_its_words`](Self::failed_in_its_words)) | aborted; in HTTP/2 the stream is reset |
    /// | [`Refused`](StreamEnd::Refused) | what plugins have let pass, and an event that says why | what the failure says; nothing, where it was not its doing, as at `total_timeout` or the end of a drain | the same | the same; of a break, a limit or a drain what was seen so far | the same |
    /// | none: the client has left or stopped reading, and the server drops the stream | nothing more | nothing: the ticket is dropped untold | `client_gone`, 499; none | what was seen so far | is gone; in HTTP/2 the stream is |
    /// | any, where the client has left and the stream is read on ([`left`]) | nothing more | as if it had stayed | `client_gone`, 499; none | as if it had stayed | is gone |
    async fn end(mut self, end: StreamEnd, sender: StreamSender) -> BodyEnd {
        if sender.is_gone() {
            return self.end_unheard(&end);
        }
        let (refusal, is_told) = match end {
            StreamEnd::Clean => (None, false),
            StreamEnd::Told(refusal) => (Some(refusal), true),
            StreamEnd::Refused(refusal) => (Some(refusal), false),
        };
        let clean = match refusal {
            None => {
                self.context.record.judge(Some(AttemptVerdict::Served));
                Ok(())
            }
            Some(refusal) => {
                // What plugins have let pass before is the client's; what they hold back goes nowhere.
                self.flush(&sender).await;
                let info = refusal.info();
                refusal.log(&self.context.record.id, &self.context.record.tenant);
                self.context.record.count_refusal(info.code, refusal.is_a_plugins());
                self.context.record.judge(self.health);
                self.context.record.cut(info.code, refusal.ledger_reason());
                if !is_told {
                    sender.send(self.last_words(&refusal)).await;
                }
                Err(Aborted)
            }
        };
        BodyEnd { clean, settle: self.context.record }
    }

    /// Forwards what was looked at already, and from there until the stream ends.
    async fn pump(
        &mut self,
        seen: Vec<(sse::SseEvent, Decoded)>,
        mut body: AnswerBody,
        sender: &StreamSender,
    ) -> Result<(), StreamEnd> {
        let mut batch = Vec::new();
        for (event, decoded) in seen {
            let event = if event.only_data().is_some() { event } else { self.as_shown(event) };
            self.passed.seen += 1;
            self.take(&event, decoded, &mut batch).await?;
        }
        loop {
            while !self.decoder.is_done()
                && let Some(event) = self.reader.next().map_err(|fault| self.unread(fault))?
            {
                match self.decode(event) {
                    // Nearly all are: there is nothing to wait for.
                    (event, Decoded::Part(part)) => self.part(&event, part, &mut batch)?,
                    (event, decoded) => self.take(&event, decoded, &mut batch).await?,
                }
            }
            if self.decoder.is_done() {
                self.flush(sender).await;
                body.leave();
                return Ok(());
            }
            let waiting = self.reader.buffered() + self.stages.as_ref().map_or(0, Stages::held_bytes);
            if waiting > UNCOUNTED && !self.context.record.hold_answer(waiting) {
                return Err(StreamEnd::Refused(Refusal::ResponseMemory));
            }
            if self.stages.is_some() {
                self.through_stages(std::mem::take(&mut batch), false).await?;
            }
            self.flush(sender).await;
            let next = self.next(&mut body, sender).await;
            if sender.is_gone() {
                self.go_on_unheard();
            }
            let Some(frame) = next else { break };
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => return self.transport_broke(error, sender).await,
            };
            let Ok(chunk) = frame.into_data() else { continue };
            self.reader.push(chunk);
        }
        self.transport_ended().await?;
        self.through_stages(Vec::new(), true).await?;
        self.flush(sender).await;
        Ok(())
    }

    /// The next piece from the upstream. Where events are held back for long, the client gets a comment meanwhile.
    async fn next(
        &mut self,
        body: &mut AnswerBody,
        sender: &StreamSender,
    ) -> Option<Result<Frame<Bytes>, AnswerFault>> {
        let record = &mut self.context.record;
        loop {
            let piece = poll_fn(|cx| {
                if sender.is_gone() {
                    record.client_left();
                }
                let waits = &mut record.waits;
                waits.add_streams();
                let piece = Pin::new(&mut *body).poll_frame(cx);
                if piece.is_pending()
                    && let Some(since) = body.silent_since()
                {
                    waits.begin(WaitedFor::Upstream, since);
                }
                piece
            });
            let keep_alive = self.stages.as_ref().and_then(Stages::keep_alive);
            let piece = match keep_alive {
                None => Ok(piece.await),
                Some(time) => tokio::time::timeout_at(self.sent + time, piece).await,
            };
            match piece {
                Ok(piece) => {
                    record.waits.end();
                    return piece;
                }
                Err(_) => {
                    let sign = passed::sign_of_life(&mut self.reader);
                    if !sign.is_empty() {
                        sender.send(sign).await;
                    }
                    self.sent = Instant::now();
                }
            }
        }
    }

    async fn through_stages(&mut self, batch: Vec<Item>, last: bool) -> Result<(), Refusal> {
        let Some(stages) = &mut self.stages else { return Ok(()) };
        let worker = self.context.worker();
        let passed = stages.run(&worker.sandbox, &mut self.context.record.exchange, batch, last).await?;
        self.take_passed(passed);
        Ok(())
    }

    /// Sends what has passed, in one piece: one event as it came, several copied together.
    async fn flush(&mut self, sender: &StreamSender) {
        self.release();
        match self.pieces.len() {
            0 => return,
            1 => {}
            _ => {
                self.pieces.iter().for_each(|piece| self.out.extend_from_slice(piece));
                self.pieces.clear();
                self.pieces.push(self.out.split().freeze());
            }
        }
        if let Some(piece) = self.pieces.pop() {
            sender.send(piece).await;
            if self.stages.as_ref().is_some_and(Stages::windowed) {
                self.sent = Instant::now();
            }
        }
    }
}
