//! One request and its answer's head on a connection of HTTP/1.1.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use weir_http::response::HeadReader;
use weir_net::READ;

use super::body::Http1Body;
use super::connection::{Http1Connection, Lost};

/// One request and the head of its answer.
pub(crate) struct Http1Exchange<'a> {
    connection: &'a Http1Connection,
    sent: bool,
    /// Whether a byte of an answer has come.
    heard: bool,
    reader: HeadReader,
}

impl<'a> Http1Exchange<'a> {
    /// Begins an exchange; its request goes out with the first poll.
    pub(crate) fn on(connection: &'a Http1Connection) -> Self {
        Self { connection, sent: false, heard: false, reader: HeadReader::default() }
    }

    /// Sends `request`, which is emptied as soon as some of it may have gone out, and waits for the answer's head.
    pub(crate) fn poll(
        &mut self,
        request: &mut Request<Bytes>,
        host: &HeaderValue,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<Http1Body>, Lost>> {
        if !self.sent {
            if let Err(lost) = self.connection.start(request, host, cx) {
                return Poll::Ready(Err(lost));
            }
            self.sent = true;
            self.reader.bodiless = *request.method() == Method::HEAD;
            *request.headers_mut() = HeaderMap::new();
            *request.body_mut() = Bytes::new();
            // No answer can be there yet, and whatever comes wakes this task.
            return Poll::Pending;
        }
        loop {
            let read = match ready!(self.connection.poll_read(READ, cx)) {
                Ok(read) if !read.is_empty() => read,
                ended if self.heard => return Poll::Ready(Err(Lost::Closed(ended.err()))),
                ended => return Poll::Ready(Err(Lost::Silent(ended.err()))),
            };
            self.heard = true;
            let head = match self.connection.read_head(&mut self.reader, read) {
                Ok(Some(head)) => head,
                Ok(None) => continue,
                Err(invalid) => return Poll::Ready(Err(Lost::Invalid(invalid.why()))),
            };
            let mut response = Response::new(Http1Body::new(head.framing, self.reader.take_rest()));
            *response.status_mut() = head.status;
            *response.version_mut() = head.version;
            *response.headers_mut() = head.headers;
            return Poll::Ready(Ok(response));
        }
    }
}
