//! What a gateway sends: a head and a body of a stated length, one after the other on a connection.

use std::io;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::stamp::RequestStamp;

/// A head is shorter than this, or it is none.
const HEAD: usize = 64 << 10;
/// A body is shorter than this, or it is not read.
const BODY: usize = 64 << 20;

/// One request, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// Its number, if it carries one.
    pub(crate) stamp: Option<RequestStamp>,
    /// Whether it asks for a stream.
    pub(crate) stream: bool,
    /// How often it had come before.
    pub(crate) before: u32,
}

/// What came up to the next request's end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    Request(Request),
    /// The other side closed between two requests.
    End,
    /// It ended within one, or sent something else.
    Broken,
}

/// Reads the next request; what came behind it stays in `held`.
pub(super) async fn read(socket: &mut TcpStream, held: &mut Vec<u8>) -> Came {
    loop {
        match whole(held) {
            Ok(Some((request, length))) => {
                held.drain(..length);
                return Came::Request(request);
            }
            Ok(None) => {}
            Err(()) => return Came::Broken,
        }
        match socket.read_buf(held).await {
            Ok(0) if held.is_empty() => return Came::End,
            Ok(0) => return Came::Broken,
            Err(error) if held.is_empty() && error.kind() == io::ErrorKind::ConnectionReset => return Came::End,
            Err(_) => return Came::Broken,
            Ok(_) => {}
        }
    }
}

/// The request at the start of `bytes` and its length, if it is whole.
fn whole(bytes: &[u8]) -> Result<Option<(Request, usize)>, ()> {
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut head = httparse::Request::new(&mut fields);
    let start = match head.parse(bytes).map_err(|_| ())? {
        httparse::Status::Complete(start) => start,
        httparse::Status::Partial if bytes.len() > HEAD => return Err(()),
        httparse::Status::Partial => return Ok(None),
    };
    let length = head.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-length"));
    let length =
        length.map_or(Ok(0), |field| std::str::from_utf8(field.value).map_err(|_| ())?.parse().map_err(|_| ()));
    let length: usize = length?;
    if length > BODY {
        return Err(());
    }
    let Some(body) = bytes.get(start..start + length) else { return Ok(None) };
    let path = head.path.unwrap_or_default().to_owned();
    Ok(Some((Request { path, stamp: RequestStamp::find(body), stream: asks_stream(body), before: 0 }, start + length)))
}

/// Whether a body asks for a stream: a look at its fields, which a gateway may have written in any order and spacing.
fn asks_stream(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Ask {
        #[serde(default)]
        stream: bool,
    }
    serde_json::from_slice(body).is_ok_and(|ask: Ask| ask.stream)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn request(body: &str) -> String {
        format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    #[test]
    fn a_request_is_whole_with_the_last_byte_of_its_body() {
        let stamp = RequestStamp { run: 1, number: 7 };
        let text = String::from_utf8(stamp.text().to_vec()).unwrap();
        let one = request(&format!(r#"{{"stream" : true, "x":"{text}"}}"#));
        for end in 0..one.len() {
            assert_eq!(whole(one.get(..end).unwrap().as_bytes()), Ok(None), "{end}");
        }
        let two = format!("{one}{}", request("{}"));
        let (first, length) = whole(two.as_bytes()).unwrap().unwrap();
        assert_eq!((first.stamp, first.stream, length), (Some(stamp), true, one.len()));
        assert_eq!(first.path, "/v1/chat/completions");
        let (second, _) = whole(two.get(length..).unwrap().as_bytes()).unwrap().unwrap();
        assert_eq!((second.stamp, second.stream), (None, false));
    }

    #[test]
    fn what_is_no_request_is_not_waited_for() {
        assert_eq!(whole(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Err(()));
        assert_eq!(whole(b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n"), Err(()));
        assert_eq!(whole(format!("GET /{} ", "a".repeat(HEAD)).as_bytes()), Err(()));
    }
}
