//! HTTP/2 connections, each shared by as many users as it has streams.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

use super::answer::LoadAnswer;
use super::ask::LoadRequest;
use super::failure::LoadFailure;
use crate::local::LocalExecutor;
use crate::stamp::RequestStamp;

type Sender = SendRequest<Full<Bytes>>;

/// A connection that is opened by the first user who needs it, and anew if it breaks.
#[derive(Debug, Clone, Default)]
pub(super) struct H2Link {
    current: Rc<RefCell<Rc<OnceCell<Sender>>>>,
}

impl H2Link {
    /// One request and its whole answer; the answer's status.
    pub(super) async fn exchange(
        &self,
        ask: &LoadRequest,
        stamp: RequestStamp,
        answer: &mut LoadAnswer,
    ) -> Result<u16, LoadFailure> {
        let mut sender = self.sender(ask).await?;
        let response = sender.send_request(ask.request(stamp)).await.map_err(|error| failure(&error))?;
        let status = response.status().as_u16();
        answer.begin(ask.stream && status == 200);
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| failure(&error))?;
            if let Some(data) = frame.data_ref() {
                answer.take(data, Instant::now());
            }
        }
        Ok(status)
    }

    async fn sender(&self, ask: &LoadRequest) -> Result<Sender, LoadFailure> {
        let mut cell = Rc::clone(&self.current.borrow());
        if cell.get().is_some_and(Sender::is_closed) {
            let mut current = self.current.borrow_mut();
            if Rc::ptr_eq(&cell, &current) {
                *current = Rc::default();
            }
            cell = Rc::clone(&current);
        }
        let mut sender = cell.get_or_try_init(|| connect(ask)).await?.clone();
        sender.ready().await.map_err(|_| LoadFailure::Broken)?;
        Ok(sender)
    }
}

async fn connect(ask: &LoadRequest) -> Result<Sender, LoadFailure> {
    let socket = TcpStream::connect(ask.address).await.map_err(|_| LoadFailure::Connect)?;
    socket.set_nodelay(true).map_err(|_| LoadFailure::Connect)?;
    let (sender, connection) =
        http2::Builder::new(LocalExecutor).handshake(TokioIo::new(socket)).await.map_err(|error| failure(&error))?;
    // It ends with the last sender, or with the other side.
    tokio::task::spawn_local(async move {
        let _ended = connection.await;
    });
    Ok(sender)
}

fn failure(error: &hyper::Error) -> LoadFailure {
    if error.is_parse() { LoadFailure::Protocol } else { LoadFailure::Broken }
}
