//! Names, addresses, TLS.

use crate::support::{
    Notes, ask, assert_about, at, blames_upstream, eventually, may_retry, paused_worker, post, provider, raw, send,
    text, upstream, was_sent, worker,
};
use http::Version;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::io::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use weir_config::{Authorities, Http2, ProviderConfig, ProviderKind};
use weir_upstream::{AttemptError, ConnectionPool, HostNames, Upstream, UpstreamError, Which};

/// What a TLS upstream with its own certificate authority needs, and a file that holds the authority's certificate.
fn identity(alpn: &'static [&'static str]) -> (TlsAcceptor, tempfile::NamedTempFile) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(vec![]).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_cert = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let cert = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(authority_cert.pem().as_bytes()).unwrap();

    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![cert.der().clone()],
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    (TlsAcceptor::from(Arc::new(config)), file)
}

/// A TLS upstream that wants to see a certificate of whoever connects, and hangs up if there is none.
async fn mutual(
    alpn: &'static [&'static str],
    version: &'static rustls::SupportedProtocolVersion,
) -> (ProviderConfig, SocketAddr) {
    let (acceptor, ca) = identity(&[]);
    let mut roots = rustls::RootCertStore::empty();
    let pem = std::fs::read(ca.path()).unwrap();
    for certificate in
        <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::pem_slice_iter(&pem)
    {
        roots.add(certificate.unwrap()).unwrap();
    }
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto.clone());
    let mut config = rustls::ServerConfig::builder_with_provider(crypto)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_cert_resolver(acceptor.config().cert_resolver.clone());
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let address = raw(move |_, peer| {
        let acceptor = acceptor.clone();
        async move { assert!(acceptor.accept(peer.stream).await.is_err(), "nobody has a certificate here") }
    })
    .await;
    let http2 = if alpn.contains(&"h2") { Http2::Always } else { Http2::Never };
    (over_tls(address, "localhost", &ca, http2), address)
}

#[test]
fn an_upstream_that_wants_our_certificate_has_not_processed_the_request_whenever_it_says_so() {
    worker(async {
        for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
            for alpn in [&["h2"][..], &["http/1.1"]] {
                let (provider, address) = mutual(alpn, version).await;
                let up = dialled_at(&provider, address);
                for length in [2, 100_000] {
                    let request = post(&up, vec![b'x'; length]);
                    let error = ConnectionPool::new(1).send(&up, request, up.deadlines()).await.unwrap_err();
                    let AttemptError::Tls(failure) = &error else { panic!("{version:?} {alpn:?}: {error:?}") };
                    assert!(may_retry(&error) && !was_sent(&error));
                    assert!(matches!(failure.kind(), "client_certificate" | "protocol"), "{failure:?}");
                }
                assert!(up.trouble()[0].contains("TLS is not agreed: received fatal alert"), "{:?}", up.trouble());
                assert_eq!(up.tls_failures().map(|(_, count)| count).sum::<u64>(), 2);
                eventually("nothing is left of it", || up.stats().open() == 0).await;
            }
        }
    });
}

/// A TLS upstream, and a file that holds its authority's certificate.
async fn tls(alpn: &'static [&'static str]) -> (SocketAddr, tempfile::NamedTempFile) {
    let (acceptor, file) = identity(alpn);
    let address = raw(move |number, peer| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(peer.stream).await else { return };
            let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let service = service_fn(move |request: http::Request<hyper::body::Incoming>| async move {
                let version = request.version();
                let host = request.headers().get("host").map(|h| h.to_str().unwrap().to_owned());
                let named = host.or(request.uri().authority().map(ToString::to_string)).unwrap();
                let body = request.into_body().collect().await?.to_bytes();
                let text = format!("{number} {version:?} {} {}", named.split(':').next().unwrap(), body.len());
                Ok::<_, hyper::Error>(http::Response::new(Full::new(bytes::Bytes::from(text))))
            });
            let io = TokioIo::new(stream);
            if h2 {
                let _ =
                    hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await;
            } else {
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
            }
        }
    })
    .await;
    (address, file)
}

fn over_tls(address: SocketAddr, host: &str, ca: &tempfile::NamedTempFile, http2: Http2) -> ProviderConfig {
    let mut provider = provider(format!("https://{host}:{}", address.port()));
    provider.ca_file = Some(Authorities::new(ca.path(), std::fs::read(ca.path()).unwrap()));
    provider.http2 = http2;
    provider
}

fn dialled_at(provider: &ProviderConfig, address: SocketAddr) -> Arc<Upstream> {
    Upstream::new(provider, Some(address), &HostNames::default()).unwrap()
}

