//! What systemd is told of a start and of an end (sd_notify(3)): a datagram to the socket that `NOTIFY_SOCKET` names.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// It serves now.
pub(crate) fn ready() {
    tell("READY=1");
}

/// The end has begun.
pub(crate) fn stopping() {
    tell("STOPPING=1");
}

/// Nobody may be listening, or no longer: that is said where it is looked for, and keeps nothing from going on.
fn tell(state: &str) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty()) else { return };
    if let Err(why) = send(&socket, state) {
        tracing::debug!(%why, "NOTIFY_SOCKET cannot be told {state}");
    }
}

fn send(socket: &OsStr, state: &str) -> io::Result<()> {
    let address = match socket.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    let sender = UnixDatagram::unbound()?;
    // Who does not take it in holds nobody up.
    sender.set_nonblocking(true)?;
    sender.send_to_addr(state.as_bytes(), &address).map(drop)
}
