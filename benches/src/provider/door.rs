//! A listener that can stop listening without closing: its queue is filled, and the system drops every further SYN.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};
use tokio::net::TcpListener;

/// With a queue of none the system holds one connection, and drops who comes then (listen(2), Linux).
const SHUT: i32 = 0;
const OPEN: i32 = 1_024;
/// How often a connection is tried until one is not answered: the queue is full then.
const TRIES: u32 = 64;
/// How long a connection on loopback may take before it counts as not answered.
const ANSWER: Duration = Duration::from_millis(300);

/// A listener whose door is shut; open again when this is dropped.
#[derive(Debug)]
pub(super) struct Shut<'a> {
    listener: &'a TcpListener,
    /// What fills the queue.
    fillers: Vec<TcpStream>,
}

/// A listening socket that a runtime can take.
pub(super) fn open(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(OPEN)?;
    Ok(socket.into())
}

/// Shuts a door; blocks for less than a second.
pub(super) fn shut(listener: &TcpListener) -> io::Result<Shut<'_>> {
    let address = listener.local_addr()?;
    SockRef::from(listener).listen(SHUT)?;
    let mut shut = Shut { listener, fillers: Vec::new() };
    for _ in 0..TRIES {
        match TcpStream::connect_timeout(&address, ANSWER) {
            Ok(filler) => shut.fillers.push(filler),
            Err(_) => return Ok(shut),
        }
    }
    Err(io::Error::other("the system takes connections past the queue"))
}

impl Drop for Shut<'_> {
    fn drop(&mut self) {
        let socket = SockRef::from(self.listener);
        // Who is in the queue came before the door was shut, or fills it.
        while socket.accept().is_ok() {}
        // An open socket can be told a longer queue.
        let _listening = socket.listen(OPEN);
    }
}
