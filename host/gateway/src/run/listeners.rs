//! Where the gateway listens.

use crate::command::cli::Serve;
use anyhow::anyhow;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use weir_config::Server;

/// An address to listen on, and who has named it.
pub(super) struct ListenAddress {
    address: SocketAddr,
    /// Its key in `[server]`, and its option.
    key: &'static str,
    is_option: bool,
}

impl ListenAddress {
    /// Where clients connect, and where probes and metrics are.
    pub(super) fn both(server: &Server, args: &Serve) -> [Self; 2] {
        let one = |address, key, option: Option<SocketAddr>| Self { address, key, is_option: option.is_some() };
        [one(server.listen, "listen", args.listen), one(server.admin, "admin", args.admin)]
    }

    /// Holds that nobody listens there, without listening: so a start that cannot serve ends before it has compiled anything,
    /// and no connection is taken before it serves. Who binds has the last word.
    pub(super) fn look(&self) -> anyhow::Result<()> {
        plain(self.address).map(drop).map_err(|why| self.cannot(&why))
    }

    /// A listener for all workers each; the kernel spreads connections over them.
    pub(super) fn bind_each(&self, workers: usize) -> anyhow::Result<Vec<TcpListener>> {
        bind(self.address, workers).map_err(|why| self.cannot(&why))
    }

    /// One listener.
    pub(super) fn bind(&self) -> anyhow::Result<TcpListener> {
        TcpListener::bind(self.address).map_err(|why| self.cannot(&why))
    }

    /// That it cannot be listened on, who has named it, and what to do about it.
    fn cannot(&self, why: &io::Error) -> anyhow::Error {
        let Self { address, key, is_option } = self;
        let named =
            if *is_option { format!("--{key}, in place of server.{key}") } else { format!("server.{key}, or --{key}") };
        let fix = match why.kind() {
            io::ErrorKind::AddrInUse => "; is another gateway running there? `ss -ltnp` shows who listens",
            io::ErrorKind::AddrNotAvailable => {
                "; this machine has no such address: `ip address` shows those that it has"
            }
            io::ErrorKind::PermissionDenied if address.port() < 1024 => {
                "; ports below 1024 need the capability CAP_NET_BIND_SERVICE, or a port above"
            }
            _ => "",
        };
        anyhow!("cannot listen on {address} ({named}): {why}{fix}")
    }
}

/// A socket that shares its address with nobody who listens there.
fn plain(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn bind(address: SocketAddr, count: usize) -> io::Result<Vec<TcpListener>> {
    // The kernel would let another process of ours share the port, and with it our clients: one plain listener first.
    plain(address)?.listen(1)?;
    let mut address = address;
    let mut listeners = Vec::with_capacity(count);
    for _ in 0..count {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(4096)?;
        let listener: TcpListener = socket.into();
        // With port 0 the first listener gets one, and the others share it.
        address = listener.local_addr()?;
        listeners.push(listener);
    }
    Ok(listeners)
}
