//! Streams: each event is forwarded as it comes, usage is read from them, `event` plugins see them first.
//!
//! A stream never ends cleanly at the client unless it is whole, for clients take a clean end for that: it ends with the
//! dialect's own end marker, at once and whatever the upstream's framing does then, or where every choice has said why it
//! stopped and the framing ends well.

use crate::request::context::RequestContext;
use crate::request::gateway_headers::{GatewayHeaders, GatewayResponse};
use crate::request::gather::UNCOUNTED;
use crate::request::receive::StreamOpening;
use crate::request::refusal::Refusal;
use crate::request::waits::WaitedFor;
use bytes::{Bytes, BytesMut};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::{Body as _, Frame};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use tokio::time::Instant;
use weir_dialect::event::{self, EventKind, Template};
use weir_dialect::readable;
use weir_dialect::stream::Ending;
use weir_dialect::usage;
use weir_http::sse;
use weir_sandbox::{HeldBounds, HookKind, Item, Stages};
use weir_server::{Aborted, BodyEnd, OutgoingResponse, ResponseBody, StreamBody, StreamSender};
use weir_upstream::{AttemptFailure, AttemptVerdict, Body, BodyError};

/// A comment, which clients pass over (WHATWG HTML, 9.2.6). No blank line follows it: some clients take one for an event.
const KEEP_ALIVE: &[u8] = b": keep-alive\n";

const ACCEL: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Begins a stream to the client.
pub(super) fn start(
    mut trip: RequestContext,
    status: StatusCode,
    (mut headers, own): (HeaderMap, GatewayHeaders),
    opening: StreamOpening,
    provider: Arc<str>,
) -> GatewayResponse {
    let hooked = trip.chain.wants(HookKind::Event, &trip.ask.model);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies in front of the gateway would else hold events back.
    headers.insert(ACCEL, HeaderValue::from_static("no"));
    trip.record.head_ready(status.as_u16());
    let limits = &trip.snapshot().config.limits;
    let StreamOpening { body, reader, events } = opening;
    let ending = Ending::new(trip.ask.choices);
    let bounds = HeldBounds { text: limits.held_bytes, events: limits.held_events };
    let stages = hooked.then(|| Stages::new(&trip.chain, &trip.ask.model, bounds));
    let (out, pieces, template, sent) = (BytesMut::new(), Vec::new(), Template::default(), Instant::now());
    let stream =
        Stream { trip, provider, reader, stages, out, pieces, ending, template, sent, told: false, health: None };
    let yielded = StreamBody::new(|outlet| stream.run(events, body, outlet));
    OutgoingResponse { status, headers, extra: Some(own), body: ResponseBody::Stream(yielded), is_models: true }
}

/// A stream on its way. It owns the trip and with it everything that must be settled.
struct Stream {
    trip: RequestContext,
    provider: Arc<str>,
    reader: sse::SseReader,
    stages: Option<Stages>,
    /// Several events that go out in one write.
    out: BytesMut,
    /// What goes out next, in order.
    pieces: Vec<Bytes>,
    /// Whether it is whole.
    ending: Ending,
    /// A delta that most others are like.
    template: Template,
    /// When something went out last; kept only where events are held back.
    sent: Instant,
    /// The client knows from the upstream itself that it failed.
    told: bool,
    /// What a failure says of the upstream, if it was its doing.
    health: Option<AttemptVerdict>,
}

impl Stream {
    /// Forwards all of it, and hands over what is to be settled when the last byte was sent.
    async fn run(mut self, seen: Vec<(sse::SseEvent, EventKind)>, body: Body, outlet: StreamSender) -> BodyEnd {
        let worker = self.trip.worker();
        let pumped = { worker.until_over(pin!(self.pump(seen, body, &outlet))).await };
        let clean = match pumped.unwrap_or(Err(Refusal::ShuttingDown)) {
            Ok(()) => {
                self.trip.record.judge(Some(AttemptVerdict::Served));
                Ok(())
            }
            Err(refusal) => {
                // What plugins have let pass before is the client's; what they hold back goes nowhere.
                self.flush(&outlet).await;
                let info = refusal.info();
                refusal.log(&self.trip.record.id, &self.trip.record.tenant);
                self.trip.record.count_refusal(info.code, refusal.is_a_plugins());
                self.trip.record.judge(self.health);
                self.trip.record.cut(info.code, refusal.ledger_reason());
                if !self.told {
                    outlet.send(refusal.event()).await;
                }
                Err(Aborted)
            }
        };
        self.trip.record.waits.add(WaitedFor::Client, outlet.take_waited());
        BodyEnd { clean, settle: self.trip.record }
    }

