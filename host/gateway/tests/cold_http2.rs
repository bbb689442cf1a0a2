//! HTTP/2 from cold: few connections are opened before the first has told what it is, and what an upstream allows is kept
//! to.

use crate::support;

use crate::support::tls::{Authority, Rules};
use crate::support::upstream::CHAT;
use crate::support::{ACME, Gateway, chat, config_with, post};
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

/// An upstream that speaks HTTP/2 over TLS, allows so many streams on a connection, and takes a moment for each answer.
fn upstream(authority: &Authority, alpn: &[&str], streams: u32) -> (SocketAddr, Arc<Counts>) {
    let acceptor = TlsAcceptor::from(support::tls::config(authority, &Rules { alpn, ..Rules::default() }));
    let counts = Arc::new(Counts::default());
    let all = Arc::clone(&counts);
    let address = support::h2::listen(move |stream| {
        all.connections.fetch_add(1, SeqCst);
        serve(acceptor.clone(), stream, streams, Arc::clone(&all))
    });
    (address, counts)
}

async fn serve(acceptor: TlsAcceptor, stream: tokio::net::TcpStream, streams: u32, counts: Arc<Counts>) {
    // Whoever connects is kept waiting, so that all requests are there before the first connection is.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = hyper::service::service_fn(move |_: http::Request<hyper::body::Incoming>| {
        let counts = Arc::clone(&counts);
        async move {
            counts.most.fetch_max(counts.now.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            counts.now.fetch_sub(1, SeqCst);
            Ok::<_, std::convert::Infallible>(support::h2::answer("application/json", CHAT))
        }
    });
    let io = hyper_util::rt::TokioIo::new(stream);
    if is_h2 {
        let mut builder = hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
        let _ = builder.max_concurrent_streams(streams).serve_connection(io, service).await;
    } else {
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
    }
}

/// A hundred requests at once; how many of them were answered.
fn burst(gateway: &Gateway) -> usize {
    let address = gateway.address;
    let asking: Vec<_> =
        (0..100).map(|_| std::thread::spawn(move || post(address, ACME, &chat("hi")).status)).collect();
    asking.into_iter().map(|asking| asking.join().unwrap()).filter(|status| *status == 200).count()
}

fn gateway(address: SocketAddr, authority: &Authority) -> Gateway {
    let lines = "retries = 0\nca_file = \"ca.pem\"\nwait_timeout = \"30s\"\nconnect_timeout = \"30s\"";
    let config = config_with(address, lines, "").replace("workers = 2", "workers = 1");
    let config = config.replace(&format!("http://{address}"), &format!("https://{address}"));
    Gateway::start_with(&config, |plugins| fs::write(plugins.join("../ca.pem"), authority.pem()).unwrap())
}

#[test]
fn a_burst_opens_few_connections_to_an_upstream_that_speaks_http2() {
    let authority = Authority::new();
    let (address, counts) = upstream(&authority, &["h2", "http/1.1"], 100);
    let gateway = gateway(address, &authority);
    assert_eq!(burst(&gateway), 100);
    assert!(counts.connections.load(SeqCst) <= 2, "{} connections", counts.connections.load(SeqCst));
    soon_eq!(gateway.metric("weir_upstream_errors_total", &[]), 0.0);
}

#[test]
fn no_stream_is_sent_that_is_not_allowed_and_so_none_is_refused() {
    let authority = Authority::new();
    let (address, counts) = upstream(&authority, &["h2"], 20);
    let gateway = gateway(address, &authority);
    assert_eq!(burst(&gateway), 100);
    let connections = counts.connections.load(SeqCst);
    assert!((1..=6).contains(&connections), "{connections} connections for what five carry");
    assert!(counts.most.load(SeqCst) <= 20 * connections, "{} at once", counts.most.load(SeqCst));
    soon_eq!(gateway.metric("weir_upstream_recovered_total", &[]), 0.0, "nothing was refused and sent again");
    soon_eq!(gateway.metric("weir_upstream_errors_total", &[]), 0.0);
}

#[test]
fn a_burst_at_an_upstream_that_turns_out_to_speak_http1_is_served_by_as_many_connections_as_it_needs() {
    let authority = Authority::new();
    let (address, counts) = upstream(&authority, &["http/1.1"], 0);
    let gateway = gateway(address, &authority);
    assert_eq!(burst(&gateway), 100);
    assert!(counts.most.load(SeqCst) > 2, "{} at once", counts.most.load(SeqCst));
}
