use std::time::Duration;

use super::*;

fn args(url: &str) -> LoadArgs {
    LoadArgs { warmup: Duration::ZERO, duration: Duration::from_secs(60), requests: 1, ..LoadArgs::to(url) }
}

#[test]
fn the_load_stays_on_loopback() {
    for url in ["http://10.0.0.1:80", "http://example.com:80", "https://127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1"]
    {
        assert!(run(&args(url)).is_err(), "{url}");
    }
}

#[test]
fn nobody_listening_is_counted_as_no_connection_and_the_run_still_ends() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    for http2 in [false, true] {
        let report = run(&LoadArgs { requests: 3, http2, ..args(&url) }).unwrap();
        assert_eq!((report.requests, report.failed()), (0, 3));
        assert_eq!(report.failures.get(&LoadFailure::Connect), Some(&3));
    }
}

#[test]
fn users_are_shared_out_by_whole_connections() {
    let args = LoadArgs { connections: 5, threads: 2, http2: true, streams: 10, ..args("") };
    let share = |connections, first| Share { http2: true, connections, streams: 10, first, users: 50 };
    assert_eq!(shares(&args), [share(3, 0), share(2, 30)]);
    let args = LoadArgs { connections: 1, threads: 4, http2: false, ..args };
    assert_eq!(shares(&args), [Share { http2: false, connections: 1, streams: 1, first: 0, users: 1 }]);
}
