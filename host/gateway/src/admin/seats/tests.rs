use super::*;
use std::future::pending;
use tokio::task::JoinHandle;

/// Runs a test's future on one thread, as the listener does.
fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test);
}

fn connect(seats: &Seats) -> JoinHandle<()> {
    seats.make_room();
    let connection = tokio::spawn(pending());
    seats.take(connection.abort_handle());
    connection
}

#[test]
fn the_oldest_makes_room_and_those_that_have_ended_do_not_count() {
    run(async {
        let seats = Seats::default();
        let mut connections: Vec<_> = (0..SEATS).map(|_| connect(&seats)).collect();
        connections.remove(3).abort();
        tokio::task::yield_now().await;
        connections.push(connect(&seats));
        tokio::task::yield_now().await;
        assert!(connections.iter().all(|c| !c.is_finished()), "there was a seat");
        connections.push(connect(&seats));
        tokio::task::yield_now().await;
        let ended: Vec<usize> = (0..connections.len()).filter(|at| connections[*at].is_finished()).collect();
        assert_eq!(ended, [0]);
    });
}

#[test]
fn answers_that_nobody_takes_end_the_oldest_connection() {
    run(async {
        let seats = Seats::default();
        let (old, new) = (connect(&seats), connect(&seats));
        let first = seats.hold("x".repeat(HELD));
        tokio::task::yield_now().await;
        assert!(!old.is_finished(), "as much as may be");
        let second = seats.hold("x".to_owned());
        tokio::task::yield_now().await;
        assert!(old.is_finished() && !new.is_finished());
        drop((first, second));
        assert_eq!(seats.held.load(Ordering::Relaxed), 0);
    });
}
