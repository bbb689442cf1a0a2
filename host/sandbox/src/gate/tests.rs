use super::*;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

/// Runs a guest behind a gate as calls do.
async fn through_a_gate(guest: impl Future<Output = ()>) {
    let mut gate = Rc::new(Gates::default()).lend();
    let mut guest = pin!(guest);
    poll_fn(|cx| {
        std::task::ready!(gate.poll_open(cx));
        gate.poll(guest.as_mut(), cx)
    })
    .await;
}

#[test]
fn a_guest_that_wakes_itself_lets_every_other_task_run_between_its_slices() {
    runtime().block_on(async {
        let others = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&others);
        let neighbour = tokio::spawn(async move {
            loop {
                theirs.fetch_add(1, Relaxed);
                tokio::task::yield_now().await;
            }
        });
        let mut slices = 0;
        let guest = poll_fn(|cx| {
            slices += 1;
            if slices == 50 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        through_a_gate(guest).await;
        neighbour.abort();
        assert!(others.load(Relaxed) >= 45, "{others:?}");
    });
}

#[test]
fn a_guest_that_waits_for_another_thread_is_woken_by_it_and_not_before() {
    let polls = runtime().block_on(async {
        let wakers = Arc::new(Mutex::new(None::<Waker>));
        let theirs = Arc::clone(&wakers);
        let done = Arc::new(AtomicBool::new(false));
        let theirs_done = Arc::clone(&done);
        let thread = std::thread::spawn(move || {
            loop {
                if let Some(waker) = theirs.lock().unwrap().take() {
                    theirs_done.store(true, SeqCst);
                    waker.wake();
                    return;
                }
                std::thread::yield_now();
            }
        });
        let mut polls = 0;
        let guest = poll_fn(|cx| {
            polls += 1;
            if done.load(SeqCst) {
                return Poll::Ready(());
            }
            *wakers.lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        });
        through_a_gate(guest).await;
        thread.join().unwrap();
        polls
    });
    assert_eq!(polls, 2);
}

#[test]
fn a_gate_that_was_lent_is_lent_again() {
    runtime().block_on(async {
        let gates = Rc::new(Gates::default());
        for _ in 0..3 {
            let mut gate = gates.lend();
            let mut guest = pin!(async {});
            poll_fn(|cx| gate.poll(guest.as_mut(), cx)).await;
        }
        assert_eq!(gates.spare.borrow().len(), 1);
    });
}
