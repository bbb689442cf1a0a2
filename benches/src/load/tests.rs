use super::*;

fn args(url: &str) -> Args {
    Args {
        url: url.to_owned(),
        path: "/v1/chat/completions".to_owned(),
        key: None,
        model: "mock".to_owned(),
        stream: false,
        request_bytes: 512,
        connections: 1,
        threads: 1,
        warmup: Duration::ZERO,
        duration: Duration::from_secs(60),
        requests: 1,
        timeout: Duration::from_secs(10),
        pid: None,
        json: false,
    }
}

#[test]
fn the_load_stays_on_loopback() {
    for url in ["http://10.0.0.1:80", "http://example.com:80", "https://127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1"]
    {
        assert!(run(&args(url)).is_err(), "{url}");
    }
}

#[test]
fn nobody_listening_is_counted_as_transport_and_the_run_still_ends() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let report = run(&Args { requests: 3, ..args(&url) }).unwrap();
    assert_eq!((report.requests, report.failed()), (0, 3));
    assert_eq!(report.failures.get(&tally::Failure::Transport), Some(&3));
}

#[test]
fn exactly_as_many_requests_are_counted_as_wanted() {
    let (phase, enough) = Phase::new(3);
    assert!(!phase.counts(), "not yet measuring");
    phase.measuring.store(true, Relaxed);
    let counted = (0..9).filter(|_| phase.counts()).count();
    assert_eq!(counted, 3);
    assert!(phase.over.load(Relaxed) && enough.try_recv().is_ok());
}
