//! The bodies of answers as hyper's HTTP/2 server takes them, piece by piece.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};

use super::frame_watch::OpenStream;
use super::traffic::Delivery;
use crate::response_body::{Aborted, BodyEnd, BodyStep, ResponseBody, Settle, StreamBody};

/// A body up to so many bytes is let go of at once: it ends with its bytes. The end of a longer one waits until all of it
/// was taken, so that a client that does not take it loses this answer and not the connection.
const SHORT: usize = 16 * 1024;

/// The body of an answer.
pub(crate) struct Http2ResponseBody {
    rest: Rest,
    delivery: Rc<Delivery>,
    /// Until the body is asked for: then the head has gone to a stream that the client had not taken back.
    begun: Option<OpenStream>,
}

/// What is still to be given of it.
enum Rest {
    Whole(Bytes, Box<dyn Settle>),
    Stream(StreamBody),
    /// Its end, once everything was taken.
    End(BodyEnd),
    Nothing,
}

impl Http2ResponseBody {
    pub(crate) fn new(body: ResponseBody, delivery: Rc<Delivery>, begun: OpenStream) -> Self {
        let rest = match body {
            ResponseBody::Whole(bytes, settle) => Rest::Whole(bytes, settle),
            ResponseBody::Stream(stream) => Rest::Stream(stream),
        };
        Self { rest, delivery, begun: Some(begun) }
    }

    fn hand_over(&self, bytes: Bytes, now: Instant) -> Poll<Option<Result<Frame<SentBytes>, Aborted>>> {
        self.delivery.hand_over(bytes.len(), now);
        let delivery = Rc::clone(&self.delivery);
        Poll::Ready(Some(Ok(Frame::data(SentBytes { bytes, delivery }))))
    }
}

impl Body for Http2ResponseBody {
    type Data = SentBytes;
    type Error = Aborted;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<SentBytes>, Aborted>>> {
        let this = self.get_mut();
        if let Some(begun) = this.begun.take() {
            begun.answered();
        }
        loop {
            match std::mem::replace(&mut this.rest, Rest::Nothing) {
                Rest::Whole(bytes, mut settle) if (1..=SHORT).contains(&bytes.len()) => {
                    let now = Instant::now();
                    settle.awaits_client(now);
                    let given = this.hand_over(bytes, now);
                    this.delivery.settle(settle);
                    return given;
                }
                Rest::Whole(bytes, mut settle) => {
                    let now = Instant::now();
                    settle.awaits_client(now);
                    this.rest = Rest::End(BodyEnd { clean: Ok(()), settle });
                    if !bytes.is_empty() {
                        return this.hand_over(bytes, now);
                    }
                }
                Rest::Stream(mut stream) => {
                    stream.client().end();
                    match stream.poll_next(cx) {
                        Poll::Ready(BodyStep::Bytes(bytes) | BodyStep::AllForNow(bytes)) => {
                            let now = Instant::now();
                            stream.client().begin(now);
                            this.rest = Rest::Stream(stream);
                            return this.hand_over(bytes, now);
                        }
                        Poll::Ready(BodyStep::End(mut end)) => {
                            end.settle.awaits_client(Instant::now());
                            this.rest = Rest::End(end);
                        }
                        Poll::Pending => {
                            this.rest = Rest::Stream(stream);
                            return Poll::Pending;
                        }
                    }
                }
                Rest::End(end) if !this.delivery.is_all_taken() => {
                    // The delivery wakes its task.
                    this.rest = Rest::End(end);
                    return Poll::Pending;
                }
                Rest::End(BodyEnd { clean, settle }) => {
                    this.delivery.settle(settle);
                    return Poll::Ready(clean.err().map(Err));
                }
                Rest::Nothing => return Poll::Ready(None),
            }
        }
    }

    /// Whether nothing is left, so that the last piece ends the stream. An answer without a body has its end, too: only
    /// then hyper asks for it, and it is known to have gone out.
    fn is_end_stream(&self) -> bool {
        matches!(self.rest, Rest::Nothing)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.rest {
            Rest::Whole(bytes, _) if !bytes.is_empty() => SizeHint::with_exact(bytes.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

/// Bytes on their way to a client, which tell their delivery what becomes of them.
pub(crate) struct SentBytes {
    bytes: Bytes,
    delivery: Rc<Delivery>,
}

impl Buf for SentBytes {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.delivery.took(count);
    }
}

impl Drop for SentBytes {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.delivery.lost(self.bytes.len());
        }
    }
}
