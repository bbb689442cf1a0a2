//! Why TLS with a provider is not agreed is said to the operator, and a handshake that failed costs no request.

use crate::support;

use crate::support::tls::{Authority, Rules, fixed};
use crate::support::upstream::{CHAT, Upstream, ok};
use crate::support::{ACME, Gateway, chat, config_with, post, until};
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use tokio_rustls::rustls::version::{TLS12, TLS13};

/// A gateway whose provider is at `https://127.0.0.1:…`, which trusts this authority, with `next` behind it.
fn gateway(address: SocketAddr, trusted: &Authority, next: Option<SocketAddr>) -> Gateway {
    let mut rest = String::new();
    if let Some(next) = next {
        rest = format!("[providers.next]\nkind = \"openai\"\nbase_url = \"http://{next}/v1\"\nretries = 0\n");
    }
    let config = config_with(address, "retries = 0\nca_file = \"ca.pem\"", &rest);
    let config = config.replace(&format!("http://{address}"), &format!("https://{address}"));
    let config = if next.is_some() { config.replace("[\"up/m\"]", "[\"up/m\", \"next/m\"]") } else { config };
    Gateway::start_with(&config, |plugins| fs::write(plugins.join("../ca.pem"), trusted.pem()).unwrap())
}

fn trouble(gateway: &Gateway) -> String {
    gateway.ready()["providers"][0]["trouble"].to_string()
}

/// An upstream that speaks no TLS, and says so in HTTP.
fn plain() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
            support::upstream::wait_for_close(&mut stream);
        }
    });
    address
}

#[test]
fn a_handshake_that_fails_is_told_in_words_and_counted_by_kind() {
    let (trusted, other) = (Authority::new(), Authority::new());
    let serve = |authority: &Authority, rules: &Rules<'_>| {
        fixed(support::tls::config(authority, rules), ok("application/json", CHAT))
    };
    let plain = plain();
    let cases = [
        (serve(&other, &Rules::default()), "untrusted", "UnknownIssuer", "/ca.pem (providers.up.ca_file) has signed"),
        (
            serve(&trusted, &Rules { names: &["else.example"], ..Rules::default() }),
            "wrong_name",
            "not valid for name",
            "name in providers.up.base_url a host that stands in it",
        ),
        (
            serve(&trusted, &Rules { until: Some((2020, 1, 1)), ..Rules::default() }),
            "expired",
            "expired",
            "this machine's clock",
        ),
        (
            plain,
            "not_tls",
            "corrupt message",
            "speaks no TLS: see to the port, or to https://, in providers.up.base_url",
        ),
    ];
    for (address, kind, words, mend) in cases {
        let gateway = gateway(address, &trusted, None);
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_unreachable"), "{kind}");
        assert!(!reply.text().contains(words), "the words are the operator's: {}", reply.text());
        until("the log says why", || gateway.log().contains(words).then_some(()));
        assert!(trouble(&gateway).contains(words), "{}", trouble(&gateway));
        for said in [gateway.log(), trouble(&gateway)] {
            assert!(said.contains(mend), "what to do is said with it: {said}");
        }
        soon_eq!(gateway.metric("weir_upstream_tls_failures_total", &[&format!("kind=\"{kind}\"")]), 1.0);
        soon_eq!(gateway.metric("weir_upstream_errors_total", &["kind=\"tls\""]), 1.0);
    }
}

#[test]
fn a_provider_that_demands_a_certificate_late_is_passed_over_for_the_next() {
    let trusted = Authority::new();
    for version in [&TLS13, &TLS12] {
        for alpn in [&[][..], &["h2"]] {
            let rules = Rules { mutual: true, versions: &[version], alpn, ..Rules::default() };
            let server = support::tls::config(&trusted, &rules);
            let (address, next) = (fixed(server, ok("application/json", CHAT)), Upstream::chat());
            let gateway = gateway(address, &trusted, Some(next.address));
            for n in 1..=3 {
                let reply = post(gateway.address, ACME, &chat("hi"));
                assert_eq!(
                    (reply.status, reply.header("x-weir-upstream")),
                    (200, Some("next/m")),
                    "{version:?} {alpn:?}"
                );
                assert_eq!(next.seen().len(), n);
            }
            soon_eq!(gateway.metric("weir_upstream_errors_total", &["kind=\"tls\""]), 3.0, "{version:?} {alpn:?}");
            soon_eq!(gateway.metric("weir_upstream_errors_total", &["kind=\"closed\""]), 0.0);
            assert!(trouble(&gateway).contains("received fatal alert"), "{}", trouble(&gateway));
            if *version == TLS13 {
                let kind = ["kind=\"client_certificate\""];
                soon_eq!(gateway.metric("weir_upstream_tls_failures_total", &kind), 3.0);
            }
        }
    }
}

#[test]
fn what_is_said_of_a_providers_tls_is_not_said_with_every_request_and_no_longer_once_it_works() {
    let (trusted, other) = (Authority::new(), Authority::new());
    let good = fixed(support::tls::config(&trusted, &Rules::default()), ok("application/json", CHAT));
    let gateway = gateway(good, &other, None);
    for _ in 0..60 {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 502);
    }
    gateway.says("TLS with the provider is not agreed");
    let lines = gateway.log().matches("TLS with the provider is not agreed").count();
    assert!((1..20).contains(&lines), "{lines} lines for 60 failures");
    soon_eq!(gateway.metric("weir_upstream_tls_failures_total", &[]), 60.0);
    fs::write(gateway.folder.path().join("ca.pem"), trusted.pem()).unwrap();
    gateway.signal("HUP");
    until("it works", || (post(gateway.address, ACME, &chat("hi")).status == 200).then_some(()));
    assert_eq!(trouble(&gateway), "null");
}
