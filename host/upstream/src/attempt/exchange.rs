//! One request on one connection, whichever protocol is spoken on it.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::uri::Parts;
use http::{HeaderValue, Request, Response, StatusCode, Uri, Version};
use tokio::time::Instant;
use weir_http::fields::FIELDS;

use super::{Attempt, Miss, earliest};
use crate::body::IncomingBody;
use crate::coding;
use crate::dial::sockets::is_dead;
use crate::dial::tls::TlsFailure;
use crate::error::{AttemptError, Which};
use crate::http1::{self, Lost};
use crate::http2::{self, CLOSED_FOR};
use crate::pool::{Lease, UpstreamConn};

impl Attempt<'_> {
    /// When the answer's head must be there, and what it means if it is not.
    fn head_end(&self) -> (Option<Instant>, Which) {
        let head_end = self.now.checked_add(self.first_byte);
        let end = earliest(head_end, self.total_end);
        (end, if end == head_end { Which::FirstByte } else { Which::Total })
    }

    pub(super) async fn exchange_http1(
        &mut self,
        lease: &Lease<UpstreamConn>,
        connection: &http1::Http1Connection,
        request: &mut Request<Bytes>,
        fresh: bool,
    ) -> Result<Response<IncomingBody>, Miss> {
        let (end, which) = self.head_end();
        let host = self.up.host_header();
        let timer = &mut self.timer;
        let mut exchange = http1::Http1Exchange::on(connection);
        let answered = poll_fn(|cx| match (exchange.poll(request, host, cx), end) {
            (Poll::Ready(answered), _) => Poll::Ready(answered.map_err(Some)),
            (Poll::Pending, Some(end)) => timer.poll_until(end, cx).map(|()| Err(None)),
            (Poll::Pending, None) => Poll::Pending,
        });
        match answered.await {
            Ok(response) => Ok(response.map(IncomingBody::One)),
            Err(Some(Lost::Unsent(why))) => {
                if why.as_ref().is_some_and(|why| is_dead(why.kind())) {
                    lease.link().is_dead();
                }
                refused_by_tls(fresh, why.as_ref()).map_or(Err(Miss::Unsent), |error| Err(Miss::Failed(error)))
            }
            Err(Some(Lost::Silent(Some(why)))) if is_dead(why.kind()) => {
                lease.link().is_dead();
                match self.up.sockets().is_undelivered(self.now.elapsed(), true) {
                    true => Err(Miss::Undelivered),
                    false => Err(Miss::Failed(self.closed(true))),
                }
            }
            Err(Some(Lost::Silent(why))) => Err(refused_by_tls(fresh, why.as_ref()).map_or(Miss::Cut, Miss::Failed)),
            Err(Some(Lost::Closed(why))) => {
                if why.is_some_and(|why| is_dead(why.kind())) {
                    lease.link().is_dead();
                }
                Err(Miss::Failed(self.closed(true)))
            }
            Err(Some(Lost::Invalid(why))) => Err(Miss::Failed(AttemptError::Protocol(why))),
            Err(None) => Err(Miss::Failed(AttemptError::Timeout(which))),
        }
    }

    pub(super) async fn exchange_http2(
        &mut self,
        lease: &Lease<UpstreamConn>,
        connection: &http2::Http2Connection,
        request: &mut Request<Bytes>,
    ) -> Result<Response<IncomingBody>, Miss> {
        let (end, which) = self.head_end();
        let outgoing = self.address(std::mem::take(request));
        let Some(outgoing) = outgoing else { return Err(Miss::Failed(AttemptError::BadTarget)) };
        // h2 does not give a request back.
        let copy = outgoing.clone();
        let Ok(mut exchange) = connection.send(outgoing, self.now) else {
            *request = copy;
            return Err(Miss::Unsent);
        };
        let begin_end = earliest(end, self.now.checked_add(CLOSED_FOR));
        let timer = &mut self.timer;
        let answered = poll_fn(|cx| match exchange.poll(cx) {
            Poll::Ready(answered) => Poll::Ready(Some(answered)),
            Poll::Pending => match if exchange.has_begun() { end } else { begin_end } {
                Some(end) => timer.poll_until(end, cx).map(|()| None),
                None => Poll::Pending,
            },
        });
        match answered.await {
            Some(Ok(response)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                Err(Miss::Failed(AttemptError::Protocol("101 although nobody asked for an upgrade")))
            }
            Some(Ok(response)) if response.headers().len() > FIELDS => {
                Err(Miss::Failed(AttemptError::Protocol("its head is too large")))
            }
            Some(Ok(response)) => Ok(response.map(IncomingBody::Many)),
            Some(Err(error)) => {
                let miss = self.why_http2(lease, connection, &exchange, &error);
                if matches!(miss, Miss::Refused | Miss::Unsent) {
                    *request = copy;
                }
                Err(miss)
            }
            None if !exchange.has_begun() => {
                *request = copy;
                Err(Miss::NotBegun)
            }
            None => {
                // The next request would hit the same silence.
                lease.retire();
                Err(Miss::Failed(AttemptError::Timeout(which)))
            }
        }
    }

    /// Why a request on an HTTP/2 connection got no answer.
    fn why_http2(
        &self,
        lease: &Lease<UpstreamConn>,
        connection: &http2::Http2Connection,
        exchange: &http2::Http2Exchange,
        error: &h2::Error,
    ) -> Miss {
        let failure = connection.failure();
        let unacknowledged = failure.as_ref().is_some_and(|failure| is_dead(failure.kind));
        if unacknowledged || connection.is_silent() {
            lease.link().is_dead();
            let (after, is_last) = (self.now.elapsed(), exchange.is_last());
            let undelivered =
                unacknowledged && exchange.is_unheard() && self.up.sockets().is_undelivered(after, is_last);
            return match undelivered || exchange.is_unnoticed() {
                true => Miss::Undelivered,
                false => Miss::Failed(self.closed(true)),
            };
        }
        match refusal(error) {
            Some(Refusal::Connection) => {
                lease.retire();
                return Miss::Refused;
            }
            Some(Refusal::Stream) => return Miss::Refused,
            None => {}
        }
        if let Some(tls) = failure.and_then(|failure| failure.tls) {
            return Miss::Failed(AttemptError::Tls(tls));
        }
        match error {
            _ if !exchange.has_begun() => Miss::Unsent,
            error if error.is_io() => Miss::Cut,
            error if error.reason().is_some() && error.is_library() => {
                Miss::Failed(AttemptError::Protocol("its HTTP/2 is not valid"))
            }
            _ => Miss::Failed(self.closed(true)),
        }
    }

    /// Names the upstream in the request as HTTP/2 wants it, which nobody else can, says how long its body is, and asks for
    /// an answer that is not compressed.
    fn address(&self, mut request: Request<Bytes>) -> Option<Request<Bytes>> {
        let (scheme, authority) = self.up.scheme_and_authority();
        let mut parts = Parts::default();
        parts.path_and_query = request.uri().path_and_query().cloned();
        parts.scheme = Some(scheme);
        parts.authority = Some(authority);
        *request.uri_mut() = Uri::from_parts(parts).ok()?;
        *request.version_mut() = Version::HTTP_2;
        let length = request.body().len();
        let headers = request.headers_mut();
        // Of these HTTP/2 has none (RFC 9113 section 8.2.2).
        for name in [HOST, CONNECTION, TE, TRANSFER_ENCODING, UPGRADE] {
            headers.remove(name);
        }
        headers.insert(ACCEPT_ENCODING, coding::asked_for());
        if length > 0 {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        Some(request)
    }
}

/// How an upstream said that it has not processed a request (RFC 9113 section 8.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It refused this one.
    Stream,
    /// It leaves, and this one came after the last that it deals with, whatever the reason that it gives.
    Connection,
}

fn refusal(error: &h2::Error) -> Option<Refusal> {
    if !error.is_remote() {
        return None;
    }
    if error.is_go_away() {
        return Some(Refusal::Connection);
    }
    (error.reason() == Some(h2::Reason::REFUSED_STREAM)).then_some(Refusal::Stream)
}

/// What an upstream had against the handshake, said on a connection on which nothing was answered yet.
fn refused_by_tls(fresh: bool, why: Option<&io::Error>) -> Option<AttemptError> {
    TlsFailure::after_handshake(why.filter(|_| fresh)?).map(AttemptError::Tls)
}
