//! An HTTP/2 upstream.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use bytes::Bytes;
use h2::server::{Builder, Connection, SendResponse};
use http::{Request, Response};
use std::future::Future;
use tokio::net::TcpStream;
use weir_config::{Http2, ProviderConfig};

use super::{at, raw};

pub type Asked = (Request<h2::RecvStream>, SendResponse<Bytes>);

pub fn speaks_h2(address: std::net::SocketAddr) -> ProviderConfig {
    let mut provider = at(address);
    provider.http2 = Http2::Always;
    provider
}

/// An HTTP/2 upstream that gives each request, with its connection's number, to `answer`.
pub async fn h2<F, S>(streams: u32, answer: S) -> std::net::SocketAddr
where
    S: Fn(usize, Asked) -> F + Clone + 'static,
    F: Future<Output = ()> + 'static,
{
    raw(move |number, peer| {
        let answer = answer.clone();
        async move {
            let mut connection = handshake(peer.stream, streams).await;
            while let Some(Ok(asked)) = connection.accept().await {
                tokio::task::spawn_local(answer(number, asked));
            }
        }
    })
    .await
}

pub async fn handshake(stream: TcpStream, streams: u32) -> Connection<TcpStream, Bytes> {
    Builder::new().max_concurrent_streams(streams).handshake(stream).await.unwrap()
}

pub fn ok() -> Response<()> {
    Response::new(())
}

pub async fn echo(number: usize, (request, mut respond): Asked) {
    let mut body = request.into_body();
    let mut text = format!("{number}:");
    while let Some(Ok(data)) = body.data().await {
        text.push_str(std::str::from_utf8(&data).unwrap());
    }
    if let Ok(mut stream) = respond.send_response(ok(), false) {
        let _ = stream.send_data(text.into(), true);
    }
}
