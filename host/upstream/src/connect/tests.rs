#![allow(clippy::unwrap_used)]
use super::{dial, reason};
use crate::error::AttemptError;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::Instant;

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[test]
fn an_address_that_refuses_is_passed_over_for_the_next() {
    run(async {
        let (gone, refuses) = listener().await;
        drop(gone);
        let (_listens, good) = listener().await;
        let stream = dial(&[refuses, refuses, good], soon()).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        assert!(stream.nodelay().unwrap());
        assert_eq!(
            dial(&[refuses, refuses], soon()).await.unwrap_err(),
            AttemptError::Connect(io::ErrorKind::ConnectionRefused)
        );
    });
}

#[test]
fn without_an_address_nothing_is_dialled() {
    run(async {
        assert_eq!(dial(&[], soon()).await.unwrap_err(), AttemptError::Unresolved);
    });
}

#[test]
fn a_tls_failure_is_told_in_the_words_of_the_library() {
    let told = reason(&io::Error::new(io::ErrorKind::InvalidData, rustls::Error::DecryptError));
    assert_eq!(&*told, rustls::Error::DecryptError.to_string());
    assert_eq!(&*reason(&io::ErrorKind::UnexpectedEof.into()), "unexpected end of file");
}
