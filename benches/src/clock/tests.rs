use tokio::runtime::LocalRuntime;

use super::*;

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines_and_never_early() {
    let runtime = LocalRuntime::new().unwrap();
    let woken = Rc::new(RefCell::new(Vec::new()));
    runtime.block_on(async {
        let (clock, start) = (Clock::start().unwrap(), Instant::now());
        let sleepers: Vec<_> = [7, 3, 5, 3, 0]
            .map(|millis| {
                let (clock, woken) = (clock.clone(), Rc::clone(&woken));
                tokio::task::spawn_local(async move {
                    let deadline = start + Duration::from_millis(millis);
                    clock.sleep_until(deadline).await;
                    assert!(Instant::now() >= deadline);
                    woken.borrow_mut().push(millis);
                })
            })
            .into();
        for sleeper in sleepers {
            sleeper.await.unwrap();
        }
        assert!(clock.0.waiting.borrow().is_empty());
    });
    assert_eq!(*woken.borrow(), [0, 3, 3, 5, 7]);
}

#[test]
fn a_sleep_that_is_dropped_leaves_nothing_behind_and_hinders_nobody() {
    let runtime = LocalRuntime::new().unwrap();
    runtime.block_on(async {
        let clock = Clock::start().unwrap();
        let start = Instant::now();
        let far = clock.sleep_until(start + Duration::from_secs(3_600));
        let near = clock.sleep_until(start + Duration::from_millis(2));
        tokio::select! {
            biased;
            () = far => panic!("an hour has not passed"),
            () = near => {}
        }
        assert!(clock.0.waiting.borrow().is_empty());
    });
}

#[test]
fn the_past_is_not_waited_for() {
    let runtime = LocalRuntime::new().unwrap();
    runtime.block_on(async { Clock::start().unwrap().sleep_until(Instant::now()).await });
}
