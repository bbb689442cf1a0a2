//! From addresses to a connection that speaks HTTP: TCP, TLS, protocol.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout_at};

use crate::error::{AttemptError, Which};
use crate::http1::{self, Common};
use crate::http2;
use crate::link::Link;
use crate::transport::Stream;
use crate::upstream::{Speak, Upstream};

/// Opens one connection to `up` within its `connect_timeout`; its addresses are tried in turn. `streams` is how many
/// requests at once its HTTP/2 connections were found to carry. An HTTP/2 connection comes with work of its own, to be
/// spawned.
pub(crate) async fn connect(
    up: &Upstream,
    streams: Option<usize>,
    common: &Rc<Common>,
) -> Result<(Link, Option<http2::Driver>), AttemptError> {
    let end = Instant::now().checked_add(up.settings().connect_timeout).unwrap_or_else(Instant::now);
    let tcp = dial(&up.addresses(), end).await?;
    let Some((connector, name)) = up.tls() else {
        return speak(Stream::Plain(tcp), up.speaks() == Speak::Http2, streams, common).await;
    };
    let tls = match timeout_at(end, connector.connect(name.clone(), tcp)).await {
        Ok(Ok(tls)) => tls,
        Ok(Err(error)) => return Err(AttemptError::Tls(reason(&error))),
        Err(_) => return Err(AttemptError::Timeout(Which::Connect)),
    };
    let chosen = match tls.get_ref().1.alpn_protocol() {
        Some(b"h2") => true,
        _ if up.speaks() == Speak::Http2 => {
            return Err(AttemptError::Tls("the upstream does not offer HTTP/2 (ALPN h2)".into()));
        }
        _ => false,
    };
    speak(Stream::Tls(Box::new(tls)), chosen, streams, common).await
}

async fn speak(
    stream: Stream,
    http2: bool,
    streams: Option<usize>,
    common: &Rc<Common>,
) -> Result<(Link, Option<http2::Driver>), AttemptError> {
    if !http2 {
        return Ok((Link::One(http1::Connection::new(stream, common.clone())), None));
    }
    match http2::open(stream, streams).await {
        Ok((connection, driver)) => Ok((Link::Many(connection), Some(driver))),
        Err(_) => Err(AttemptError::ClosedBeforeHead { sent: false, idempotent: false, stale: false }),
    }
}

/// Tries each address with an equal share of the time that is left, so that one black hole cannot eat it all.
pub(crate) async fn dial(addresses: &[SocketAddr], end: Instant) -> Result<TcpStream, AttemptError> {
    if addresses.is_empty() {
        return Err(AttemptError::Unresolved);
    }
    let mut last = AttemptError::Timeout(Which::Connect);
    for (tried, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let left = end.saturating_duration_since(now);
        let share = left.checked_div(u32::try_from(addresses.len().saturating_sub(tried)).unwrap_or(u32::MAX));
        let until = share.and_then(|share| now.checked_add(share)).unwrap_or(end);
        match timeout_at(until, open(*address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => {
                tracing::debug!(%address, %error, "an upstream address does not accept connections");
                last = AttemptError::Connect(error.kind());
            }
            Err(_) => last = AttemptError::Timeout(Which::Connect),
        }
    }
    Err(last)
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_nodelay(true)?;
    socket.connect(address).await
}

/// TLS failures as rustls words them: they name certificates and protocols, never keys.
pub(crate) fn reason(error: &io::Error) -> Box<str> {
    match error.get_ref() {
        Some(inner) => inner.to_string().into_boxed_str(),
        None => error.kind().to_string().into_boxed_str(),
    }
}

#[cfg(test)]
mod tests;