    /// Forwards what was looked at already, and from there until the stream ends.
    async fn pump(
        &mut self,
        seen: Vec<(sse::SseEvent, EventKind)>,
        mut body: Body,
        outlet: &StreamSender,
    ) -> Result<(), Refusal> {
        let mut batch = Vec::new();
        for (event, kind) in seen {
            match event.only_data() {
                Some(data) => self.take_as(&event, data, kind, &mut batch).await?,
                None => self.take(&event, &mut batch).await?,
            }
        }
        loop {
            while !self.ending.is_done()
                && let Some(event) = self.reader.next().map_err(|_| self.too_long())?
            {
                match event.only_data() {
                    Some(data) if self.is_repeated(&event, &data, &mut batch) => {}
                    Some(data) => {
                        let kind = event::classify(&data);
                        self.take_as(&event, data, kind, &mut batch).await?;
                    }
                    None => self.take(&event, &mut batch).await?,
                }
            }
            if self.ending.is_done() {
                self.flush(outlet).await;
                body.leave();
                return Ok(());
            }
            let waiting = self.reader.buffered() + self.stages.as_ref().map_or(0, Stages::held_bytes);
            if waiting > UNCOUNTED && !self.trip.record.hold_answer(waiting) {
                return Err(Refusal::ResponseMemory);
            }
            if self.stages.is_some() {
                self.through_stages(std::mem::take(&mut batch), false).await?;
            }
            self.flush(outlet).await;
            let Some(frame) = self.next(&mut body, outlet).await else { break };
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => return self.transport_broke(error, outlet).await,
            };
            let Ok(chunk) = frame.into_data() else { continue };
            self.reader.push(chunk);
        }
        self.transport_ended().await?;
        self.through_stages(Vec::new(), true).await?;
        self.flush(outlet).await;
        Ok(())
    }

    /// What is left where the transport ends without the end marker. Half an event goes nowhere: whatever was sent behind
    /// it would become part of it.
    async fn transport_ended(&mut self) -> Result<(), Refusal> {
        let mut broken_off = false;
        while let Some(event) = self.reader.finish().map_err(|_| self.too_long())? {
            if event.is_whole() || self.ending.last(&event) && self.ending.is_whole() {
                let mut batch = Vec::new();
                self.take(&event.closed(), &mut batch).await?;
                self.through_stages(batch, false).await?;
            } else {
                broken_off |= !event.is_blank();
            }
        }
        match self.ending.is_whole() && !broken_off {
            true => Ok(()),
            false => Err(self.failed(AttemptFailure::broken())),
        }
    }

    /// What is left where the transport breaks: the end marker may lack no more than its blank line.
    async fn transport_broke(&mut self, error: BodyError, outlet: &StreamSender) -> Result<(), Refusal> {
        if let Ok(Some(event)) = self.reader.finish()
            && self.ending.last(&event)
            && self.ending.is_done()
        {
            self.take(&event.closed(), &mut Vec::new()).await?;
            self.flush(outlet).await;
            return Ok(());
        }
        Err(self.broken(error))
    }

    /// The next piece from the upstream. Where events are held back for long, the client gets a comment meanwhile.
    async fn next(&mut self, body: &mut Body, outlet: &StreamSender) -> Option<Result<Frame<Bytes>, BodyError>> {
        let waits = &mut self.trip.record.waits;
        loop {
            let piece = poll_fn(|cx| {
                // Meanwhile the client was waited for.
                let client = outlet.take_waited();
                if !client.is_zero() {
                    waits.put_off(client);
                    waits.add(WaitedFor::Client, client);
                }
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
                    waits.end();
                    return piece;
                }
                Err(_) => {
                    outlet.send(Bytes::from_static(KEEP_ALIVE)).await;
                    self.sent = Instant::now();
                }
            }
        }
    }

    fn broken(&mut self, error: BodyError) -> Refusal {
        if error == BodyError::Total {
            // A client that reads slowly can bring this about, and must not put a provider aside for everybody.
            self.trip.record.judge(None);
        }
        self.failed(error.decide())
    }

    fn too_long(&mut self) -> Refusal {
        let limit = self.trip.snapshot().config.limits.event_bytes;
        self.failed(AttemptFailure::too_large("event", limit))
    }

    /// The upstream failed in the middle of its answer: what that says of it is told at the end, the client what is left.
    fn failed(&mut self, failure: AttemptFailure) -> Refusal {
        self.health = failure.health;
        Refusal::of_attempt(failure.what, &self.provider)
    }

    /// Looks at one event: usage is noted, what the client did not ask for is dropped, deltas wait for the plugins.
    async fn take(&mut self, event: &sse::SseEvent, batch: &mut Vec<Item>) -> Result<(), Refusal> {
        // Plugins are shown data and nothing else, so that no other field may say anything. Comments are handed out by no reader.
        let plain = (self.stages.is_some() && !event.is_blank()).then(|| event.plain());
        let event = plain.as_ref().unwrap_or(event);
        if event.is_comment() {
            self.put(Item::opaque(event.raw().clone()), batch);
            return Ok(());
        }
        let data = event.data();
        let kind = event::kind(event, &data);
        self.take_as(event, data, kind, batch).await
    }

    /// The same for an event of which it is known what it is.
    async fn take_as(
        &mut self,
        event: &sse::SseEvent,
        data: Bytes,
        kind: EventKind,
        batch: &mut Vec<Item>,
    ) -> Result<(), Refusal> {
        match kind {
            EventKind::Delta => self.delta(event, data, batch)?,
            EventKind::UsageOnly(usage) => {
                // Some providers send it in the middle: it keeps its place, and is no sign of the end.
                self.trip.record.report(usage);
                if self.trip.ask.include_usage {
                    self.beside(event, data, batch)?;
                }
            }
            EventKind::Done => {
                self.ending.done();
                self.end_of_text(batch).await?;
                self.pieces.push(event.raw().clone());
            }
            // The upstream says itself that it failed: its words go out, but for where a plugin would have to see them, and
            // the end is not a clean one.
            EventKind::Error => {
                if !self.stages.as_ref().is_some_and(Stages::closed) {
                    self.told = true;
                    self.pieces.push(event.raw().clone());
                }
                return Err(self.failed(AttemptFailure::broken()));
            }
            EventKind::Other => self.beside(event, data, batch)?,
        }
        Ok(())
    }

    /// Passes an event on that is no part of a choice. Where there is text in it all the same, plugins see it; where they could
    /// not, it is made sure that there is none.
    fn beside(&mut self, event: &sse::SseEvent, data: Bytes, batch: &mut Vec<Item>) -> Result<(), Refusal> {
        let raw = event.raw().clone();
        let Some(stages) = &self.stages else {
            self.pieces.push(raw);
            return Ok(());
        };
        match readable::says_nothing(&data) {
            Ok(()) => batch.extend(Item::read(raw.clone(), data).unwrap_or_else(|_| vec![Item::opaque(raw)])),
            Err(why) => {
                stages.cannot_show(&why)?;
                batch.push(Item::opaque(raw));
            }
        }
        Ok(())
    }

    /// Takes a delta that differs from one before in its text alone. False, and nothing was done, if it is another event.
    fn is_repeated(&mut self, event: &sse::SseEvent, data: &Bytes, batch: &mut Vec<Item>) -> bool {
        let Some(text) = self.template.find(data) else { return false };
        let bytes = text.len();
        if self.stages.is_none() {
            self.pieces.push(event.raw().clone());
        } else {
            let Some(delta) = self.template.delta(data, text) else { return false };
            batch.push(Item::delta(event.raw().clone(), data.clone(), delta));
        }
        self.trip.record.progress(bytes);
        true
    }

    fn delta(&mut self, event: &sse::SseEvent, data: Bytes, batch: &mut Vec<Item>) -> Result<(), Refusal> {
        self.ending.delta(&data);
        // Some providers put usage on the last delta instead of an event of its own.
        let usage = usage::of_event(&data);
        let (raw, data) = match usage {
            None => (event.raw().clone(), data),
            Some(usage) => {
                self.trip.record.report(usage);
                match self.trip.ask.include_usage {
                    true => (event.raw().clone(), data),
                    false => {
                        let without = event::without_usage(&data);
                        (sse::data_event(&without), without)
                    }
                }
            }
        };
        let teaches = usage.is_none() && !self.ending.is_whole();
        if teaches {
            self.template.learn(&data);
        }
        // For an estimate, in case nobody reports.
        self.trip.record.progress(usage::text_bytes(&data));
        let Some(stages) = &self.stages else {
            self.pieces.push(raw);
            return Ok(());
        };
        // What was learned from need not be read once more.
        let known = if teaches { self.template.find(&data) } else { None };
        if let Some(delta) = known.and_then(|text| self.template.delta(&data, text)) {
            batch.push(Item::delta(raw, data, delta));
            return Ok(());
        }
        batch.extend(match Item::read(raw.clone(), data) {
            Ok(items) => items,
            Err(why) => {
                stages.cannot_show(&why.into())?;
                vec![Item::opaque(raw)]
            }
        });
        Ok(())
    }

    fn put(&mut self, item: Item, batch: &mut Vec<Item>) {
        match self.stages {
            Some(_) => batch.push(item),
            None => self.pieces.push(item.raw),
        }
    }

    /// Before the end marker: plugins decide on everything that came before.
    async fn end_of_text(&mut self, batch: &mut Vec<Item>) -> Result<(), Refusal> {
        self.through_stages(std::mem::take(batch), true).await
    }

    async fn through_stages(&mut self, batch: Vec<Item>, last: bool) -> Result<(), Refusal> {
        let Some(stages) = &mut self.stages else { return Ok(()) };
        let worker = self.trip.worker();
        let passed = stages.run(&worker.sandbox, &mut self.trip.record.lent, batch, last).await?;
        self.pieces.extend(passed);
        Ok(())
    }

    /// Sends what has passed, in one piece: one event as it came, several copied together.
    async fn flush(&mut self, outlet: &StreamSender) {
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
            outlet.send(piece).await;
            if self.stages.as_ref().is_some_and(Stages::windowed) {
                self.sent = Instant::now();
            }
        }
    }
}
