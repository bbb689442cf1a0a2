//! The admin listener answers whatever others do to it, or use up.

use crate::support;

use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, PATIENCE, chat, config, config_with, demo_config, post, until};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

/// Runs the gateway with no more than this many descriptors; `-S` lets it raise them, `-H` does not.
fn with_descriptors(config: &str, limit: &str) -> Gateway {
    Gateway::start_by(config, |command| {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit {limit}; exec \"$@\"")).arg("sh").arg(command.get_program());
        shell.args(command.get_args()).env_remove("WEIR_CONFIG").env("WEIR_LOG", "debug");
        shell
    })
}

/// Connects until the other side closes what it was given, or there are this many; those that stay are held.
fn fill(address: SocketAddr, most: usize) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..most {
        let Ok(mut stream) = TcpStream::connect(address) else { break };
        // A connection that is served waits for a head; one that is refused is closed.
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        if matches!(stream.read(&mut [0]), Ok(0)) {
            break;
        }
        held.push(stream);
    }
    held
}

fn probe(gateway: &Gateway) {
    let start = Instant::now();
    let reply = gateway.admin_get("/livez");
    assert_eq!((reply.status, reply.text().as_str()), (200, "ok\n"));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn clients_that_ask_and_do_not_read_keep_nobody_out() {
    let gateway = Gateway::start(&demo_config(""));
    let asked = "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(2_000);
    let mut held = Vec::new();
    for n in 0..150 {
        let mut stream = TcpStream::connect(gateway.admin).unwrap();
        stream.set_nonblocking(true).unwrap();
        let _ = stream.write(asked.as_bytes());
        held.push(stream);
        if n % 10 == 9 {
            probe(&gateway);
        }
    }
    (0..20).for_each(|_| probe(&gateway));
    assert_eq!(gateway.admin_get("/readyz").status, 200);
    assert!(gateway.admin_get("/metrics").text().ends_with("# EOF\n"));
}

#[test]
fn clients_that_say_nothing_or_half_of_it_keep_nobody_out() {
    let gateway = Gateway::start(&demo_config(""));
    for said in [
        "",
        "G",
        "GET /livez HTTP/1.1\r\nhost: loc",
        "POST /metrics HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n",
    ] {
        let connect = |_| {
            let mut stream = TcpStream::connect(gateway.admin).unwrap();
            let _ = stream.write_all(said.as_bytes());
            stream
        };
        let held: Vec<TcpStream> = (0..100).map(connect).collect();
        (0..5).for_each(|_| probe(&gateway));
        drop(held);
    }
}

#[test]
fn a_client_that_says_nothing_is_closed_after_a_while() {
    let gateway = Gateway::start(&demo_config(""));
    let start = Instant::now();
    let connect = |said: &str| {
        let mut stream = TcpStream::connect(gateway.admin).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(said.as_bytes()).unwrap();
        stream
    };
    let connected = ["", "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n"].map(connect);
    for (n, mut stream) in connected.into_iter().enumerate() {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(start.elapsed() >= Duration::from_secs(9), "{:?}", start.elapsed());
        assert_eq!(answer.starts_with(b"HTTP/1.1 200"), n == 1);
    }
}

#[test]
fn a_client_that_reads_slowly_gets_its_whole_answer() {
    let gateway = Gateway::start(&demo_config(""));
    let mut stream = TcpStream::connect(gateway.admin).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 512];
    loop {
        probe(&gateway);
        match stream.read(&mut piece).unwrap() {
            0 => break,
            n => answer.extend_from_slice(&piece[..n]),
        }
    }
    assert!(String::from_utf8(answer).unwrap().ends_with("# EOF\n"));
}

/// Seconds of CPU that a process has used.
fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

