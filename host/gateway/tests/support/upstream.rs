//! An upstream that answers what the test says, byte for byte, and remembers what it saw.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub head: String,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<String> {
        let lines = self.head.lines().filter_map(|l| l.split_once(':'));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim().to_owned()).next()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The upstream. Its threads end with the test's process.
pub struct Upstream {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    /// An upstream that runs `answer` for every request, with the number of the request (from 0) and the connection.
    /// `answer` says whether the connection may be used again.
    pub fn start(answer: impl Fn(usize, &Seen, &mut TcpStream) -> bool + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), answer)
    }

    /// The same at an address of the test's choice.
    pub fn on(
        listener: TcpListener,
        answer: impl Fn(usize, &Seen, &mut TcpStream) -> bool + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, all) = (Arc::new(answer), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, all) = (Arc::clone(&answer), Arc::clone(&all));
                std::thread::spawn(move || {
                    let mut writer = stream.try_clone().unwrap();
                    let mut reader = BufReader::new(stream);
                    while let Some(request) = read(&mut reader) {
                        let number = {
                            let mut all = all.lock().unwrap();
                            all.push(request.clone());
                            all.len() - 1
                        };
                        if !answer(number, &request, &mut writer) {
                            break;
                        }
                    }
                });
            }
        });
        Self { address, seen }
    }

    /// An upstream that answers every request with these bytes.
    pub fn fixed(response: impl Into<Vec<u8>>) -> Self {
        let response = response.into();
        Self::start(move |_, _, stream| stream.write_all(&response).is_ok())
    }

    /// An upstream that answers a chat like OpenAI does, with the text `hello` and usage 3 + 1.
    pub fn chat() -> Self {
        Self::fixed(ok("application/json", CHAT))
    }

    /// An upstream that answers with a stream of these pieces, one chunk each, and ends it well.
    pub fn stream(pieces: &[&str]) -> Self {
        let chunks: Vec<u8> = pieces.iter().flat_map(|piece| chunk(piece)).collect();
        Self::fixed([STREAM, &chunks, END].concat())
    }

    /// Answers, and streams two events when asked to.
    pub fn chat_or_stream() -> Self {
        Self::start(|_, seen, stream| {
            if seen.json()["stream"] != true {
                return stream.write_all(&ok("application/json", CHAT)).is_ok();
            }
            let events = [delta("one"), delta("two"), DONE.to_owned()].concat();
            stream.write_all(&[STREAM.to_vec(), chunk(&events), END.to_vec()].concat()).is_ok()
        })
    }

    /// Streams these pieces, each written by itself, and ends well.
    pub fn pieces(pieces: Vec<String>) -> Self {
        Self::start(move |_, _, stream| {
            stream.set_nodelay(true).unwrap();
            stream.write_all(STREAM).unwrap();
            pieces.iter().all(|piece| stream.write_all(&chunk(piece)).is_ok()) && stream.write_all(END).is_ok()
        })
    }

    /// Sends what the test says, when the test says it, and ends well when the test says no more.
    pub fn told() -> (Sender<String>, Self) {
        let (say, said) = channel::<String>();
        let said = Mutex::new(said);
        let upstream = Self::start(move |_, _, stream| {
            stream.set_nodelay(true).unwrap();
            stream.write_all(STREAM).unwrap();
            let said = said.lock().unwrap();
            said.iter().all(|piece| stream.write_all(&chunk(&piece)).is_ok()) && stream.write_all(END).is_ok()
        });
        (say, upstream)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// A whole answer.
pub const CHAT: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;

/// A response with a length.
pub fn ok(kind: &str, body: &str) -> Vec<u8> {
    status("200 OK", kind, body)
}

pub fn status(status: &str, kind: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The head of a stream.
pub const STREAM: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// One chunk.
pub fn chunk(data: &str) -> Vec<u8> {
    format!("{:x}\r\n{data}\r\n", data.len()).into_bytes()
}

/// Waits until the other side has closed the connection; whatever else it sends is thrown away.
pub fn wait_for_close(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(super::PATIENCE)).unwrap();
    let mut thrown = [0; 4096];
    loop {
        match stream.read(&mut thrown) {
            Ok(0) => return,
            Ok(_) => {}
            Err(why) if why.kind() == std::io::ErrorKind::ConnectionReset => return,
            Err(why) => panic!("not closed: {why}"),
        }
    }
}

/// Waits until the other end has read everything that was sent, so that what comes next comes in a read of its own: until
/// nothing waits in the queues of the kernel any more (proc(5), `/proc/net/tcp`).
pub fn wait_until_read(stream: &TcpStream) {
    let (Ok(own), Ok(other)) = (stream.local_addr(), stream.peer_addr()) else { return };
    let waits = |table: &str, ports: [u16; 2], queue: usize| {
        let row = table.lines().filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let port = |field: &str| u16::from_str_radix(field.rsplit_once(':')?.1, 16).ok();
            let found = [port(fields.get(1)?)?, port(fields.get(2)?)?] == ports;
            found.then(|| fields[4].split(':').nth(queue).unwrap().bytes().any(|digit| digit != b'0'))
        });
        // A connection that is gone has nothing that waits.
        row.into_iter().any(|waits| waits)
    };
    let start = Instant::now();
    loop {
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        if !waits(&table, [own.port(), other.port()], 0) && !waits(&table, [other.port(), own.port()], 1) {
            return;
        }
        assert!(start.elapsed() < super::PATIENCE, "the other end does not read");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The end of a chunked body.
pub const END: &[u8] = b"0\r\n\r\n";

/// An event with one piece of text.
pub fn delta(text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(
        "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{text}}},\"finish_reason\":null}}]}}\n\n"
    )
}

pub const USAGE: &str = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n";
pub const DONE: &str = "data: [DONE]\n\n";

fn read(reader: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut head = String::new();
    loop {
        let start = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if head[start..].trim().is_empty() {
            break;
        }
    }
    let mut seen = Seen { head, body: Vec::new() };
    let length = seen.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    seen.body.resize(length, 0);
    reader.read_exact(&mut seen.body).ok()?;
    Some(seen)
}