#[test]
fn over_tls_the_upstreams_preference_decides_the_protocol() {
    worker(async {
        for (alpn, http2, spoken) in [
            (&["h2", "http/1.1"][..], Http2::Auto, "HTTP/2.0"),
            (&["h2", "http/1.1"], Http2::Never, "HTTP/1.1"),
            (&["h2", "http/1.1"], Http2::Always, "HTTP/2.0"),
            (&["http/1.1"], Http2::Auto, "HTTP/1.1"),
            (&[], Http2::Auto, "HTTP/1.1"),
        ] {
            let (address, ca) = tls(alpn).await;
            let up = dialled_at(&over_tls(address, "localhost", &ca, http2), address);
            let pool = ConnectionPool::new(1);
            for _ in 0..3 {
                assert_eq!(ask(&pool, &up, "{}").await, format!("0 {spoken} localhost 2"));
            }
            assert_eq!(up.stats().created(), 1);
        }
    });
}

#[test]
fn an_upstream_without_http2_is_refused_when_http2_is_demanded() {
    worker(async {
        for alpn in [&["http/1.1"][..], &[]] {
            let (address, ca) = tls(alpn).await;
            let up = dialled_at(&over_tls(address, "localhost", &ca, Http2::Always), address);
            let error = send(&ConnectionPool::new(1), &up, "{}").await.unwrap_err();
            assert!(matches!(error, AttemptError::Tls(_)), "{error:?}");
        }
    });
}

#[test]
fn a_certificate_may_name_an_address() {
    worker(async {
        let (address, ca) = tls(&["http/1.1"]).await;
        let up = upstream(&over_tls(address, "127.0.0.1", &ca, Http2::Auto));
        assert_eq!(ask(&ConnectionPool::new(1), &up, "").await, "0 HTTP/1.1 127.0.0.1 0");
    });
}

#[test]
fn an_upstream_that_cannot_prove_who_it_is_gets_no_request() {
    worker(async {
        let (address, ca) = tls(&["http/1.1"]).await;
        let (_, other_ca) = tls(&["http/1.1"]).await;
        for (host, ca) in [("localhost", Some(&other_ca)), ("localhost", None), ("api.example", Some(&ca))] {
            let mut provider = over_tls(address, host, ca.unwrap_or(&other_ca), Http2::Auto);
            if ca.is_none() {
                provider.ca_file = None; // the public authorities
            }
            let up = dialled_at(&provider, address);
            let error = send(&ConnectionPool::new(1), &up, "{}").await.unwrap_err();
            assert!(matches!(error, AttemptError::Tls(_)), "{host}: {error:?}");
            assert!(may_retry(&error) && !was_sent(&error));
            assert_eq!((up.stats().connect_errors(), up.stats().open()), (1, 0));
        }
    });
}

#[test]
fn a_ca_file_without_a_certificate_is_refused_at_start() {
    let mut provider = provider("https://localhost");
    for pem in ["", "no certificate"] {
        provider.ca_file = Some(Authorities::new("/some/where.pem", pem.as_bytes()));
        let error = Upstream::new(&provider, None, &HostNames::default()).unwrap_err();
        assert!(matches!(error, UpstreamError::CaFile { .. }) && error.to_string().contains("/some/where.pem"));
    }
}

#[test]
fn a_header_that_no_message_may_hold_is_refused_at_start_without_showing_it() {
    let mut provider = provider("http://localhost");
    provider.api_key = Some(weir_config::Secret::new("sk-canary\r\nx: y"));
    let error = Upstream::new(&provider, None, &HostNames::default()).unwrap_err();
    assert!(matches!(error, UpstreamError::BadHeader { .. }));
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[test]
fn a_demo_provider_needs_no_url() {
    worker(async {
        let address = raw(|number, peer| peer.serve(number)).await;
        let mut provider = provider("");
        provider.kind = ProviderKind::Demo;
        let up = dialled_at(&provider, address);
        assert_eq!(up.authority(), address.to_string());
        assert_eq!(ask(&ConnectionPool::new(1), &up, "{}").await, "0");
    });
}

#[test]
fn a_refused_connection_is_known_at_once_and_safe_to_retry() {
    worker(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let (pool, up) = (ConnectionPool::new(1), upstream(&at(address)));
        for _ in 0..5 {
            let error = send(&pool, &up, "{}").await.unwrap_err();
            assert_eq!(error, AttemptError::Connect(std::io::ErrorKind::ConnectionRefused));
            assert!(may_retry(&error) && !was_sent(&error) && blames_upstream(&error));
        }
        assert_eq!((up.stats().connect_errors(), up.stats().open()), (5, 0));
    });
}

