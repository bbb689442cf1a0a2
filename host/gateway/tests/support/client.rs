//! A client that writes what it is told, byte for byte, and reads what comes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// A response, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the body ended as its framing says.
    pub clean: bool,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// `error.code` of a refusal.
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The text of a whole chat answer.
    pub fn content(&self) -> String {
        self.json()["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
    }

    /// The data of each event of a stream.
    pub fn events(&self) -> Vec<String> {
        self.text().split("\n\n").filter_map(|e| e.strip_prefix("data: ").map(str::to_owned)).collect()
    }

    /// The text of a streamed chat answer.
    pub fn streamed(&self) -> String {
        let events = self.events();
        let json = events.iter().filter_map(|e| serde_json::from_str::<serde_json::Value>(e).ok());
        json.filter_map(|e| e["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
    }
}

/// Sends bytes and reads everything until the other side closes or nothing comes for a while.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(super::PATIENCE)).unwrap();
    // The gateway may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut out = Vec::new();
    let _ = stream.read_to_end(&mut out);
    out
}

/// One request on a connection of its own.
pub fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    write_request(&mut stream, method, path, headers, body);
    read_reply(&mut BufReader::new(stream))
}

pub fn write_request(stream: &mut TcpStream, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
    stream.set_read_timeout(Some(super::PATIENCE)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
}

pub fn get(address: SocketAddr, path: &str, token: Option<&str>) -> Reply {
    let bearer = token.map(|t| format!("Bearer {t}"));
    let headers: Vec<_> = bearer.iter().map(|b| ("authorization", b.as_str())).collect();
    send(address, "GET", path, &headers, b"")
}

/// A question to `/v1/chat/completions`.
pub fn post(address: SocketAddr, token: &str, body: &str) -> Reply {
    let bearer = format!("Bearer {token}");
    send(address, "POST", "/v1/chat/completions", &[("authorization", &bearer)], body.as_bytes())
}

/// Reads one response, by its length, its chunks, or to the end of the connection. Interim responses are skipped.
pub fn read_reply(reader: &mut BufReader<TcpStream>) -> Reply {
    let mut reply = read_head(reader);
    while reply.status == 100 {
        reply = read_head(reader);
    }
    if reply.status == 204 {
        // It has no body, and says nothing of one (RFC 9112 section 6.3).
    } else if reply.header("transfer-encoding").is_some() {
        reply.clean = read_chunks(reader, &mut reply.body);
    } else if let Some(length) = reply.header("content-length").and_then(|l| l.parse().ok()) {
        reply.body.resize(length, 0);
        reply.clean = reader.read_exact(&mut reply.body).is_ok();
    } else {
        let _ = reader.read_to_end(&mut reply.body);
    }
    reply
}

/// Reads the head of a response alone.
pub fn read_head(reader: &mut BufReader<TcpStream>) -> Reply {
    let line = read_line(reader);
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("no status: {line:?}"));
    let mut headers = Vec::new();
    while let Some((name, value)) = read_line(reader).trim_end().split_once(':') {
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    Reply { status, headers, body: Vec::new(), clean: true }
}

/// Reads a line, of which not everything has to be text.
fn read_line(reader: &mut BufReader<TcpStream>) -> String {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).unwrap();
    String::from_utf8_lossy(&line).into_owned()
}

/// Reads chunks into `body`; answers whether the last one came.
fn read_chunks(reader: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> bool {
    loop {
        match read_chunk(reader) {
            None => return false,
            Some(chunk) if chunk.is_empty() => return true,
            Some(chunk) => body.extend_from_slice(&chunk),
        }
    }
}

/// One chunk; empty if it is the last, nothing if the connection broke before.
fn read_chunk(reader: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut size = String::new();
    reader.read_line(&mut size).ok()?;
    let size = usize::from_str_radix(size.trim(), 16).ok()?;
    let mut chunk = vec![0; size + 2];
    reader.read_exact(&mut chunk).ok()?;
    chunk.truncate(size);
    Some(chunk)
}

/// A streamed answer, read event by event as the test wants.
pub struct Streaming {
    pub head: Reply,
    reader: BufReader<TcpStream>,
    buffer: Vec<u8>,
    /// Whether the body ended as its framing says; nothing while it has not ended.
    pub clean: Option<bool>,
}

impl Streaming {
    /// Asks for a chat and reads the head of the answer.
    pub fn open(address: SocketAddr, token: &str, body: &str) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        write_request(&mut stream, "POST", "/v1/chat/completions", &headers, body.as_bytes());
        let mut reader = BufReader::new(stream);
        let head = read_head(&mut reader);
        Self { head, reader, buffer: Vec::new(), clean: None }
    }

    /// The next event with its empty line, or the next comment; nothing at the end, however that came.
    pub fn next_event(&mut self) -> Option<String> {
        loop {
            let text = String::from_utf8_lossy(&self.buffer);
            if let Some(end) = text.find('\n').filter(|_| text.starts_with(':')) {
                let end = if text[end + 1..].starts_with('\n') { end + 2 } else { end + 1 };
                let comment = text[..end].to_owned();
                self.buffer.drain(..end);
                return Some(comment);
            }
            if let Some(end) = text.find("\n\n") {
                let event = text[..end + 2].to_owned();
                self.buffer.drain(..end + 2);
                return Some(event);
            }
            if self.clean.is_some() {
                return None;
            }
            match read_chunk(&mut self.reader) {
                None => self.clean = Some(false),
                Some(chunk) if chunk.is_empty() => self.clean = Some(true),
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
            }
        }
    }

    /// All events up to the end.
    pub fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.next_event()).collect()
    }
}
