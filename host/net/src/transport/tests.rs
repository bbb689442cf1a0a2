#![allow(clippy::unwrap_used)]
use super::{IdleState, Transport};
use std::future::poll_fn;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

async fn pair() -> (Transport, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    (Transport::Plain(near.unwrap()), far.unwrap().0)
}

#[tokio::test]
async fn a_look_at_an_idle_connection_tells_what_has_come_of_it_and_takes_nothing() {
    let (mut near, mut far) = pair().await;
    assert_eq!((near.peek(), near.peek_when_told()), (IdleState::Quiet, IdleState::Quiet));
    far.write_all(b"x").await.unwrap();
    poll_fn(|cx| near.poll_heard(cx)).await;
    assert_eq!((near.peek(), near.peek_when_told()), (IdleState::Bytes, IdleState::Bytes));
    let mut read = [0; 8];
    assert_eq!(near.read(&mut read).await.unwrap(), 1);
    assert_eq!(near.peek(), IdleState::Quiet);
    drop(far);
    assert_eq!(near.read(&mut read).await.unwrap(), 0);
    assert_eq!((near.peek(), near.peek_when_told()), (IdleState::Dead, IdleState::Dead));
}
