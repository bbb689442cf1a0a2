//! Requests of plugins to the outside: one address, one connection, one answer.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use weir_config::Authorities;
use weir_upstream::{Egress, EgressError, EgressSetupError};

/// Longer than any test should take; only a hang meets it.
const HANG: Duration = Duration::from_secs(30);

/// A service that reads a head, answers these bytes, and closes. What it was asked comes out of the channel, and when it
/// is to wait, so does an empty text once the other side has closed.
async fn service(answer: &'static str, waits: bool) -> (SocketAddr, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (say, said) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            say.send(head(&mut stream).await).unwrap();
            if waits {
                assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
                say.send(String::new()).unwrap();
            } else {
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    });
    (address, said)
}

async fn head(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn get(egress: &Egress, url: &str, most: usize) -> Result<Response<Bytes>, EgressError> {
    egress.send(Request::get(url).body(Bytes::new()).unwrap(), most, HANG).await
}

fn inside() -> Egress {
    Egress::new(true, None).unwrap()
}

#[tokio::test]
async fn a_request_goes_out_in_origin_form_with_host_by_name_and_says_that_it_is_the_last() {
    let (address, mut said) = service("HTTP/1.1 200 OK\r\nX-A: 1\r\ncontent-length: 4\r\n\r\nfine", false).await;
    let url = format!("http://localhost:{}/a/b?c=d", address.port());
    let request = Request::post(&url).header("x-b", "2").body(Bytes::from_static(b"body")).unwrap();
    let answer = inside().send(request, 4, HANG).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &b"fine"[..]));
    assert_eq!(answer.headers()["x-a"], "1");
    let head = said.recv().await.unwrap().to_ascii_lowercase();
    let mut lines: Vec<&str> = head.trim_end().lines().collect();
    assert_eq!(lines.remove(0), "post /a/b?c=d http/1.1");
    lines.sort_unstable();
    let host = format!("host: localhost:{}", address.port());
    assert_eq!(lines, ["connection: close", "content-length: 4", host.as_str(), "x-b: 2"]);
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let (address, _said) =
        service("HTTP/1.1 307 Over There\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", false).await;
    let answer = get(&inside(), &format!("http://{address}/"), 0).await.unwrap();
    assert_eq!(answer.status().as_u16(), 307);
    assert_eq!(answer.headers()["location"], "http://127.0.0.1:1/");
}

#[tokio::test]
async fn an_answer_is_whole_or_none() {
    let cases = [
        ("HTTP/1.1 200 OK\r\n\r\nto the end", Ok("to the end")),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", Ok("abc")),
        ("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na", Ok("a")),
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n123456789", Ok("")),
        ("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n123456789ab", Err(EgressError::TooLarge)),
        ("HTTP/1.1 200 OK\r\n\r\n123456789ab", Err(EgressError::TooLarge)),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\n123456789ab\r\n0\r\n\r\n",
            Err(EgressError::TooLarge),
        ),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n", Ok("")),
        ("no HTTP\r\n\r\n", Ok("")),
        ("", Ok("")),
    ];
    for (answer, wanted) in cases {
        let (address, _said) = service(answer, false).await;
        let found = get(&inside(), &format!("http://{address}/"), 10).await.map(|answer| answer.into_body());
        match wanted {
            Ok("") => assert!(matches!(found, Err(EgressError::Broken(_))), "{answer:?}: {found:?}"),
            wanted => assert_eq!(found, wanted.map(Bytes::from), "{answer:?}"),
        }
    }
}

#[tokio::test]
async fn a_head_is_bounded() {
    let long = format!("HTTP/1.1 200 OK\r\nx-a: {}\r\ncontent-length: 0\r\n\r\n", "x".repeat(70_000)).leak();
    let many = format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", "x-a: 1\r\n".repeat(200)).leak();
    for answer in [&*long, &*many] {
        let (address, _said) = service(answer, false).await;
        assert_eq!(get(&inside(), &format!("http://{address}/"), 10).await.map(|_| ()), Err(EgressError::TooLarge));
    }
}

#[tokio::test]
async fn a_time_out_and_a_caller_that_goes_away_close_the_connection() {
    let (address, mut said) = service("", true).await;
    let (egress, url) = (inside(), format!("http://{address}/"));
    let late = egress.send(Request::get(&url).body(Bytes::new()).unwrap(), 1, Duration::from_millis(50)).await;
    assert_eq!(late.map(|_| ()), Err(EgressError::Timeout));
    assert!(said.recv().await.unwrap().starts_with("GET / "));
    assert_eq!(said.recv().await.unwrap(), "");
    {
        let mut asking = std::pin::pin!(get(&egress, &url, 1));
        let asked = tokio::select! {
            answer = &mut asking => panic!("{answer:?}"),
            asked = said.recv() => asked.unwrap(),
        };
        assert!(asked.starts_with("GET / "));
    }
    assert_eq!(said.recv().await.unwrap(), "");
}

#[tokio::test]
async fn what_does_not_listen_or_does_not_resolve_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = get(&inside(), &format!("http://{address}/"), 1).await;
    assert!(matches!(refused, Err(EgressError::Connect(std::io::ErrorKind::ConnectionRefused))), "{refused:?}");
    // Too long to be a name, so that no resolver is asked.
    let nowhere = get(&inside(), &format!("http://{}.invalid/", "a".repeat(300)), 1).await;
    assert!(matches!(nowhere, Err(EgressError::Unresolved(_))), "{nowhere:?}");
    assert_eq!(get(&inside(), "/path", 1).await.map(|_| ()), Err(EgressError::BadTarget));
}

fn authorities(file: &std::path::Path) -> Authorities {
    Authorities::new(file, std::fs::read(file).unwrap())
}

/// A TLS service for `localhost` that says which name it was asked for, and a file with its authority's certificate.
async fn tls() -> (SocketAddr, tempfile::NamedTempFile) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(vec![]).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(authority.self_signed(&authority_key).unwrap().pem().as_bytes()).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let cert = params.signed_by(&key, &issuer).unwrap();
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(crypto).with_safe_default_protocol_versions().unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let name = stream.get_ref().1.server_name().unwrap_or("nobody").to_owned();
            head(&mut stream).await;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{name}", name.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            // No farewell: a body with a length needs none.
        }
    });
    (address, file)
}

#[tokio::test]
async fn tls_is_by_name_and_trusts_the_operators_authorities_alone() {
    let (address, file) = tls().await;
    let trusting = Egress::new(true, Some(&authorities(file.path()))).unwrap();
    let url = |host: &str| format!("https://{host}:{}/", address.port());
    let answer = get(&trusting, &url("localhost"), 100).await.unwrap();
    assert_eq!(&answer.body()[..], b"localhost");
    let failed = |answer: Result<Response<Bytes>, EgressError>| match answer {
        Err(EgressError::Tls(why)) => why,
        other => panic!("{other:?}"),
    };
    assert!(failed(get(&trusting, &url("127.0.0.1"), 100).await).contains("not valid for name"));
    assert!(failed(get(&inside(), &url("localhost"), 100).await).contains("UnknownIssuer"));
}

#[tokio::test]
async fn a_file_without_authorities_is_refused_by_its_name() {
    for pem in ["nothing", "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error = Egress::new(false, Some(&Authorities::new("/some/where.pem", pem.as_bytes()))).unwrap_err();
        assert!(matches!(error, EgressSetupError::CaFile { .. }), "{error}");
        assert!(error.to_string().contains("/some/where.pem"), "{error}");
    }
}