#[test]
fn a_handshake_that_hangs_meets_the_connect_deadline() {
    paused_worker(async {
        let address = raw(|_, mut peer| async move { peer.closed().await }).await;
        let mut provider = provider(format!("https://{address}"));
        provider.connect_timeout = Duration::from_secs(4);
        let up = upstream(&provider);
        let start = tokio::time::Instant::now();
        let error = send(&ConnectionPool::new(1), &up, "{}").await.unwrap_err();
        assert_eq!(error, AttemptError::Timeout(Which::Connect));
        assert!(may_retry(&error));
        assert_about(start, 4.0);
    });
}

#[test]
fn a_large_request_over_tls_arrives_whole() {
    worker(async {
        let (address, ca) = tls(&["http/1.1"]).await;
        let up = dialled_at(&over_tls(address, "localhost", &ca, Http2::Never), address);
        let pool = ConnectionPool::new(1);
        for length in [5_000_000, 20_000, 5_000_000] {
            let response = pool.send(&up, post(&up, vec![b'x'; length]), up.deadlines()).await.unwrap();
            assert_eq!(text(response).await.unwrap(), format!("0 HTTP/1.1 localhost {length}"));
            pool.close_idle(); // session tickets and the like are no hang-up
        }
        assert_eq!(up.stats().created(), 1);
    });
}

/// A TLS upstream that answers one request on each connection, then waits for the end of the stream, and notes how it
/// came; or hangs up itself when it is told to.
async fn answers_once(told: Rc<Notify>, ends: Notes<std::io::Result<usize>>) -> (SocketAddr, tempfile::NamedTempFile) {
    let (acceptor, ca) = identity(&[]);
    let address = raw(move |number, peer| {
        let (acceptor, told, ends) = (acceptor.clone(), told.clone(), ends.clone());
        async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut stream = acceptor.accept(peer.stream).await.unwrap();
            let mut buffer = [0; 4096];
            assert!(stream.read(&mut buffer).await.unwrap() > 0);
            stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}").as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            tokio::select! {
                end = stream.read(&mut buffer) => ends.borrow_mut().push(end),
                () = told.notified() => stream.shutdown().await.unwrap(),
            }
        }
    })
    .await;
    (address, ca)
}

#[test]
fn a_tls_connection_is_left_with_a_goodbye() {
    worker(async {
        let ends = Notes::default();
        let (address, ca) = answers_once(Rc::default(), ends.clone()).await;
        let up = dialled_at(&over_tls(address, "localhost", &ca, Http2::Never), address);
        let pool = ConnectionPool::new(1);
        assert_eq!(ask(&pool, &up, "{}").await, "0");
        drop(pool);
        eventually("the upstream hears of it", || !ends.borrow().is_empty()).await;
        assert!(matches!(ends.borrow()[..], [Ok(0)]), "{ends:?}");
    });
}

#[test]
fn a_tls_connection_that_outlives_its_worker_is_dropped_in_peace() {
    let pool = {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build_local(tokio::runtime::LocalOptions::default())
            .unwrap();
        runtime.block_on(async {
            let (address, ca) = tls(&["http/1.1"]).await;
            let up = dialled_at(&over_tls(address, "localhost", &ca, Http2::Never), address);
            let pool = ConnectionPool::new(1);
            ask(&pool, &up, "{}").await;
            pool
        })
    };
    drop(pool);
}

#[test]
fn a_tls_connection_that_the_upstream_closes_while_idle_is_not_used_again() {
    worker(async {
        let told = Rc::new(Notify::new());
        let (address, ca) = answers_once(told.clone(), Notes::default()).await;
        let up = dialled_at(&over_tls(address, "localhost", &ca, Http2::Never), address);
        let pool = ConnectionPool::new(1);
        assert_eq!(ask(&pool, &up, "{}").await, "0");
        told.notify_one();
        eventually("the sweep finds it", || {
            pool.close_idle();
            up.stats().open() == 0
        })
        .await;
        assert_eq!(ask(&pool, &up, "{}").await, "1");
    });
}

#[test]
fn a_tls_stream_cut_without_goodbye_is_not_an_end() {
    worker(async {
        // A close-delimited answer over TLS whose connection is cut: without close_notify nobody knows that it is whole.
        let (acceptor, ca) = identity(&[]);
        let address = raw(move |_, peer| {
            let acceptor = acceptor.clone();
            async move {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let mut stream = acceptor.accept(peer.stream).await.unwrap();
                let mut buffer = [0; 4096];
                assert!(stream.read(&mut buffer).await.unwrap() > 0);
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello").await.unwrap();
                stream.flush().await.unwrap();
                drop(stream); // TCP ends, TLS does not
            }
        })
        .await;
        let up = dialled_at(&over_tls(address, "localhost", &ca, Http2::Never), address);
        let response = send(&ConnectionPool::new(1), &up, "{}").await.unwrap();
        assert_eq!(response.version(), Version::HTTP_11);
        assert!(text(response).await.is_err());
        eventually("it is closed", || up.stats().open() == 0).await;
    });
}
