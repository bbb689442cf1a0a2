//! An upstream that speaks HTTP/2 by hand, frame by frame: it says what no library would, and is silent where every
//! library would answer.

use super::frames::{self, ACK, END_HEADERS, END_STREAM, Got, PREFACE, frame};
use super::upstream::CHAT;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The upstream. Its threads end with the test's process.
pub struct H2Upstream {
    pub address: SocketAddr,
    connections: Arc<Mutex<Vec<Arc<Mutex<Vec<Got>>>>>>,
}

impl H2Upstream {
    /// An upstream that gives every connection, with its number from 0, to `serve`. Nothing was said on it yet.
    pub fn start(serve: impl Fn(usize, &mut Peer) + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), serve)
    }

    /// The same at an address of the test's choice.
    pub fn on(listener: TcpListener, serve: impl Fn(usize, &mut Peer) + Send + Sync + 'static) -> Self {
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(Mutex::new(Vec::new()));
        let (serve, all) = (Arc::new(serve), Arc::clone(&connections));
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
                let seen = Arc::new(Mutex::new(Vec::new()));
                all.lock().unwrap().push(Arc::clone(&seen));
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || {
                    stream.set_nodelay(true).unwrap();
                    serve(number, &mut Peer { stream, seen, mute: false });
                });
            }
        });
        Self { address, connections }
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.connections.lock().unwrap().len()
    }

    /// The frames that came on a connection.
    pub fn seen(&self, connection: usize) -> Vec<Got> {
        self.connections.lock().unwrap().get(connection).map_or_else(Vec::new, |seen| seen.lock().unwrap().clone())
    }

    /// How many frames of a type came on a connection, answers to ours left out.
    pub fn count(&self, connection: usize, kind: u8) -> usize {
        let is_ack = |got: &Got| matches!(got.kind, frames::PING | frames::SETTINGS) && got.flags & ACK != 0;
        self.seen(connection).iter().filter(|got| got.kind == kind && !is_ack(got)).count()
    }

    /// How many requests came in all.
    pub fn requests(&self) -> usize {
        (0..self.connections()).map(|n| self.count(n, frames::HEADERS)).sum()
    }
}

/// The upstream's end of a connection.
pub struct Peer {
    pub stream: TcpStream,
    seen: Arc<Mutex<Vec<Got>>>,
    /// Whether it reads on without a word, PINGs included.
    pub mute: bool,
}

impl Peer {
    /// Takes the client's preface and sends settings, which allow so many streams.
    pub fn shake_hands(&mut self, streams: u32) {
        let mut preface = [0; PREFACE.len()];
        if self.stream.read_exact(&mut preface).is_ok() {
            assert_eq!(preface, PREFACE);
            self.allow(streams);
        }
    }

    /// Allows so many streams from now on.
    pub fn allow(&mut self, streams: u32) {
        self.send(frames::SETTINGS, 0, 0, &[&[0, 3], &streams.to_be_bytes()[..]].concat());
    }

    /// Whether anybody listens still is the test's business.
    pub fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let _ = self.stream.write_all(&frame(kind, flags, stream, payload));
    }

    /// The next frame, answered as far as that is the protocol's business; nothing at the end of the connection.
    pub fn next(&mut self) -> Option<Got> {
        let got = frames::next(&mut self.stream)?;
        self.seen.lock().unwrap().push(got.clone());
        if !self.mute && got.flags & ACK == 0 && matches!(got.kind, frames::PING | frames::SETTINGS) {
            let payload: &[u8] = if got.kind == frames::PING { &got.payload } else { &[] };
            self.send(got.kind, ACK, 0, payload);
        }
        Some(got)
    }

    /// Waits for the end of the next request; the answer is its stream.
    pub fn request(&mut self) -> Option<u32> {
        loop {
            let got = self.next()?;
            if matches!(got.kind, frames::HEADERS | frames::DATA) && got.flags & END_STREAM != 0 {
                return Some(got.stream);
            }
        }
    }

    /// Answers a chat, as OpenAI does.
    pub fn answer(&mut self, stream: u32) {
        // `:status: 200` is in the table.
        let head = [vec![0x88], frames::field("content-type", "application/json")].concat();
        self.send(frames::HEADERS, END_HEADERS, stream, &head);
        self.send(frames::DATA, END_STREAM, stream, CHAT.as_bytes());
    }

    /// Refuses a request unprocessed (RFC 9113 section 8.7).
    pub fn refuse(&mut self, stream: u32) {
        self.send(frames::RST_STREAM, 0, stream, &7_u32.to_be_bytes());
    }

    /// Leaves; requests behind `last` were not looked at.
    pub fn go_away(&mut self, last: u32, why: u32) {
        self.send(frames::GOAWAY, 0, 0, &[last.to_be_bytes(), why.to_be_bytes()].concat());
    }

    /// Closes the connection in both directions.
    pub fn close(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Reads on without a word until the gateway closes.
    pub fn fall_silent(&mut self) {
        self.mute = true;
        while self.next().is_some() {}
    }

    /// Answers every request until the gateway closes.
    pub fn serve(&mut self) {
        while let Some(stream) = self.request() {
            self.answer(stream);
        }
    }
}
