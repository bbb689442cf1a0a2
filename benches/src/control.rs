//! Single questions beside the measurement: the mock's journal and shape, a gateway's readiness.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

/// The most that is read of an answer: a journal is the largest.
const MOST: u64 = 64 << 20;

/// Asks on a connection of its own; the status and the body of the answer.
///
/// # Errors
/// Nobody answers there, or not in HTTP.
pub(crate) fn ask(url: &str, method: &str, path: &str) -> Result<(u16, Vec<u8>)> {
    let address = loopback(url)?;
    exchange(address, method, path).with_context(|| format!("{url} does not answer to {method} {path}"))
}

fn exchange(address: SocketAddr, method: &str, path: &str) -> Result<(u16, Vec<u8>)> {
    let patience = Duration::from_secs(5);
    let mut socket = TcpStream::connect_timeout(&address, patience)?;
    socket.set_read_timeout(Some(patience))?;
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    socket.take(MOST).read_to_end(&mut answer)?;
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut fields);
    let length = match head.parse(&answer)? {
        httparse::Status::Complete(length) => length,
        httparse::Status::Partial => anyhow::bail!("the answer breaks off"),
    };
    let status = head.code.context("the answer has no status")?;
    Ok((status, answer.split_off(length)))
}

/// The address behind `http://`, which has to be on the loopback interface.
///
/// # Errors
/// It is not, or the URL is more than an address.
pub(crate) fn loopback(url: &str) -> Result<SocketAddr> {
    let authority = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    let address: SocketAddr = authority
        .and_then(|authority| authority.parse().ok())
        .with_context(|| format!("`{url}` cannot be asked: write http://127.0.0.1:PORT, with no path"))?;
    ensure!(address.ip().is_loopback(), "`{url}` is not on the loopback interface, and everything stays there");
    Ok(address)
}
