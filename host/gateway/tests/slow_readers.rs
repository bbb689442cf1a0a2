//! Who reads is waited for, however slowly: a client is given up for what it does not take, and not for what its
//! answer's last megabytes, which lie in the kernel's hands, keep it from doing.

use crate::support::frames::{
    ACK, DATA, END_HEADERS, END_STREAM, Got, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame, head,
    next,
};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use crate::support::{ACME, Gateway, PATIENCE, chat, chat_stream, config_with, until};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// More than sockets' buffers take in, at both ends.
const LARGE: usize = 12 << 20;
/// What the gateway's socket takes in at once, and a slow client does not have before long.
const SMALLER: usize = 2 << 20;
/// How long a client may take nothing.
const TIME: Duration = Duration::from_secs(2);
/// A slow client reads so much at once, and so often: in [`TIME`] much less than what makes a socket writable again, and
/// much more than its kernel may put off an acknowledgement for.
const PIECE: usize = 16 << 10;
const PAUSE: Duration = Duration::from_millis(100);

/// A gateway that waits for [`TIME`], before an upstream whose answers are [`LARGE`], or [`SMALLER`] for `smaller`.
fn gateway(more: &str) -> (Upstream, Gateway) {
    let whole = |bytes| ok("application/json", &CHAT.replace("hello", &"x".repeat(bytes)));
    let (large, smaller) = (whole(LARGE), whole(SMALLER));
    let events: Vec<u8> = (0..LARGE >> 16).flat_map(|_| chunk(&delta(&"x".repeat(1 << 16)))).collect();
    let streamed = [STREAM, &events, &chunk(DONE), END].concat();
    let upstream = Upstream::start(move |_, seen, stream| {
        let json = seen.json();
        let answer = match json["stream"] == true {
            true => streamed.clone(),
            false if json["messages"][0]["content"] == "smaller" => smaller.clone(),
            false => large.clone(),
        };
        stream.write_all(&answer).is_ok()
    });
    let rest = format!("[limits]\nwrite_timeout = \"{}s\"\n{more}", TIME.as_secs());
    let gateway = Gateway::start(&config_with(upstream.address, "", &rest));
    (upstream, gateway)
}

fn ended(gateway: &Gateway, status: &str, how: &str) -> f64 {
    gateway.metric("weir_requests_total", &[&format!("status=\"{status}\""), &format!("ended=\"{how}\"")])
}

/// A client that reads slowly until a time, and quickly from there.
struct Slow {
    stream: TcpStream,
    until: Instant,
}

impl Slow {
    /// Slow for several times what a client may take nothing.
    fn connect(gateway: &Gateway) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        // What the client's kernel takes for it is little, so that what is taken is what is read.
        socket.set_recv_buffer_size(64 << 10).unwrap();
        socket.connect(&gateway.address.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, until: Instant::now() + TIME * 3 }
    }
}

impl Read for Slow {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        // Heads of frames are no pieces.
        if Instant::now() >= self.until || buf.len() < 16 {
            return self.stream.read(buf);
        }
        sleep(PAUSE);
        let piece = buf.len().min(PIECE);
        self.stream.read(&mut buf[..piece])
    }
}

fn ask(slow: &mut Slow, body: &str) {
    let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\n");
    write!(slow.stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
}

/// Reads until everything has come, as its last bytes tell.
fn all(slow: &mut Slow, end: &[u8]) -> usize {
    let (mut got, mut some) = (Vec::new(), vec![0; 1 << 20]);
    while !got.ends_with(end) {
        let count = slow.read(&mut some).unwrap_or_else(|why| panic!("{why} after {} bytes", got.len()));
        assert_ne!(count, 0, "cut after {} bytes", got.len());
        got.extend_from_slice(&some[..count]);
    }
    got.len()
}

#[test]
fn who_reads_slowly_over_http1_has_all_of_it_whole_and_streamed() {
    let (_upstream, gateway) = gateway("");
    let last = &CHAT.as_bytes()[CHAT.len() - 20..];
    std::thread::scope(|scope| {
        for (body, end) in [(chat("hi"), last), (chat_stream("hi"), END)] {
            let mut slow = Slow::connect(&gateway);
            scope.spawn(move || {
                ask(&mut slow, &body);
                assert!(all(&mut slow, end) > LARGE);
            });
        }
    });
    until("both are settled", || (ended(&gateway, "200", "complete") == 2.0).then_some(()));
    soon_eq!(gateway.metric("weir_requests_total", &[]), 2.0);
}

#[test]
fn who_has_read_slowly_and_stops_is_given_up_in_its_time() {
    let (_upstream, gateway) = gateway("");
    let mut slow = Slow::connect(&gateway);
    ask(&mut slow, &chat("hi"));
    let start = Instant::now();
    while start.elapsed() < TIME * 2 {
        assert_ne!(slow.read(&mut vec![0; PIECE]).unwrap(), 0, "cut while it was reading");
    }
    soon_eq!(gateway.metric("weir_in_flight", &[]), 1.0);
    until("it is given up", || (ended(&gateway, "499", "client_gone") == 1.0).then_some(()));
    soon_eq!(gateway.metric("weir_response_memory_bytes", &[]), 0.0);
}

/// Asks over HTTP/2, with windows of so many bytes for each stream, and one for the connection that is never in the way.
fn ask_http2(slow: &mut Slow, window: u32, bodies: &[String]) {
    let settings = [&[0, 4][..], &window.to_be_bytes()].concat();
    let room = frame(WINDOW_UPDATE, 0, 0, &(1_u32 << 30).to_be_bytes());
    slow.stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &settings), &room].concat()).unwrap();
    let bearer = format!("Bearer {ACME}");
    let fields = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    for (stream, body) in (1..).step_by(2).zip(bodies) {
        let head = frame(HEADERS, END_HEADERS, stream, &head("POST", "/v1/chat/completions", &fields));
        slow.stream.write_all(&[head, frame(DATA, END_STREAM, stream, body.as_bytes())].concat()).unwrap();
    }
}

