//! A serving thread, from its first connection to its last moment.

use crate::request::handler::GatewayHandler;
use crate::request::observe;
use crate::worker::{Shared, Worker};
use std::io;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::spawn_local;
use weir_config::Limits;
use weir_net::Transport;
use weir_server::{Drain, ServerLimits};

/// How long observers of finished requests may go on after the drain's end.
const LAST_MOMENT: Duration = Duration::from_millis(700);

/// Runs a worker on the calling thread until the drain is over.
pub(crate) fn run(index: usize, shared: &Arc<Shared>, listener: TcpListener, drain: Drain) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let ended = runtime.block_on(async {
        let worker = Worker::new(index, shared, drain);
        let listener = tokio::net::TcpListener::from_std(listener)?;
        spawn_local(housekeeping(Rc::clone(&worker)));
        spawn_local(observe::run(Rc::clone(&worker)));
        spawn_local(worker.sandbox.lead());
        accept(&worker, listener).await;
        worker.drain().finished(&[&shared.connections, &shared.unheard.reading]).await;
        // Observers get a moment more at the most: a plugin that spins must not keep the process from ending.
        let end = worker.drain().end() + LAST_MOMENT;
        let _ = tokio::time::timeout_at(end, worker.observers.drained()).await;
        Ok(())
    });
    // A name that a plugin's callout asked for may still be looked up by a thread that nobody can stop.
    runtime.shutdown_background();
    ended
}

/// Accepts until the drain begins.
async fn accept(worker: &Rc<Worker>, listener: tokio::net::TcpListener) {
    let mut drain = worker.drain();
    loop {
        let accepted = tokio::select! {
            biased;
            () = drain.begun() => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(why) => {
                // Out of descriptors, most likely: give the connections that are open time to end.
                if let Some(times) = worker.shared.refused.not_accepted.now(Instant::now()) {
                    tracing::warn!(%why, times, "cannot accept");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        take_in(worker, stream);
    }
    // Who had connected before the drain began may have asked already; dropping the listener would reset them.
    let Ok(listener) = listener.into_std() else { return };
    while let Ok((stream, _)) = listener.accept() {
        let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
        stream.into_iter().for_each(|stream| take_in(worker, stream));
    }
}

/// Serves a connection, if there is a place for it.
fn take_in(worker: &Rc<Worker>, stream: TcpStream) {
    let held = worker.held();
    let limit = held.snapshot.config.limits.connections;
    let refused = &worker.shared.refused;
    // Closing at once is the only answer that costs nothing.
    if u64::try_from(stream.as_raw_fd()).unwrap_or_default() >= worker.shared.descriptors {
        return refused.count(&refused.descriptors, "clients have as many descriptors as they may have (ulimit -n)");
    }
    let Some(place) = worker.shared.connections.enter(limit) else {
        return refused.count(&refused.limit, "there are as many as limits.connections");
    };
    worker.shared.server.accepted.fetch_add(1, Ordering::Relaxed);
    let limits = server_limits(&held.snapshot.config.limits);
    let (shared, drain) = (Rc::clone(&worker.clients), worker.drain());
    let gateway = GatewayHandler::new(Rc::clone(worker));
    spawn_local(async move {
        weir_server::serve(gateway, shared, limits, drain, Transport::Plain(stream)).await;
        drop(place);
    });
}

/// What the clients of a connection may do that is accepted under this configuration.
fn server_limits(limits: &Limits) -> ServerLimits {
    ServerLimits {
        head_timeout: limits.head_timeout,
        keep_alive_timeout: limits.keep_alive_timeout,
        write_timeout: limits.write_timeout,
        h2_streams: limits.h2_streams,
        h2_control_frames: limits.h2_control_frames,
        head_bytes: limits.head_bytes,
    }
}

async fn housekeeping(worker: Rc<Worker>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = second.tick() => {}
            // Somebody, on this thread or another, has found no place for an instance.
            () = worker.shared.sandbox.pressed() => {
                worker.sandbox.give_up(&worker.shared.sandbox);
                continue;
            }
        }
        // A worker without requests must not keep an old generation alive.
        drop(worker.held());
        worker.sandbox.tidy(Instant::now());
        worker.sandbox.give_up(&worker.shared.sandbox);
        worker.observers.tidy();
        worker.pool.close_idle();
        worker.clients.trim();
        crate::run::allocator::give_back();
        worker.ids.look_at_clock();
        // An idle worker lets go of an old snapshot, too.
        worker.held();
    }
}
