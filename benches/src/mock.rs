//! `mock`: an OpenAI-compatible provider that answers the same thing every time, after a set delay.
//!
//! Each thread has a runtime and a listener of its own (`SO_REUSEPORT`), so that the mock scales as the gateway does
//! and is never what a measurement waits for. What it answers can be changed while it runs, which makes a provider that
//! becomes slow and recovers: `POST /shape?delay=2s`, with any of `delay`, `gap`, `tokens` and `reply-bytes`.

mod journal;
mod reply;
mod serve;
mod state;
mod stream;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use anyhow::{Context as _, Result, ensure};
use arc_swap::ArcSwap;
use socket2::{Domain, Socket, Type};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};

use crate::units;
use journal::Journal;
use reply::Replies;
use state::Mock;

pub(crate) use reply::ReplyShape;

#[derive(clap::Args, Debug, Clone)]
pub(crate) struct MockArgs {
    /// Address to listen on; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Threads, each with its own listener; 0 is one per core
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=256))]
    pub(crate) threads: u16,
    #[command(flatten)]
    pub(crate) shape: ReplyShape,
    /// End when standard input does, so that a runner that dies leaves no mock behind
    #[arg(long)]
    pub(crate) until_stdin_ends: bool,
}

pub(crate) fn run(args: &MockArgs) -> Result<()> {
    let (address, threads) = start(args)?;
    println!("mock     http://{address}");
    if args.until_stdin_ends {
        io::copy(&mut io::stdin(), &mut io::sink()).context("standard input broke")?;
        return Ok(());
    }
    for thread in threads {
        // A thread ends only by a panic.
        ensure!(thread.join().is_ok(), "a thread of the mock has died");
    }
    Ok(())
}

/// Binds every listener, then serves on threads of its own.
///
/// # Errors
/// The address is not loopback, or taken.
pub(crate) fn start(args: &MockArgs) -> Result<(SocketAddr, Vec<thread::JoinHandle<()>>)> {
    ensure!(args.listen.ip().is_loopback(), "the mock listens on loopback only: give 127.0.0.1 or [::1]");
    let first = listener(args.listen)?;
    let address = first.local_addr()?;
    let mut listeners = vec![first];
    let threads = match args.threads {
        0 => units::cores(),
        threads => threads,
    };
    for _ in 1..threads {
        listeners.push(listener(address)?);
    }
    let replies = ArcSwap::from_pointee(Replies::new(args.shape));
    let mock = Arc::new(Mock { replies, journal: Journal::default() });
    let threads = listeners.into_iter().map(|listener| {
        let mock = Arc::clone(&mock);
        thread::spawn(move || match runtime() {
            Ok(runtime) => runtime.block_on(serve::accept(listener, mock)),
            Err(error) => eprintln!("mock: a thread cannot serve: {error}"),
        })
    });
    Ok((address, threads.collect()))
}

fn runtime() -> io::Result<LocalRuntime> {
    Builder::new_current_thread().enable_all().build_local(LocalOptions::default())
}

fn listener(address: SocketAddr) -> Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into()).with_context(|| format!("cannot bind {address}"))?;
    socket.listen(4_096)?;
    Ok(socket.into())
}

impl Default for ReplyShape {
    fn default() -> Self {
        Self { delay: Duration::from_millis(60), gap: Duration::ZERO, tokens: 24, reply_bytes: 512 }
    }
}
