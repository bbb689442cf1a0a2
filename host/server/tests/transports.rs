//! A connection is served alike whatever carries it: TCP as it is, or TLS over it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use weir_http::ExtraHeaders;
use weir_http::head::HeadLimits;
use weir_net::Transport;
use weir_server::{
    ConnShared, Drainer, Handler, IncomingRequest, OutgoingResponse, RequestLimits, ResponseBody, ServerLimits, Settle,
    serve,
};

/// More than sockets and TLS keep of what is written.
const LARGE: usize = 16 << 20;
/// Longer than any of this should take; only a hang meets it.
const HANG: Duration = Duration::from_secs(60);

/// Says what was asked of it; `/large` many times over.
#[derive(Clone)]
struct Echo;

#[derive(Debug)]
struct NoExtra;

struct Unsettled;

impl ExtraHeaders for NoExtra {
    fn each(&self, _: impl FnMut(&'static str, &[u8])) {}

    fn add_to(&self, _: &mut HeaderMap) {}
}

impl Settle for Unsettled {
    fn awaits_client(&mut self, _: Instant) {}

    fn sent(self: Box<Self>) {}
}

impl Handler for Echo {
    type Held = ();
    type Extra = NoExtra;

    fn hold(&self) {}

    fn limits(&self, (): &()) -> RequestLimits {
        RequestLimits { head: HeadLimits { bytes: 32 << 10, headers: 100, secured: false }, read_ahead: 1 << 20 }
    }

    async fn handle(&self, (): (), mut request: IncomingRequest<'_>) -> OutgoingResponse<NoExtra> {
        let mut body = Vec::new();
        while let Some(data) = poll_fn(|cx| request.body.poll_data(cx)).await.unwrap() {
            body.extend_from_slice(&data);
        }
        let path = request.parts.uri.path();
        let said = format!("{path} {};", String::from_utf8(body).unwrap());
        let bytes = if path == "/large" { said.repeat(LARGE / said.len()) } else { said };
        OutgoingResponse {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            extra: None,
            body: ResponseBody::Whole(Bytes::from(bytes), Box::new(Unsettled)),
            is_from_model: false,
        }
    }
}

/// Both ends of TLS, one of which trusts the other.
fn tls() -> (TlsAcceptor, TlsConnector) {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) =
        (own.cert.der().clone(), PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap());
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&crypto))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (TlsAcceptor::from(Arc::new(server)), TlsConnector::from(Arc::new(client)))
}

/// Connects, over TLS or not, and serves the other end in a task of its own.
async fn connected(over_tls: bool) -> Transport {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (near, far) = (near.unwrap(), far.unwrap().0);
    let (near, far) = if over_tls {
        let (acceptor, connector) = tls();
        let name = ServerName::try_from("localhost").unwrap();
        let (near, far) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
        (Transport::Tls(Box::new(near.unwrap().into())), Transport::Tls(Box::new(far.unwrap().into())))
    } else {
        (Transport::Plain(near), Transport::Plain(far))
    };
    let limits = ServerLimits {
        head_timeout: HANG,
        keep_alive_timeout: HANG,
        write_timeout: HANG,
        h2_streams: 10,
        h2_control_frames: 1_000,
        head_bytes: 32 << 10,
    };
    let shared = Rc::new(ConnShared::new(Arc::default(), Arc::default()));
    let (drainer, drain) = Drainer::new();
    tokio::task::spawn_local(async move {
        serve(Echo, shared, limits, drain, far).await;
        drop(drainer);
    });
    near
}

/// What each of the two ways comes to.
fn both<T>(talk: impl AsyncFn(Transport) -> T) -> [T; 2] {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default()).unwrap();
    [false, true].map(|over_tls| runtime.block_on(within(async { talk(connected(over_tls).await).await })))
}

async fn within<T>(talk: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, talk).await.expect("the test hangs")
}

async fn until(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        read.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(read).unwrap()
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), words: &str) {
    stream.write_all(words.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

/// All but the date, which is another each second.
fn undated(answer: &str) -> Vec<String> {
    answer.split("\r\n").filter(|line| !line.starts_with("date: ")).map(str::to_owned).collect()
}

#[test]
fn http1_says_the_same_over_tls_as_over_tcp_and_all_of_it() {
    let [plain, tls] = both(async |mut stream: Transport| {
        say(&mut stream, "POST /one HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n").await;
        let go_on = until(&mut stream, "\r\n\r\n").await;
        say(&mut stream, "abc").await;
        let one = until(&mut stream, "/one abc;").await;
        say(&mut stream, "GET /large HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await;
        let mut large = String::new();
        stream.read_to_string(&mut large).await.unwrap();
        (go_on, undated(&one), undated(&large))
    });
    assert_eq!(plain.0, "HTTP/1.1 100 Continue\r\n\r\n");
    assert!(plain.2.last().is_some_and(|body| body.len() > LARGE - 20 && body.ends_with("/large ;")));
    assert!(plain == tls, "over TLS something else was said");
}

#[test]
fn http2_says_the_same_over_tls_as_over_tcp_and_all_of_it() {
    let [plain, tls] = both(async |stream: Transport| {
        let (mut sender, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::task::spawn_local(async move { connection.await.unwrap() });
        let request = Request::get("http://h/large").body(()).unwrap();
        let (answer, _) = sender.send_request(request, true).unwrap();
        let mut body = answer.await.unwrap().into_body();
        let mut read = Vec::new();
        while let Some(data) = body.data().await {
            let data = data.unwrap();
            body.flow_control().release_capacity(data.len()).unwrap();
            read.extend_from_slice(&data);
        }
        read
    });
    assert!(plain.len() > LARGE - 20 && plain.ends_with(b"/large ;"));
    assert!(plain == tls, "over TLS something else was said");
}
