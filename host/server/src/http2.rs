//! HTTP/2 as a server speaks it: hyper's connection, with what it leaves to us around it, and a task for each request.

mod body;
mod frame_watch;
mod progress;
mod socket;
mod tasks;
mod traffic;
mod untaken;

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::BytesMut;
use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use weir_http::ExtraHeaders;
use weir_http::frames::FloodGuard;
use weir_http::head;
use weir_net::Transport;

use super::drain::Drain;
use super::handler::Handler;
use super::limits::ServerLimits;
use super::opening::ConnDeadlines;
use super::request::IncomingRequest;
use super::request_body::RequestBody;
use super::response::OutgoingResponse;
use super::shared::ConnShared;
use body::Http2ResponseBody;
use frame_watch::{FrameWatch, OpenStream};
use socket::Socket;
use tasks::Tasks;
use traffic::{Delivery, Traffic};

/// Bytes of a stream that wait for the client at most, before its upstream has to.
const SEND_BUFFER: usize = 64 << 10;

/// Longer than any connection lasts.
const FOR_EVER: Duration = Duration::from_hours(24 * 365);

/// Serves a connection, of which this came first.
pub(super) async fn serve<H: Handler>(
    handler: H,
    shared: &ConnShared,
    begun: (Transport, BytesMut),
    limits: &ServerLimits,
    drain: Drain,
) {
    let (traffic, frames) = (Rc::new(Traffic::default()), FrameWatch::new(limits.h2_control_frames));
    let guard = frames.guard();
    let mut socket = Socket::new(begun, Rc::clone(&traffic), ConnDeadlines::of(limits), frames);
    let ended = serve_streams(handler, &mut socket, (Rc::clone(&traffic), guard), limits, drain).await;
    if socket.is_flooded() || ended.is_err_and(|why| is_for_calm(&why)) {
        let counters = &shared.counters;
        let ended = if traffic.has_turned_away() { &counters.untaken } else { &counters.flooded };
        ended.fetch_add(1, Ordering::Relaxed);
    }
    socket.close().await;
}

async fn serve_streams<H: Handler>(
    handler: H,
    socket: &mut Socket,
    (traffic, guard): (Rc<Traffic>, Rc<RefCell<FloodGuard>>),
    limits: &ServerLimits,
    mut drain: Drain,
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
        // hyper counts from when it asks, whatever the client has to take before the question: the socket knows better.
        .keep_alive_timeout(FOR_EVER);
    let service = service(handler, Rc::clone(&traffic), guard);
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

type Answering = Pin<Box<dyn Future<Output = (Response<Http2ResponseBody>, bool)>>>;

fn service<H: Handler>(
    handler: H,
    traffic: Rc<Traffic>,
    guard: Rc<RefCell<FloodGuard>>,
) -> impl Service<Request<Incoming>, Response = Response<Http2ResponseBody>, Error = Infallible, Future: 'static> {
    service_fn(move |request| {
        let delivery = traffic.begin();
        let answering = answer(handler.clone(), request, Rc::clone(&delivery), OpenStream::new(&guard));
        async move {
            // It is large, and let go of before anything is waited for.
            let (response, is_from_model) = answering.await;
            if !is_from_model {
                delivery.room_for_own().await;
            }
            Ok(response)
        }
    })
}

/// Has a request answered; the answer, and whether it is a model's.
fn answer<H: Handler>(handler: H, request: Request<Incoming>, delivery: Rc<Delivery>, begun: OpenStream) -> Answering {
    Box::pin(async move {
        let held = handler.hold();
        let (mut parts, body) = request.into_parts();
        let bodiless = parts.method == Method::HEAD;
        let valid = head::check(&parts, &handler.limits(&held).head);
        let request = IncomingRequest { parts: &mut parts, body: RequestBody::Http2(body), valid };
        let mut answer = handler.handle(held, request).await;
        if bodiless {
            answer.body = answer.body.without_bytes(&mut answer.headers);
        }
        let is_from_model = answer.is_from_model;
        (response(answer, delivery, begun), is_from_model)
    })
}

fn response<X: ExtraHeaders>(
    answer: OutgoingResponse<X>,
    delivery: Rc<Delivery>,
    begun: OpenStream,
) -> Response<Http2ResponseBody> {
    let mut response = Response::new(Http2ResponseBody::new(answer.body, delivery, begun));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    if let Some(extra) = &answer.extra {
        extra.add_to(response.headers_mut());
    }
    response
}
