//! HTTP/1 as a server speaks it (RFC 9112): one task for each connection, in which its requests make their journey one
//! after the other. It reads once and writes once for a request of the usual kind, and holds no buffer while it waits.

mod ahead;
mod body;
mod buffers;
mod encode;
mod upload;
mod wire;

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode, Version};
use tokio::task::coop;
use weir_http::ExtraHeaders;
use weir_http::head::InvalidHead;
use weir_http::request::{self, BodyFraming};
use weir_net::{PendingWrite, Transport};

use super::drain::Drain;
use super::handler::{Handler, RequestLimits};
use super::opening::{ConnDeadlines, ConnOpening};
use super::request::IncomingRequest;
use super::request_body::RequestBody;
use super::response::OutgoingResponse;
use super::response_body::{BodyEnd, BodyStep, ResponseBody, StreamBody};
use super::shared::ConnShared;
use encode::{ConnectionHeader, EncodedHead, ResponseFraming};
use wire::ClientConn;

pub use body::Http1RequestBody;
pub(super) use buffers::ServerBuffers;
pub use wire::Broken;

/// A body up to so many bytes is copied behind its head.
const COPIED: usize = 16 * 1024;
/// A stream is written when so much of it is there, or nothing more.
const ENOUGH: usize = 64 * 1024;

/// A client that has sent many requests at once lets the others have their turn after so many answers.
const IN_A_ROW: u32 = 16;

/// Serves a connection, of which this came first, until it ends, a deadline passes or the drain has begun.
pub(super) async fn serve<H: Handler>(
    handler: H,
    shared: Rc<ConnShared>,
    begun: (Transport, ConnOpening),
    deadlines: ConnDeadlines,
    drain: Drain,
) {
    let mut awaited = drain.clone();
    let mut connection = Connection {
        wire: Rc::new(RefCell::new(ClientConn::new(Rc::clone(&shared), begun, deadlines))),
        handler,
        shared,
        drain,
        parts: Request::new(()).into_parts().0,
    };
    let mut ending = pin!(awaited.begun());
    let (mut told, mut answered) = (false, 0_u32);
    let mut has_more = true;
    loop {
        let more = poll_fn(|cx| {
            // Polled until it will wake this task, and not again: the flag is cheaper to look at.
            if !told {
                told = ending.as_mut().poll(cx).is_ready() || coop::has_budget_remaining();
            }
            // The connection was not opened without some bytes.
            if std::mem::take(&mut has_more) {
                return Poll::Ready(true);
            }
            connection.wire.borrow_mut().poll_more(&connection.drain, cx)
        });
        if !more.await {
            return;
        }
        while connection.wire.borrow().has_bytes() {
            let held = connection.handler.hold();
            let Some(valid) = connection.next(&held) else { break };
            let is_kept = { pin!(connection.answer(held, valid)).await };
            match is_kept {
                Ok(true) => {
                    answered = answered.wrapping_add(1);
                    if answered.is_multiple_of(IN_A_ROW) && connection.wire.borrow().has_bytes() {
                        tokio::task::yield_now().await;
                    }
                }
                Ok(false) => {
                    let wire = Rc::clone(&connection.wire);
                    drop(connection);
                    return poll_fn(|cx| wire.borrow_mut().poll_leave(cx)).await;
                }
                Err(Broken) => return,
            }
        }
    }
}

/// A connection and what its requests have in common.
struct Connection<H> {
    handler: H,
    shared: Rc<ConnShared>,
    wire: Rc<RefCell<ClientConn>>,
    /// Looked at, never waited for.
    drain: Drain,
    /// The head of the latest request.
    parts: Parts,
}

impl<H: Handler> Connection<H> {
    /// Reads the next head, if it is whole.
    fn next(&mut self, held: &H::Held) -> Option<Result<BodyFraming, InvalidHead>> {
        let RequestLimits { head: limits, read_ahead } = self.handler.limits(held);
        let mut wire = self.wire.borrow_mut();
        let read = match wire.next_head(limits.bytes) {
            Ok(head) => request::read(&head?, &limits, &mut self.parts),
            Err(why) => {
                request::clear(&mut self.parts);
                Err(why)
            }
        };
        wire.begin(read.as_ref().ok(), read_ahead);
        Some(read)
    }

