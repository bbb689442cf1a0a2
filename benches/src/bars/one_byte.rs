//! Connections that send the first byte of either protocol, and nothing more.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::harness::{BarsHarness, settle};
use crate::bar::Bar;
use crate::control;

/// How many of them.
const CONNECTIONS: usize = 800;
/// Long enough to tell, and shorter than the time that a head may take.
const MEASURED: Duration = Duration::from_secs(6);

pub(super) fn bars(harness: &BarsHarness<'_>) -> Result<Vec<Bar>> {
    let small = harness.small(0)?;
    let to = control::loopback(&small.gateway.url)?;
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut socket = TcpStream::connect(to).context("the gateway takes no connection")?;
        // `P` begins POST as well as HTTP/2's PRI.
        socket.write_all(b"P")?;
        held.push(socket);
    }
    settle(Duration::from_secs(1));
    let (before, start) = (small.gateway.cpu()?, Instant::now());
    settle(MEASURED);
    let spent = small.gateway.cpu()?.saturating_sub(before);
    let cores = spent.as_secs_f64() / start.elapsed().as_secs_f64();
    let open = small.gateway.metrics()?.count("weir_connections", &[]);
    drop(held);
    let what = format!("{CONNECTIONS} connections that sent one byte `P`: cores");
    Ok(vec![Bar::most(what, cores, "", 0.02).with(format!("{open} of them open at the end"))])
}
