//! HTTP/2 connections that ask for nothing: when they are ended, and what others notice meanwhile.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::harness::{BarsHarness, Small};
use super::raw_h2::{ControlFrame, Frames, PREFACE};
use crate::bar::Bar;
use crate::control;
use crate::load::{self, Quantiles};

/// Frames of one kind on one connection, at most.
const MOST: u64 = 20_000;
/// How many go out at once.
const BATCH: u64 = 50;
/// Between two batches: what was sent is seen before more is sent, so that the count is true to a batch.
const PAUSE: Duration = Duration::from_millis(5);
/// Frames of a flood that go out at once.
const FLOOD: usize = 500;
/// A connection that is not ended is flooded for no longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long others are measured.
const MEASURED: Duration = Duration::from_secs(3);

pub(super) fn bars(harness: &BarsHarness<'_>) -> Result<Vec<Bar>> {
    let mut bars = Vec::new();
    for control in ControlFrame::ALL {
        // Others of the same worker are who could notice.
        let small = harness.small(1)?;
        let to = control::loopback(&small.gateway.url)?;
        let (frames, how) = until_ended(to, control)?;
        let name = control.name();
        let what = format!("one connection of {name} frames only: frames until it was ended");
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let figure = frames.map_or(f64::INFINITY, |frames| frames as f64);
        bars.push(Bar::most(what, figure, "", 1_000.0).with(how));
        bars.extend(others(&small, to, control)?);
    }
    Ok(bars)
}

/// How many frames went out before the gateway ended the connection; none if it did not.
fn until_ended(to: SocketAddr, control: ControlFrame) -> Result<(Option<u64>, &'static str)> {
    let mut socket = open(to)?;
    let (frame, mut frames, until) = (control.bytes(), Frames::default(), Instant::now() + PATIENCE);
    let batch = frame.repeat(usize::try_from(BATCH)?);
    let mut room = vec![0; 64 << 10];
    let mut sent = 0;
    while sent < MOST && Instant::now() < until {
        let over = socket.write_all(&batch).is_err();
        sent += BATCH;
        std::thread::sleep(PAUSE);
        match socket.read(&mut room) {
            Ok(0) => return Ok((Some(sent), if frames.goaway { "GOAWAY" } else { "closed" })),
            Ok(read) => frames.take(room.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return Ok((Some(sent), if frames.goaway { "GOAWAY" } else { "reset" })),
        }
        if frames.goaway || over {
            return Ok((Some(sent), if frames.goaway { "GOAWAY" } else { "reset" }));
        }
    }
    Ok((None, "it was not ended"))
}

fn open(to: SocketAddr) -> Result<TcpStream> {
    let mut socket = TcpStream::connect(to).context("the gateway takes no connection")?;
    socket.set_nodelay(true)?;
    socket.write_all(PREFACE)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// What others wait longer for while one client floods as fast as it can: over one connection, and over a new one whenever
/// one is ended.
fn others(small: &Small, to: SocketAddr, control: ControlFrame) -> Result<[Bar; 2]> {
    let load = load::LoadArgs {
        key: Some(small.token.clone()),
        model: "m".to_owned(),
        connections: 8,
        rate: Some(200),
        duration: MEASURED,
        ..load::LoadArgs::to(&small.gateway.url)
    };
    let quiet = load::run(&load)?.latency.context("nothing was answered in the quiet")?;
    let beside = |again: bool| -> Result<(f64, String)> {
        let over = Arc::new(AtomicBool::new(false));
        let hand = Arc::clone(&over);
        let flood = std::thread::spawn(move || flood(to, control, again, &hand));
        let report = load::run(&load);
        over.store(true, Relaxed);
        let (sent, connections) = flood.join().map_err(|_| anyhow::anyhow!("the flood has died"))?;
        let report = report?;
        let flooded = report.latency.context("nothing was answered in the flood")?;
        let (p50, p99) = (|of: Quantiles| of.p50 / 1e3, |of: Quantiles| of.p99 / 1e3);
        let remark = format!(
            "p50 {:.2} → {:.2} ms, p99 {:.2} → {:.2} ms, {} failed; {sent} frames on {connections} connections",
            p50(quiet),
            p50(flooded),
            p99(quiet),
            p99(flooded),
            report.failed(),
        );
        Ok((p99(flooded) / p99(quiet), remark))
    };
    let what = format!("p99 of others while a client floods with {}, in multiples of the quiet", control.name());
    let (once, remark) = beside(false)?;
    let bar = Bar::most(what, once, "×", 2.0).with(remark);
    let (again, remark) = beside(true)?;
    Ok([bar, Bar::shown("the same where it connects anew whenever it is ended", again, "×").with(remark)])
}

/// Frames until it is over; how many, and on how many connections.
fn flood(to: SocketAddr, control: ControlFrame, again: bool, over: &AtomicBool) -> (u64, u64) {
    let batch = control.bytes().repeat(FLOOD);
    let (mut sent, mut connections) = (0, 0);
    while !over.load(Relaxed) && (again || connections == 0) {
        let Ok(socket) = open(to) else { continue };
        connections += 1;
        sent += flood_one(socket, &batch, over);
    }
    (sent, connections)
}

/// Frames until the connection, or all of it, is over.
fn flood_one(mut socket: TcpStream, batch: &[u8], over: &AtomicBool) -> u64 {
    let (mut room, mut at, mut sent) = (vec![0; 256 << 10], 0, 0);
    while !over.load(Relaxed) {
        match socket.write(batch.get(at..).unwrap_or_default()) {
            Ok(written) => at += written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(Duration::from_micros(200)),
            Err(_) => break,
        }
        if at >= batch.len() {
            at = 0;
            sent += u64::try_from(FLOOD).unwrap_or_default();
        }
        match socket.read(&mut room) {
            Ok(0) => break,
            Err(error) if error.kind() != ErrorKind::WouldBlock => break,
            Ok(_) | Err(_) => {}
        }
    }
    sent
}