    /// Has a request answered and writes the answer; whether the connection serves another one.
    async fn answer(&mut self, held: H::Held, valid: Result<BodyFraming, InvalidHead>) -> Result<bool, Broken> {
        let (method, version) = (self.parts.method.clone(), self.parts.version);
        // Put in its place: handed out, it would be copied at every layer.
        let mut answer = None;
        {
            let body = RequestBody::Http1(Http1RequestBody::new(Rc::clone(&self.wire)));
            let request = IncomingRequest { parts: &mut self.parts, body, valid: valid.map(|_| ()) };
            let mut answering = pin!(self.handler.handle(held, request));
            poll_fn(|cx| match answering.as_mut().poll(cx) {
                Poll::Ready(made) => {
                    answer = Some(made);
                    Poll::Ready(())
                }
                Poll::Pending if self.wire.borrow_mut().is_gone(cx) => Poll::Ready(()),
                Poll::Pending => Poll::Pending,
            })
            .await;
        }
        let Some(OutgoingResponse { status, headers, extra, body, .. }) = answer else { return Err(Broken) };
        // What the handler has left of the head would keep alive what it was read into.
        self.parts.headers = HeaderMap::new();
        let keep = valid.is_ok_and(|meant| meant.keep_alive) && !self.drain.has_begun();
        let keep = self.wire.borrow_mut().is_served_out() && keep;
        let head = EncodedHead { status, headers, extra };
        let bodiless = method == Method::HEAD || is_bodiless(status);
        match body {
            ResponseBody::Whole(bytes, mut settle) => {
                let (framing, bytes) = match bodiless {
                    true if is_bodiless(status) => (ResponseFraming::Nothing, Bytes::new()),
                    true => (ResponseFraming::Length(bytes.len()), Bytes::new()),
                    false => (ResponseFraming::Length(bytes.len()), bytes),
                };
                let unsent = self.write_whole(&head, (framing, fate(keep, version)), bytes)?;
                self.flush(unsent, |since| settle.awaits_client(since)).await?;
                settle.sent();
                Ok(keep)
            }
            ResponseBody::Stream(stream) => {
                let framing = match version {
                    _ if bodiless => ResponseFraming::Nothing,
                    Version::HTTP_11 => ResponseFraming::Chunked,
                    _ => ResponseFraming::Close,
                };
                let keep = keep && framing != ResponseFraming::Close;
                let written = self.write_stream(head, (framing, fate(keep, version)), stream).await;
                written.inspect_err(|_| self.wire.borrow().abort(version))?;
                Ok(keep && !self.wire.borrow().is_overrun())
            }
        }
    }
}

impl<H> Connection<H> {
    /// Writes as much of an answer as goes at once, and answers the rest.
    fn write_whole<X: ExtraHeaders>(
        &self,
        head: &EncodedHead<X>,
        how: (ResponseFraming, ConnectionHeader),
        body: Bytes,
    ) -> Result<Option<PendingWrite>, Broken> {
        let buffers = &self.shared.buffers;
        buffers.with_answer(|out| {
            encode::head(out, head, how, buffers);
            let apart = match body.len() {
                0..=COPIED => {
                    out.extend_from_slice(&body);
                    Bytes::new()
                }
                _ => body,
            };
            self.write(out, apart)
        })
    }

    /// Writes a stream, and tells it when its last byte was sent.
    async fn write_stream<X: ExtraHeaders>(
        &self,
        head: EncodedHead<X>,
        how: (ResponseFraming, ConnectionHeader),
        mut stream: StreamBody,
    ) -> Result<(), Broken> {
        let mut head = Some(head);
        loop {
            let (unsent, end) = poll_fn(|cx| self.poll_stream(&mut head, how, &mut stream, cx)).await?;
            if let Some(BodyEnd { clean, mut settle }) = end {
                self.flush(unsent, |since| settle.awaits_client(since)).await?;
                settle.sent();
                return clean.map_err(|_| Broken);
            }
            self.flush(unsent, |since| stream.client().begin(since)).await?;
            stream.client().end();
        }
    }

    /// Writes what the stream has, all of it at once; ready when the client does not take it, or with the stream's end.
    fn poll_stream<X: ExtraHeaders>(
        &self,
        head: &mut Option<EncodedHead<X>>,
        (framing, fate): (ResponseFraming, ConnectionHeader),
        stream: &mut StreamBody,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Option<PendingWrite>, Option<BodyEnd>), Broken>> {
        let buffers = &self.shared.buffers;
        buffers.with_answer(|out| {
            if let Some(head) = head.take() {
                encode::head(out, &head, (framing, fate), buffers);
            }
            let (mut end, mut waits) = (None, false);
            while end.is_none() && !waits && out.len() < ENOUGH {
                match stream.poll_next(cx) {
                    Poll::Ready(BodyStep::Bytes(bytes)) => encode::piece(out, framing, &bytes),
                    Poll::Ready(BodyStep::AllForNow(bytes)) => {
                        encode::piece(out, framing, &bytes);
                        waits = true;
                    }
                    Poll::Ready(BodyStep::End(ended)) => {
                        if ended.clean.is_ok() {
                            encode::end(out, framing);
                        }
                        end = Some(ended);
                    }
                    Poll::Pending => waits = true,
                }
            }
            let unsent = if out.is_empty() { None } else { self.write(out, Bytes::new())? };
            if unsent.is_some() || !waits {
                return Poll::Ready(Ok((unsent, end)));
            }
            if self.wire.borrow_mut().is_gone(cx) { Poll::Ready(Err(Broken)) } else { Poll::Pending }
        })
    }

    /// Writes as much as goes at once, and answers the rest.
    fn write(&self, out: &[u8], body: Bytes) -> Result<Option<PendingWrite>, Broken> {
        let written = self.wire.borrow().write(out, &body).map_err(|_| Broken)?;
        Ok(PendingWrite::behind(out, body, written))
    }

    /// Writes the rest of an answer; says since when the client is waited for, if it is.
    async fn flush(&self, unsent: Option<PendingWrite>, awaits: impl FnOnce(Instant)) -> Result<(), Broken> {
        let Some(mut unsent) = unsent else { return Ok(()) };
        awaits(Instant::now());
        poll_fn(|cx| self.wire.borrow_mut().poll_write(&mut unsent, cx)).await
    }
}

/// What is said of the connection.
fn fate(keep: bool, version: Version) -> ConnectionHeader {
    match (keep, version) {
        (false, _) => ConnectionHeader::Closed,
        (true, Version::HTTP_10) => ConnectionHeader::KeptAlive,
        (true, _) => ConnectionHeader::Open,
    }
}

/// Whether an answer has no body because of its status (RFC 9112 section 6.3).
fn is_bodiless(status: StatusCode) -> bool {
    status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED
}
