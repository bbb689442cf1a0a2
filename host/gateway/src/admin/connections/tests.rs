use super::*;
use std::future::pending;
use tokio::task::JoinHandle;

/// Runs a test's future on one thread, as the listener does.
fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test);
}

fn connect(connections: &AdminConnections) -> JoinHandle<()> {
    connections.make_room();
    let connection = tokio::spawn(pending());
    connections.take(connection.abort_handle());
    connection
}

#[test]
fn the_oldest_makes_room_and_those_that_have_ended_do_not_count() {
    run(async {
        let connections = AdminConnections::default();
        let mut begun: Vec<_> = (0..MOST).map(|_| connect(&connections)).collect();
        begun.remove(3).abort();
        tokio::task::yield_now().await;
        begun.push(connect(&connections));
        tokio::task::yield_now().await;
        assert!(begun.iter().all(|c| !c.is_finished()), "there was room");
        begun.push(connect(&connections));
        tokio::task::yield_now().await;
        let ended: Vec<usize> = (0..begun.len()).filter(|at| begun[*at].is_finished()).collect();
        assert_eq!(ended, [0]);
    });
}

#[test]
fn answers_that_nobody_takes_end_the_oldest_connection() {
    run(async {
        let connections = AdminConnections::default();
        let (old, new) = (connect(&connections), connect(&connections));
        let first = connections.hold("x".repeat(HELD));
        tokio::task::yield_now().await;
        assert!(!old.is_finished(), "as much as may be");
        let second = connections.hold("x".to_owned());
        tokio::task::yield_now().await;
        assert!(old.is_finished() && !new.is_finished());
        drop((first, second));
        assert_eq!(connections.held.load(Ordering::Relaxed), 0);
    });
}
