//! How much of what was written to a socket its other end has not acknowledged. Only the kernel knows, and no crate has a
//! safe call for it: one of the two files of the workspace where `unsafe` stands.
#![allow(unsafe_code)]

use std::ffi::c_int;

use rustix::ioctl::{Getter, Opcode, ioctl};
use tokio::net::TcpStream;

/// `SIOCOUTQ` (tcp(7)): one number with `TIOCOUTQ`.
const SIOCOUTQ: Opcode = libc::TIOCOUTQ as Opcode;

/// Bytes that are in the kernel's hands, on their way or waiting for it. Nothing, where it does not say.
pub(super) fn bytes(tcp: &TcpStream) -> Option<u64> {
    // SAFETY: asked this of a TCP socket, which a `TcpStream` is, Linux writes one C `int` (`tcp_ioctl`), and `Getter` has
    // room for just that; nothing else is read or written. The socket is borrowed, so it stays open meanwhile.
    let asked = unsafe { ioctl(tcp, Getter::<SIOCOUTQ, c_int>::new()) };
    u64::try_from(asked.ok()?).ok()
}
