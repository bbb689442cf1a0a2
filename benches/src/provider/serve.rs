//! The thread of a provider: it accepts, reads, and plays what was decided.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;

use super::door;
use super::request::{self, Came};
use super::state::{Act, Decide, ProviderJournal, ProviderState};

/// What every connection of a provider shares.
struct Shared {
    state: watch::Receiver<ProviderState>,
    journal: Arc<ProviderJournal>,
    decide: Arc<Decide>,
}

pub(super) fn run(
    door: std::net::TcpListener,
    state: watch::Receiver<ProviderState>,
    journal: &Arc<ProviderJournal>,
    decide: &Arc<Decide>,
) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let shared = Shared { state, journal: Arc::clone(journal), decide: Arc::clone(decide) };
    runtime.block_on(async { accept(TcpListener::from_std(door)?, Rc::new(shared)).await })
}

async fn accept(door: TcpListener, shared: Rc<Shared>) -> Result<()> {
    let mut state = shared.state.clone();
    loop {
        if *state.borrow_and_update() == ProviderState::Deaf {
            let _shut = door::shut(&door)?;
            while *state.borrow_and_update() == ProviderState::Deaf {
                if state.changed().await.is_err() {
                    return Ok(());
                }
            }
            continue;
        }
        tokio::select! {
            changed = state.changed() => if changed.is_err() { return Ok(()) },
            accepted = door.accept() => match accepted {
                Ok((socket, _)) => {
                    // It fails on a connection that has ended already, which shows when it is read.
                    let _set = socket.set_nodelay(true);
                    tokio::task::spawn_local(serve(socket, Rc::clone(&shared)));
                }
                // Who left already, or no descriptor: neither ends the provider.
                Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            },
        }
    }
}

async fn serve(mut socket: TcpStream, shared: Rc<Shared>) {
    let (mut held, mut state) = (Vec::new(), shared.state.clone());
    loop {
        let came = tokio::select! {
            came = request::read(&mut socket, &mut held) => came,
            // Who does not listen any more has no connections either.
            () = until(&mut state, |state| state == ProviderState::Deaf) => break,
        };
        let mut request = match came {
            Came::Request(request) => request,
            Came::End => break,
            Came::Broken => {
                shared.journal.note_broken();
                break;
            }
        };
        request.before = shared.journal.note(request.stamp.map(|stamp| stamp.number));
        if *state.borrow() != ProviderState::Well
            && !pause(&mut socket, until(&mut state, |state| state == ProviderState::Well)).await
        {
            break;
        }
        if !play(&mut socket, (shared.decide)(&request), &mut state).await {
            break;
        }
    }
}

/// Plays a script; `false` if the connection is over with it.
async fn play(socket: &mut TcpStream, script: Vec<Act>, state: &mut watch::Receiver<ProviderState>) -> bool {
    for act in script {
        let goes_on = match act {
            Act::Send(bytes) => socket.write_all(&bytes).await.is_ok(),
            Act::Wait(time) => pause(socket, tokio::time::sleep(time)).await,
            Act::Hang => pause(socket, std::future::pending()).await,
            Act::Close => false,
            Act::Reset => {
                let _set = socket.set_zero_linger();
                false
            }
        };
        if !goes_on || *state.borrow() == ProviderState::Deaf {
            return false;
        }
    }
    true
}

/// Waits for `what`; `false` if the other side leaves meanwhile.
async fn pause(socket: &mut TcpStream, what: impl Future<Output = ()>) -> bool {
    tokio::select! {
        () = what => true,
        // Nothing follows a request before its answer: whatever comes is the end.
        _ = ended(socket) => false,
    }
}

async fn ended(socket: &mut TcpStream) -> io::Result<usize> {
    socket.read(&mut [0]).await
}

/// Waits until the provider is told so.
async fn until(state: &mut watch::Receiver<ProviderState>, what: impl Fn(ProviderState) -> bool) {
    if state.wait_for(|state| what(*state)).await.is_err() {
        // Nobody tells it anything any more.
        std::future::pending::<()>().await;
    }
}