/// What came of streams: how much of each, and how many are over.
#[derive(Default)]
struct Came {
    bytes: BTreeMap<u32, usize>,
    whole: Vec<u32>,
    reset: Vec<u32>,
}

/// Reads until this is so, as a client that answers each `PING`, and gives each of these streams room for what it has read.
fn read_http2(slow: &mut Slow, served: &[u32], until: impl Fn(&Came) -> bool) -> Came {
    let mut came = Came::default();
    while !until(&came) {
        let Some(Got { kind, flags, stream, payload }) = next(slow) else { panic!("cut: {:?}", came.bytes) };
        match kind {
            DATA => {
                *came.bytes.entry(stream).or_default() += payload.len();
                if flags & END_STREAM != 0 {
                    came.whole.push(stream);
                } else if served.contains(&stream) && !payload.is_empty() {
                    let room = u32::try_from(payload.len()).unwrap().to_be_bytes();
                    let _ = slow.stream.write_all(&frame(WINDOW_UPDATE, 0, stream, &room));
                }
            }
            RST_STREAM => came.reset.push(stream),
            PING if flags & ACK == 0 => slow.stream.write_all(&frame(PING, ACK, 0, &payload)).unwrap(),
            _ => {}
        }
    }
    came
}

#[test]
fn who_reads_slowly_over_http2_has_all_of_it_whatever_its_windows_are() {
    // It asks for a sign of life after a second, and hears nothing of it for longer than that may take.
    let (_upstream, gateway) = gateway("keep_alive_timeout = \"2s\"\nhead_timeout = \"2s\"\n");
    let both = [chat("hi"), chat_stream("hi")];
    std::thread::scope(|scope| {
        for (window, bodies) in [(1 << 30, &both[..1]), (1 << 30, &both[1..]), (1 << 20, &both), (1 << 30, &both)] {
            let mut slow = Slow::connect(&gateway);
            scope.spawn(move || {
                ask_http2(&mut slow, window, bodies);
                let came = read_http2(&mut slow, &[1, 3], |came| came.whole.len() == bodies.len());
                assert!(came.bytes.values().all(|bytes| *bytes > LARGE), "{window}: {:?}", came.bytes);
            });
        }
    });
    until("all are settled", || (ended(&gateway, "200", "complete") == 6.0).then_some(()));
    soon_eq!(gateway.metric("weir_requests_total", &[]), 6.0);
}

#[test]
fn a_connection_is_not_idle_while_its_client_still_takes_what_was_sent() {
    let (_upstream, gateway) = gateway("keep_alive_timeout = \"2s\"\n");
    let mut slow = Slow::connect(&gateway);
    ask_http2(&mut slow, 1 << 30, &[chat("smaller")]);
    // For the gateway that is soon the end, and for the client it is not.
    let came = read_http2(&mut slow, &[1], |came| came.whole.len() == 1);
    assert!(came.bytes[&1] > SMALLER);
    until("it is idle then", || (gateway.metric("weir_connections", &[]) == 0.0).then_some(()));
}

#[test]
fn a_stream_that_gets_no_window_is_reset_beside_one_that_is_read_slowly() {
    let (_upstream, gateway) = gateway("");
    let mut slow = Slow::connect(&gateway);
    ask_http2(&mut slow, 200_000, &[chat("hi"), chat("hi")]);
    let came = read_http2(&mut slow, &[1], |came| came.whole.len() + came.reset.len() == 2);
    assert_eq!((came.whole, came.reset), (vec![1], vec![3]));
    assert_eq!((came.bytes[&1] > LARGE, came.bytes[&3]), (true, 200_000));
    until("both are settled", || (ended(&gateway, "499", "client_gone") == 1.0).then_some(()));
    until("both are settled", || (ended(&gateway, "200", "complete") == 1.0).then_some(()));
}

#[test]
fn who_has_read_slowly_over_http2_and_stops_loses_its_connection_in_its_time() {
    let (_upstream, gateway) = gateway("");
    let mut slow = Slow::connect(&gateway);
    ask_http2(&mut slow, 1 << 30, &[chat("hi"), chat_stream("hi")]);
    let start = Instant::now();
    read_http2(&mut slow, &[], |_| start.elapsed() >= TIME * 2);
    soon_eq!(gateway.metric("weir_in_flight", &[]), 2.0);
    until("they are given up", || (ended(&gateway, "499", "client_gone") == 2.0).then_some(()));
    until("nothing is held", || (gateway.metric("weir_connections", &[]) == 0.0).then_some(()));
}
