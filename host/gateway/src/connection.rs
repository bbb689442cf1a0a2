//! One client connection: which HTTP it speaks, and serving it until it ends or the gateway drains.

use crate::alarm::LazyTimer;
use crate::answer::OutgoingResponse;
use crate::cors;
use crate::frame_watch::{FrameWatch, OpenStream};
use crate::http1::{self, READ};
use crate::http2::{Http2ResponseBody, Tasks};
use crate::journey::{IncomingRequest, journey};
use crate::opening::{ConnDeadlines, ConnOpening, head_limits};
use crate::read::InBody;
use crate::socket::Socket;
use crate::traffic::{Delivery, Traffic};
use crate::worker::Worker;
use bytes::BytesMut;
use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;
use weir_config::Limits;
use weir_http::frames::FloodGuard;
use weir_http::head;
use weir_sandbox::LazyHeaders as _;

/// Bytes of a stream that wait for the client at most, before its upstream has to.
const SEND_BUFFER: usize = 64 << 10;

/// Serves a connection. Ends when the client closes it, breaks the law or a deadline, or the drain is over.
pub(crate) async fn serve(worker: Rc<Worker>, mut stream: TcpStream) {
    let limits = worker.held().snapshot.config.limits.clone();
    let _ = stream.set_nodelay(true);
    let Some(opening) = open(&worker, &mut stream, limits.head_timeout).await else { return };
    let deadlines =
        ConnDeadlines { head: limits.head_timeout, idle: limits.keep_alive_timeout, write: limits.write_timeout };
    if opening.is_http2 {
        serve_http2(worker, (stream, opening.got), deadlines, &limits).await
    } else {
        http1::serve(worker, stream, opening, deadlines).await
    }
}

/// Reads the first bytes; nothing if the connection does not begin in time, or not before the drain.
async fn open(worker: &Worker, stream: &mut TcpStream, timeout: Duration) -> Option<ConnOpening> {
    let mut drain = worker.drain();
    let mut draining = pin!(drain.begun());
    let mut has_begun = false;
    let mut opening = ConnOpening::default();
    let (mut waiting_since, mut late) = (None, LazyTimer::default());
    poll_fn(|cx| {
        while let Poll::Ready(read) = worker.clients.poll_read(stream, READ, cx) {
            let read = read.ok().filter(|read| !read.is_empty());
            let Some(read) = read else { return Poll::Ready(false) };
            if opening.take(read) {
                return Poll::Ready(true);
            }
        }
        let since = opening.since.unwrap_or_else(|| *waiting_since.get_or_insert_with(Instant::now));
        if late.poll(since + timeout, cx) {
            return Poll::Ready(false);
        }
        has_begun = has_begun || draining.as_mut().poll(cx).is_ready();
        // Who has asked is answered. The event loop may not know yet, so the socket itself is asked.
        let asks = || !opening.got.is_empty() || http1::has_been_asked(stream);
        if has_begun && !asks() { Poll::Ready(false) } else { Poll::Pending }
    })
    .await
    .then_some(opening)
}

async fn serve_http2(worker: Rc<Worker>, begun: (TcpStream, BytesMut), deadlines: ConnDeadlines, limits: &Limits) {
    let (traffic, frames) = (Rc::new(Traffic::default()), FrameWatch::new(limits.h2_control_frames));
    let guard = frames.guard();
    let mut socket = Socket::new(begun, Rc::clone(&traffic), deadlines, frames);
    let ended = serve_streams(Rc::clone(&worker), &mut socket, (Rc::clone(&traffic), guard), limits).await;
    if socket.is_flooded() || ended.is_err_and(|why| is_for_calm(&why)) {
        let stats = &worker.shared.stats;
        let ended = if traffic.has_turned_away() { &stats.untaken } else { &stats.flooded };
        ended.fetch_add(1, Ordering::Relaxed);
    }
    socket.close().await;
}

async fn serve_streams(
    worker: Rc<Worker>,
    socket: &mut Socket,
    (traffic, guard): (Rc<Traffic>, Rc<RefCell<FloodGuard>>),
    limits: &Limits,
) -> hyper::Result<()> {
    let io = TokioIo::new(socket);
    let mut builder = http2::Builder::new(Tasks(Rc::clone(&traffic)));
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_streams)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(32 << 10))
        .max_send_buf_size(SEND_BUFFER)
        // One account for everything that brings no request, and one limit: the guard's.
        .max_pending_accept_reset_streams(usize::try_from(limits.h2_control_frames).unwrap_or(usize::MAX))
        .keep_alive_interval(limits.keep_alive_timeout / 2)
        .keep_alive_timeout(limits.head_timeout);
    let mut drain = worker.drain();
    let service = service(worker, Rc::clone(&traffic), guard);
    let mut connection = pin!(builder.serve_connection(io, service));
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => Some(ended),
        () = drain.begun() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            traffic.wake_all();
            connection.await
        }
    };
    ended.inspect_err(|why| tracing::trace!(%why, "connection ended"))
}

/// Whether h2 ended a connection for what the client sent: some of what brings no request it bounds itself.
fn is_for_calm(why: &hyper::Error) -> bool {
    let h2 = std::error::Error::source(why).and_then(|cause| cause.downcast_ref::<h2::Error>());
    h2.is_some_and(|h2| h2.is_library() && h2.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM))
}

type Journey = Pin<Box<dyn Future<Output = (Response<Http2ResponseBody>, bool)>>>;

fn service(
    worker: Rc<Worker>,
    traffic: Rc<Traffic>,
    guard: Rc<RefCell<FloodGuard>>,
) -> impl Service<Request<Incoming>, Response = Response<Http2ResponseBody>, Error = Infallible, Future: 'static> {
    service_fn(move |request| {
        let delivery = traffic.begin();
        let journey = lead(Rc::clone(&worker), request, Rc::clone(&delivery), OpenStream::new(&guard));
        async move {
            // It is large, and let go of before anything is waited for.
            let (response, is_models) = journey.await;
            if !is_models {
                delivery.room_for_own().await;
            }
            Ok(response)
        }
    })
}

/// Leads a request through its journey; the answer, and whether it is a model's.
fn lead(worker: Rc<Worker>, request: Request<Incoming>, delivery: Rc<Delivery>, begun: OpenStream) -> Journey {
    Box::pin(async move {
        let held = worker.held();
        let (mut parts, body) = request.into_parts();
        let reader = cors::reader(&held.snapshot.config.cors, &parts.headers);
        let bodiless = parts.method == Method::HEAD;
        let lawful = head::check(&parts, &head_limits(&held.snapshot.config));
        let asked = IncomingRequest { parts: &mut parts, body: InBody::Many(body), lawful };
        let mut answer = journey(&worker, held, asked).await;
        reader.into_iter().for_each(|reader| cors::add(&mut answer.headers, reader));
        if bodiless {
            answer.body = answer.body.without_bytes(&mut answer.headers);
        }
        let is_models = answer.is_models;
        (response(answer, delivery, begun), is_models)
    })
}

fn response(answer: OutgoingResponse, delivery: Rc<Delivery>, begun: OpenStream) -> Response<Http2ResponseBody> {
    let mut response = Response::new(Http2ResponseBody::new(answer.body, delivery, begun));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    if let Some(own) = &answer.own {
        own.add_to(response.headers_mut());
    }
    response
}
