use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::*;

const PATIENCE: Duration = Duration::from_secs(30);

fn connect(to: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(to).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// Asks for one answer and reads to the connection's end, or to `length` bytes.
fn ask(socket: &mut TcpStream, number: u32, length: u64) -> std::io::Result<String> {
    let stamp = crate::stamp::RequestStamp { run: 1, number };
    let body = String::from_utf8(crate::talk::body("m", false, stamp, 10)).unwrap();
    write!(socket, "POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    let mut answer = String::new();
    socket.take(length).read_to_string(&mut answer)?;
    Ok(answer)
}

fn script(request: &Request) -> Vec<Act> {
    match request.stamp.map(|stamp| stamp.number) {
        Some(0) => vec![Act::Send(Bytes::from_static(b"one")), Act::Wait(Duration::from_millis(1)), Act::Close],
        Some(1) => vec![Act::Reset],
        Some(2) => vec![Act::Send(Bytes::from_static(b"two"))],
        _ => vec![Act::Hang],
    }
}

#[test]
fn scripts_are_played_and_every_whole_request_is_in_the_journal_once() {
    let provider = FakeProvider::start(script).unwrap();
    assert_eq!(ask(&mut connect(provider.address), 0, 100).unwrap(), "one");
    assert_eq!(ask(&mut connect(provider.address), 1, 100).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let mut kept = connect(provider.address);
    for _ in 0..3 {
        assert_eq!(ask(&mut kept, 2, 3).unwrap(), "two", "several on one connection");
    }
    kept.write_all(b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nhalf").unwrap();
    drop(kept);
    let until = Instant::now() + PATIENCE;
    while provider.broken() == 0 {
        assert!(Instant::now() < until, "half a request is broken");
        thread::yield_now();
    }
    assert_eq!((provider.seen(), provider.numbers().len(), provider.most_attempts()), (5, 3, 3));
}

#[test]
fn who_hangs_answers_what_waited_once_it_is_well() {
    let provider = FakeProvider::start(script).unwrap();
    provider.turn(ProviderState::Hanging);
    let mut waiting = connect(provider.address);
    waiting.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(ask(&mut waiting, 2, 3).is_err(), "no answer");
    provider.turn(ProviderState::Well);
    waiting.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = [0; 3];
    waiting.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"two");
}

#[test]
fn who_is_deaf_closes_its_connections_and_answers_no_syn_until_it_is_well() {
    let provider = FakeProvider::start(script).unwrap();
    let mut open = connect(provider.address);
    assert_eq!(ask(&mut open, 2, 3).unwrap(), "two");
    provider.turn(ProviderState::Deaf);
    assert_eq!(open.read(&mut [0]).unwrap(), 0, "closed");
    let until = Instant::now() + PATIENCE;
    // Its door takes a moment to shut.
    while TcpStream::connect_timeout(&provider.address, Duration::from_millis(500)).is_ok() {
        assert!(Instant::now() < until, "it still answers");
    }
    provider.turn(ProviderState::Well);
    // Its door takes a moment to open, too: who came while it shut may be sent away.
    let until = Instant::now() + PATIENCE;
    while ask(&mut connect(provider.address), 2, 3).is_err() {
        assert!(Instant::now() < until, "it does not answer again");
    }
}
