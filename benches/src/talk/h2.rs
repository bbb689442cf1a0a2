//! The same over HTTP/2 by prior knowledge: a connection for the one request, which ends with it.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::TokioIo;

use super::heard::TalkEnd;
use super::request::{Manner, Talk};
use super::watch::AnswerWatch;
use crate::local::LocalExecutor;

/// Needs a `LocalRuntime`, for hyper spawns tasks.
pub(super) async fn exchange(talk: Talk<'_>, watch: &mut AnswerWatch) -> TalkEnd {
    let Ok(socket) = talk.connect().await else { return TalkEnd::Silent };
    let Ok((mut sender, connection)) = http2::handshake(LocalExecutor, TokioIo::new(socket)).await else {
        return TalkEnd::Silent;
    };
    // Dropped with this future: the connection is closed then, whatever is on its way.
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn_local(connection);
    let Ok(response) = sender.send_request(request(talk)).await else { return TalkEnd::Silent };
    let upstream = response.headers().get("x-weir-upstream");
    let upstream = upstream.and_then(|value| Some(value.to_str().ok()?.to_owned()));
    watch.begin(response.status().as_u16(), upstream);
    read(talk, response.into_body(), watch).await
}

async fn read(talk: Talk<'_>, mut body: Incoming, watch: &mut AnswerWatch) -> TalkEnd {
    loop {
        match talk.manner {
            Manner::Slow { pause, .. } => tokio::time::sleep(pause).await,
            Manner::LeavesAt(most) if watch.taken >= most => return TalkEnd::Left,
            Manner::LeavesFull => {
                // Nothing is read, so no more than a window can be sent.
                tokio::time::sleep(Duration::from_millis(300)).await;
                return TalkEnd::Left;
            }
            _ => {}
        }
        match body.frame().await {
            None => return watch.whole(),
            Some(Err(_)) => return TalkEnd::Cut,
            Some(Ok(frame)) => watch.take_data(frame.data_ref().map_or(&[], |data| data)),
        }
    }
}

fn request(talk: Talk<'_>) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(Bytes::copy_from_slice(talk.body)));
    *request.method_mut() = Method::POST;
    // An address is a valid authority, and so is the whole.
    *request.uri_mut() = format!("http://{}/v1/chat/completions", talk.to).parse().unwrap_or_default();
    let headers = request.headers_mut();
    for (name, value) in talk.fields() {
        if let (Ok(name), Ok(value)) = (header::HeaderName::try_from(name), header::HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    request
}
