//! From a name to a connection that speaks HTTP: addresses, TCP, TLS, protocol.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use weir_net::Transport;

use super::name::{Address, Reach, ResolvedHost};
use super::path::Path;
use super::race::{NEXT_AFTER, Trying, Unreached, dial};
use super::tls::{TlsFailure, TlsKind};
use crate::error::{AttemptError, Which};
use crate::http1::{self, Common};
use crate::http2;
use crate::pool::{ProtocolConn, UpstreamConn};
use crate::upstream::{Speak, Upstream};

/// Opens one connection to `up` within its `connect_timeout`. An HTTP/2 connection comes with work of its own, to be
/// spawned. Must run where tasks can be spawned on this thread.
pub(crate) async fn connect(
    up: &Upstream,
    common: &Rc<Common>,
) -> Result<(UpstreamConn, Option<http2::Driver>), AttemptError> {
    let end = Instant::now().checked_add(up.settings().connect_timeout).unwrap_or_else(Instant::now);
    let (address, tcp) = reach(up, end).await?;
    match converse(up, tcp, end, common).await {
        Ok((wire, driver)) => {
            let path = Path::new(Arc::clone(up.name_looked_up()), address, up.settings().max_connection_age);
            Ok((UpstreamConn::new(wire, path), driver))
        }
        Err(error) => {
            if error == AttemptError::Timeout(Which::Connect) {
                up.name_looked_up().note(&address, Reach::Dead, "it does not go on with the handshake");
            }
            Err(error)
        }
    }
}

/// TCP to one of the name's addresses, those first that are known to be good.
async fn reach(up: &Upstream, end: Instant) -> Result<(Arc<Address>, TcpStream), AttemptError> {
    let (name, sockets) = (up.name_looked_up(), up.sockets());
    let order = name.order(end).await;
    let addresses: Vec<SocketAddr> = order.iter().map(|address| address.at).collect();
    let failed = |index: usize, why: io::ErrorKind| {
        if let Some(address) = order.get(index) {
            name.note(address, Reach::Dead, &why.to_string());
        }
    };
    let (index, tcp, trying) =
        dial(&addresses, end, |address| sockets.open(address), failed).await.map_err(|why| match why {
            Unreached::Nowhere => AttemptError::Unresolved,
            Unreached::Failed(kind) => AttemptError::Connect(kind),
            Unreached::TimedOut => AttemptError::Timeout(Which::Connect),
        })?;
    let address = order.get(index).cloned().ok_or(AttemptError::Unresolved)?;
    name.note(&address, Reach::Good, "");
    for Trying { index, since, opening } in trying {
        if let Some(address) = order.get(index) {
            name.overtaken(address);
            learn(name, address, since, end, opening);
        }
    }
    if let Some(address) = name.to_probe() {
        let (now, opening) = (Instant::now(), sockets.open(address.at));
        let end = now.checked_add(up.settings().connect_timeout).unwrap_or(now);
        learn(name, &address, now, end, opening);
    }
    Ok((address, tcp))
}

/// Waits, beside the request, for what becomes of a connection that is not needed: it tells how its address is.
fn learn(
    name: &Arc<ResolvedHost>,
    address: &Arc<Address>,
    since: Instant,
    end: Instant,
    opening: impl Future<Output = io::Result<TcpStream>> + 'static,
) {
    let (name, address) = (Arc::clone(name), Arc::clone(address));
    tokio::task::spawn_local(async move {
        match timeout_at(end, opening).await {
            Ok(Ok(_)) if since.elapsed() <= NEXT_AFTER => name.note(&address, Reach::Good, ""),
            Ok(Ok(_)) => name.note(&address, Reach::Slow, ""),
            Ok(Err(error)) => name.note(&address, Reach::Dead, &error.kind().to_string()),
            Err(_) => name.note(&address, Reach::Dead, &io::ErrorKind::TimedOut.to_string()),
        }
    });
}

/// TLS, if it is wanted, and the protocol that is agreed.
async fn converse(
    up: &Upstream,
    tcp: TcpStream,
    end: Instant,
    common: &Rc<Common>,
) -> Result<(ProtocolConn, Option<http2::Driver>), AttemptError> {
    let Some((connector, server)) = up.tls() else {
        return speak(up, Transport::Plain(tcp), up.speaks() == Speak::Http2, end, common).await;
    };
    let tls = match timeout_at(end, connector.connect(server.clone(), tcp)).await {
        Ok(Ok(tls)) => tls,
        Ok(Err(error)) => return Err(AttemptError::Tls(TlsFailure::of(&error))),
        Err(_) => return Err(AttemptError::Timeout(Which::Connect)),
    };
    let chosen = match tls.get_ref().1.alpn_protocol() {
        Some(b"h2") => true,
        _ if up.speaks() == Speak::Http2 => {
            let words = "the upstream does not offer HTTP/2 (ALPN h2)";
            return Err(AttemptError::Tls(TlsFailure::new(TlsKind::Protocol, words)));
        }
        _ => false,
    };
    speak(up, Transport::Tls(Box::new(tls.into())), chosen, end, common).await
}

async fn speak(
    up: &Upstream,
    stream: Transport,
    http2: bool,
    end: Instant,
    common: &Rc<Common>,
) -> Result<(ProtocolConn, Option<http2::Driver>), AttemptError> {
    if !http2 {
        return Ok((ProtocolConn::One(http1::Http1Connection::new(stream, common.clone())), None));
    }
    let (connection, driver) = http2::open(stream, up.pings(), end).await?;
    Ok((ProtocolConn::Many(connection), Some(driver)))
}
