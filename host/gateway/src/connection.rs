//! One client connection: which HTTP it speaks, and serving it until it ends or the gateway drains.

use crate::answer::Answer;
use crate::http1;
use crate::http2::{Outgoing, Tasks};
use crate::journey::{Asked, journey};
use crate::read::InBody;
use crate::socket::Socket;
use crate::traffic::{Delivery, Traffic};
use crate::worker::Worker;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;
use weir_config::Limits;
use weir_http::head::{self, HeadLimits};
use weir_sandbox::Late as _;

/// The deadlines of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadlines {
    /// For the rest of a head that has begun.
    pub(crate) head: Duration,
    /// For the first byte of the next one.
    pub(crate) idle: Duration,
    /// For a client to take some of an answer.
    pub(crate) write: Duration,
}

/// How an HTTP/2 connection begins (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes of a stream that wait for the client at most, before its upstream has to.
const SEND_BUFFER: usize = 64 << 10;

/// Serves a connection. Ends when the client closes it, breaks the law or a deadline, or the drain is over.
pub(crate) async fn serve(worker: Rc<Worker>, stream: TcpStream) {
    let limits = worker.held().snapshot.config.limits.clone();
    let _ = stream.set_nodelay(true);
    let Some(multiplexed) = begins(&worker, &stream, limits.head_timeout).await else { return };
    let deadlines =
        Deadlines { head: limits.head_timeout, idle: limits.keep_alive_timeout, write: limits.write_timeout };
    if multiplexed {
        serve_http2(worker, stream, deadlines, &limits).await
    } else {
        http1::serve(worker, stream, deadlines).await
    }
}

/// Whether the connection begins as HTTP/2; nothing if it does not begin in time, or not before the drain.
async fn begins(worker: &Worker, stream: &TcpStream, timeout: Duration) -> Option<bool> {
    let mut drain = worker.drain();
    let mut first = pin!(tokio::time::timeout(timeout, is_http2(stream)));
    let answer = tokio::select! {
        biased;
        answer = first.as_mut() => answer,
        // Who has asked is answered. The event loop may not know yet, so the socket itself is asked.
        () = drain.begun() => match socket2::SockRef::from(stream).peek(&mut [std::mem::MaybeUninit::uninit()]) {
            Ok(1..) => first.await,
            Ok(0) | Err(_) => return None,
        },
    };
    answer.ok()?.ok()
}

/// Looks at the first bytes without taking them: once for each connection, nothing for each request.
async fn is_http2(stream: &TcpStream) -> std::io::Result<bool> {
    let mut start = [0; PREFACE.len()];
    let mut seen = 0;
    loop {
        let n = stream.peek(&mut start).await?;
        let bytes = start.get(..n).unwrap_or_default();
        if n == 0 || !PREFACE.starts_with(bytes) {
            return Ok(false);
        }
        if n == PREFACE.len() {
            return Ok(true);
        }
        // A peek answers at once while old bytes lie there; look again only when more may have come.
        if n == seen {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        seen = n;
    }
}

async fn serve_http2(worker: Rc<Worker>, stream: TcpStream, deadlines: Deadlines, limits: &Limits) {
    let traffic = Rc::new(Traffic::default());
    let io = TokioIo::new(Socket::new(stream, Rc::clone(&traffic), deadlines));
    let mut builder = http2::Builder::new(Tasks(Rc::clone(&traffic)));
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_streams)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(32 << 10))
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(limits.keep_alive_timeout / 2)
        .keep_alive_timeout(limits.head_timeout);
    let mut drain = worker.drain();
    let service = service(worker, Rc::clone(&traffic));
    let mut connection = pin!(builder.serve_connection(io, service_fn(service)));
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
    if let Err(why) = ended {
        tracing::trace!(%why, "connection ended");
    }
}

type Answering = std::pin::Pin<Box<dyn Future<Output = Result<Response<Outgoing>, Infallible>>>>;

fn service(worker: Rc<Worker>, traffic: Rc<Traffic>) -> impl Fn(Request<Incoming>) -> Answering {
    move |request| {
        let worker = Rc::clone(&worker);
        let delivery = traffic.begin();
        Box::pin(async move {
            let held = worker.held();
            let (mut parts, body) = request.into_parts();
            let limits = &held.snapshot.config.limits;
            let lawful = head::check(&parts, &HeadLimits { bytes: limits.head_bytes, headers: limits.headers });
            let asked = Asked { parts: &mut parts, body: InBody::Many(body), lawful };
            Ok(response(journey(&worker, held, asked).await, delivery))
        })
    }
}

fn response(answer: Answer, delivery: Rc<Delivery>) -> Response<Outgoing> {
    let mut response = Response::new(Outgoing::new(answer.body, delivery));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    if let Some(own) = &answer.own {
        own.add_to(response.headers_mut());
    }
    response
}
