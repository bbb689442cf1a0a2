//! Bodies that are announced and do not come.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::harness::{BarsHarness, mib, settle};
use crate::bar::Bar;
use crate::control;
use crate::talk::head;

/// How many of them, and how long each is said to be.
const BODIES: usize = 400;
const LENGTH: usize = 9_000_000;

pub(super) fn bars(harness: &BarsHarness<'_>) -> Result<Vec<Bar>> {
    let small = harness.small(0)?;
    let to = control::loopback(&small.gateway.url)?;
    settle(Duration::from_secs(1));
    let before = small.gateway.memory();
    let (mut held, head) = (Vec::new(), head(to, &small.token, LENGTH));
    for _ in 0..BODIES {
        let mut socket = TcpStream::connect(to).context("the gateway takes no connection")?;
        socket.write_all(format!("{head}{{").as_bytes())?;
        held.push(socket);
    }
    settle(Duration::from_secs(3));
    let after = small.gateway.memory();
    let metrics = small.gateway.metrics()?;
    let open = metrics.count("weir_connections", &[]);
    drop(held);
    let what = format!("{BODIES} announced bodies of 9 MB of which one byte came: memory grows by");
    Ok(vec![Bar::most(what, mib(after) - mib(before), "MiB", 40.0).with(format!("{open} connections open"))])
}
