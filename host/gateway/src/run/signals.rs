//! SIGTERM and SIGINT: the first begins the drain, the second ends the process, whatever anybody else is doing. On a thread
//! of its own: the control thread may be waiting for files, names or a compiler, and a worker may be stuck.

use crate::command::console;
use crate::run::notify;
use crate::worker::Shared;
use std::io;
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use weir_config::counted;
use weir_server::Drainer;

/// How long workers may go on after the drain's end, their last moment for observers included.
const BEYOND: Duration = Duration::from_secs(2);
/// How long a last line may take to be taken from us.
const SAYING: Duration = Duration::from_secs(1);
/// The same where the end is to be at once.
const LAST_LINE: Duration = Duration::from_millis(100);

/// What has to come to its end.
pub(crate) struct ShutdownTargets {
    pub(crate) drainer: Drainer,
    pub(crate) shared: Arc<Shared>,
    pub(crate) workers: Vec<JoinHandle<io::Result<()>>>,
}

/// Listens from now on; what there is to end is said once it runs.
///
/// # Errors
/// If signals cannot be listened to, or there is no thread to be had.
pub(crate) fn listen() -> io::Result<Sender<ShutdownTargets>> {
    let (tell, told) = channel();
    let (ready, is_ready) = channel();
    std::thread::Builder::new().name("weir-signals".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let signals = runtime.and_then(|runtime| {
            let signals = runtime.block_on(async { Signals::new() })?;
            Ok((runtime, signals))
        });
        match signals {
            Err(why) => ready.send(Err(why)).unwrap_or_default(),
            Ok((runtime, signals)) => {
                ready.send(Ok(())).unwrap_or_default();
                runtime.block_on(end(signals, &told));
            }
        }
    })?;
    is_ready.recv().map_err(io::Error::other)??;
    Ok(tell)
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for one, and says which it was.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Waits for a signal, drains, and ends the process; a second signal ends it at once.
async fn end(mut signals: Signals, told: &Receiver<ShutdownTargets>) {
    // Nobody will ever say if the start has failed, and then the process ends without us.
    let Ok(ShutdownTargets { drainer, shared, workers }) = told.recv() else { return };
    let name = signals.next().await;
    let grace = shared.snapshot.load().config.server.drain;
    drainer.begin(grace);
    notify::stopping();
    let line = format!("draining for at most {} s; a second signal ends at once", grace.as_secs_f64());
    let mut lines = LastLines::default();
    lines.begin(log, format!("{name}: {line}; {} in flight", requests(shared.in_flight.inside())));
    lines.begin(console::say, line);
    let ended = tokio::task::spawn_blocking(move || {
        let joined = workers.into_iter().map(JoinHandle::join);
        joined.filter(|r| !matches!(r, Ok(Ok(())))).count()
    });
    tokio::select! {
        failed = ended => match failed {
            Ok(0) => {
                let cut = usize::try_from(shared.cut.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
                let line = format!("{name}: drained; {} cut", counted(cut, "request was", "requests were"));
                lines.exit(SAYING, log, line, 0)
            }
            Ok(n) => lines.complain_and_exit(&format!("{} ended badly", counted(n, "worker", "workers"))),
            Err(why) => lines.complain_and_exit(&format!("workers could not be waited for: {why}")),
        },
        again = signals.next() => {
            let left = shared.in_flight.inside();
            let line = format!("{again}: a second signal; {} cut", counted(left, "request in flight is", "requests in flight are"));
            lines.exit(LAST_LINE, log, line, 1)
        }
        () = tokio::time::sleep(grace.saturating_add(BEYOND)) => lines.complain_and_exit("workers did not end in time"),
    }
}

fn requests(count: usize) -> String {
    counted(count, "request", "requests")
}

/// What is being printed while the process comes to its end, which it does not before that is out, or took too long.
#[derive(Default)]
struct LastLines(Vec<Receiver<()>>);

impl LastLines {
    /// Prints a line, which the end waits for.
    fn begin(&mut self, print: fn(&str), line: String) {
        self.0.push(aside(print, line));
    }

    /// Ends the process with one more line, behind those before. These and that one may take so long each.
    fn exit(self, within: Duration, print: fn(&str), line: String, code: i32) -> ! {
        let until = Instant::now() + within;
        for begun in self.0 {
            let _ = begun.recv_timeout(until.saturating_duration_since(Instant::now()));
        }
        let _ = aside(print, line).recv_timeout(within);
        exit(code)
    }

    fn complain_and_exit(self, why: &str) -> ! {
        self.exit(SAYING, console::complain, format!("weir: {why}"), 1)
    }
}

fn log(line: &str) {
    tracing::info!("{line}");
}

/// Prints beside this thread, for whoever reads our output may have stopped; the answer comes when that is done.
fn aside(print: fn(&str), line: String) -> Receiver<()> {
    let (done, is_done) = channel();
    let _ = std::thread::Builder::new().spawn(move || {
        print(&line);
        done.send(()).unwrap_or_default();
    });
    is_done
}