#[test]
fn clients_that_use_up_the_descriptors_leave_some_for_the_probes() {
    let upstream = Upstream::chat();
    let mut gateway = with_descriptors(&config(upstream.address), "-n 160");
    let held = fill(gateway.address, 400);
    assert!(held.len() > 20 && held.len() < 160, "{}", held.len());
    (0..30).for_each(|_| probe(&gateway));
    let refused = |gateway: &Gateway| gateway.metric("weir_connections_refused_total", &["reason=\"descriptors\""]);
    soon!(refused(&gateway) >= 1.0);
    // Many more come, over and over, and nobody spins or floods the log.
    let (begun, used) = (Instant::now(), cpu(gateway.pid()));
    while begun.elapsed() < Duration::from_secs(1) {
        fill(gateway.address, 50);
        probe(&gateway);
        std::thread::sleep(Duration::from_millis(20));
    }
    let spent = cpu(gateway.pid()) - used;
    assert!(spent < 0.5 * begun.elapsed().as_secs_f64(), "{spent} s of CPU in {:?}", begun.elapsed());
    gateway.says("client connections are refused");
    let lines = gateway.log().matches("client connections are refused").count();
    soon!((1..=3).contains(&lines), "{lines} lines for {} connections", refused(&gateway));
    let said = "limits.connections is 10000, but the process may have 160 files open";
    assert!(gateway.log().contains(said), "a limit that cannot be reached is said at the start");
    // Files are read on, too.
    gateway.write_config(&config_with(upstream.address, "retries = 0", "[models.new]\ntargets = [\"up/new\"]\n"));
    until("the change is live", || (gateway.metric("weir_reloads_total", &["live"]) == 1.0).then_some(()));
    drop(held);
    until("clients are served again", || {
        std::panic::catch_unwind(|| post(gateway.address, ACME, &chat("hi")).status == 200)
            .unwrap_or(false)
            .then_some(())
    });
    gateway.signal("TERM");
    assert!(gateway.wait().success());
}

#[test]
fn requests_that_use_up_the_descriptors_on_both_sides_leave_some_for_the_probes() {
    let upstream = Upstream::start(|_, _, stream| {
        support::upstream::wait_for_close(stream);
        false
    });
    let gateway = with_descriptors(&config(upstream.address), "-n 160");
    let body = chat("hi");
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let ask = |_| {
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        let _ = stream.write_all(request.as_bytes());
        stream
    };
    let _asking: Vec<TcpStream> = (0..150).map(ask).collect();
    until("some are upstream", || (upstream.seen().len() > 5).then_some(()));
    until("no descriptor is left for others", || {
        let refused = gateway.metric("weir_connections_refused_total", &["reason=\"descriptors\""]);
        (refused + gateway.metric("weir_upstream_connect_errors_total", &[]) >= 1.0).then_some(())
    });
    (0..20).for_each(|_| probe(&gateway));
    assert!(gateway.admin_get("/metrics").text().ends_with("# EOF\n"));
}

#[test]
fn admin_clients_that_hold_every_spare_descriptor_are_ended_for_a_probe() {
    let upstream = Upstream::chat();
    let gateway = with_descriptors(&config(upstream.address), "-n 160");
    let _clients = fill(gateway.address, 400);
    let connect = |_| TcpStream::connect(gateway.admin).unwrap();
    let _held: Vec<TcpStream> = (0..100).map(connect).collect();
    (0..10).for_each(|_| probe(&gateway));
}

#[test]
fn a_soft_limit_is_raised_as_far_as_it_may_be() {
    let gateway = with_descriptors(&demo_config(""), "-S -n 128");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", gateway.pid())).unwrap();
    let line: Vec<&str> =
        limits.lines().find(|line| line.starts_with("Max open files")).unwrap().split_whitespace().collect();
    assert_eq!(line[3], line[4], "soft and hard");
    assert_ne!(line[3], "128");
    assert_eq!(fill(gateway.address, 300).len(), 300);
}

#[test]
fn connections_beyond_the_limit_are_closed_counted_and_said_once() {
    let limits = "[limits]\nconnections = 3\n";
    let gateway = Gateway::start(&demo_config(limits));
    let held = fill(gateway.address, 3);
    assert_eq!(held.len(), 3);
    for _ in 0..200 {
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
    }
    soon_eq!(gateway.metric("weir_connections_refused_total", &["reason=\"limit\""]), 200.0);
    soon_eq!(gateway.metric("weir_connections_refused_total", &["reason=\"descriptors\""]), 0.0);
    let said =
        || gateway.log().matches("client connections are refused: there are as many as limits.connections").count();
    until("it is said", || (said() > 0).then_some(()));
    assert!(said() <= 3, "{}", said());
}
