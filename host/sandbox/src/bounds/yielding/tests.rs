use super::*;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

/// Runs a guest behind a yielder as calls do.
async fn through_a_yielder(guest: impl Future<Output = ()>) {
    let mut yielder = Rc::new(YielderPool::default()).lend(TenantId::EVERY);
    let mut guest = pin!(guest);
    poll_fn(|cx| {
        std::task::ready!(yielder.poll_open(cx));
        yielder.poll(guest.as_mut(), cx)
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
        through_a_yielder(guest).await;
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
        through_a_yielder(guest).await;
        thread.join().unwrap();
        polls
    });
    assert_eq!(polls, 2);
}

#[test]
fn a_gate_that_was_lent_is_lent_again() {
    runtime().block_on(async {
        let yielders = Rc::new(YielderPool::default());
        for _ in 0..3 {
            let mut yielder = yielders.lend(TenantId::EVERY);
            let mut guest = pin!(async {});
            poll_fn(|cx| yielder.poll(guest.as_mut(), cx)).await;
        }
        assert_eq!(yielders.spare.borrow().len(), 1);
    });
}

/// A guest that wakes itself so many times, and says each time whose slice it was.
async fn spins(yielders: &Rc<YielderPool>, tenant: TenantId, slices: usize, told: &RefCell<Vec<TenantId>>) {
    let mut yielder = yielders.lend(tenant);
    let mut left = slices;
    let mut guest = pin!(poll_fn(|cx| {
        told.borrow_mut().push(tenant);
        left -= 1;
        if left == 0 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
    poll_fn(|cx| {
        std::task::ready!(yielder.poll_open(cx));
        yielder.poll(guest.as_mut(), cx)
    })
    .await;
}

#[test]
fn of_many_guests_that_spin_one_has_a_slice_in_each_turn_and_tenants_take_turns() {
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime(), async {
        let names = crate::tenant::TenantNames::default();
        let (hog, other) = (names.id("hog"), names.id("other"));
        let (yielders, told) = (Rc::new(YielderPool::default()), Rc::new(RefCell::new(Vec::new())));
        let leader = tokio::task::spawn_local(Rc::clone(&yielders).lead());
        tokio::task::yield_now().await;
        let spin = |tenant, slices| {
            let (yielders, told) = (Rc::clone(&yielders), Rc::clone(&told));
            tokio::task::spawn_local(async move { spins(&yielders, tenant, slices, &told).await })
        };
        let hogs: Vec<_> = (0..50).map(|_| spin(hog, 4)).collect();
        let others = spin(other, 10);
        let mut turns = 0;
        while !others.is_finished() {
            turns += 1;
            let before = told.borrow().len();
            tokio::task::yield_now().await;
            // The first turn has the first slice of each call: these are not asked to wait.
            assert!(
                turns == 1 || told.borrow().len() - before <= 2,
                "{} slices in one turn",
                told.borrow().len() - before
            );
        }
        let first = told.borrow().iter().skip(51).filter(|tenant| **tenant == hog).count();
        assert!((8..=12).contains(&first), "{first} slices of the hog's beside 9 of the other's");
        for hog in hogs {
            hog.await.unwrap();
        }
        leader.abort();
    });
}

#[test]
fn a_call_that_ends_while_it_waits_for_its_turn_takes_nobodys() {
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime(), async {
        let (yielders, told) = (Rc::new(YielderPool::default()), Rc::new(RefCell::new(Vec::new())));
        let leader = tokio::task::spawn_local(Rc::clone(&yielders).lead());
        tokio::task::yield_now().await;
        let gone: Vec<_> = (0..10).map(|_| Box::pin(spins(&yielders, TenantId::EVERY, 100, &told))).collect();
        for mut call in gone {
            assert!(poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await.is_pending());
        }
        spins(&yielders, TenantId::EVERY, 5, &told).await;
        assert_eq!(told.borrow().len(), 15);
        leader.abort();
    });
}
