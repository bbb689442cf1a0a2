//! Web pages that use the gateway from a browser: those that the configuration names are answered, others are not.

use crate::support;

use crate::support::h2::{Request, run};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, Reply, chat, chat_stream, config, config_with, send};
use http_body_util::Full;

const PAGE: &str = "https://app.example.org";
const CORS: &str = "[cors]\norigins = [\"https://app.example.org\", \"http://localhost:3000\"]\nmax_age = \"1h\"\n";

fn preflight(gateway: &Gateway, path: &str, origin: &str, method: &str) -> Reply {
    let headers = [
        ("origin", origin),
        // An answer without a body has no length; its client need not wait for the end of the connection to see that.
        ("connection", "close"),
        ("access-control-request-method", method),
        ("access-control-request-headers", "authorization,content-type,x-stainless-os"),
    ];
    send(gateway.address, "OPTIONS", path, &headers, b"")
}

fn ask(gateway: &Gateway, origin: &str, key: &str, body: &str) -> Reply {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("origin", origin)];
    send(gateway.address, "POST", "/v1/chat/completions", &headers, body.as_bytes())
}

fn allows(reply: &Reply) -> Option<&str> {
    reply.header("access-control-allow-origin")
}

#[test]
fn a_page_that_is_named_may_ask_and_read_every_answer() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0", CORS));
    for (path, methods) in [("/v1/chat/completions", "POST"), ("/v1/embeddings", "POST"), ("/v1/models", "GET, HEAD")] {
        let reply = preflight(&gateway, path, PAGE, "POST");
        assert_eq!((reply.status, allows(&reply), reply.body.len()), (204, Some(PAGE), 0), "{path}");
        assert_eq!(reply.header("access-control-allow-methods"), Some(methods));
        let asked = "authorization,content-type,x-stainless-os";
        assert_eq!(reply.header("access-control-allow-headers"), Some(asked));
        assert_eq!((reply.header("access-control-max-age"), reply.header("vary")), (Some("3600"), Some("origin")));
        assert_eq!(reply.header("access-control-allow-credentials"), None);
    }
    assert!(upstream.seen().is_empty());
    // Refusals above all must be readable: a page could not tell them from a broken network.
    for (key, body, status) in
        [(ACME, chat("hi"), 200), (ACME, chat_stream("hi"), 200), ("no", chat("hi"), 401), (ACME, "{".into(), 400)]
    {
        let reply = ask(&gateway, "http://localhost:3000", key, &body);
        assert_eq!((reply.status, allows(&reply)), (status, Some("http://localhost:3000")));
        assert_eq!(reply.header("access-control-expose-headers"), Some("*"));
    }
}

#[test]
fn other_pages_are_told_nothing() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0", CORS));
    for origin in [
        "https://evil.example",
        "https://app.example.org.evil.example",
        "http://app.example.org",
        "null",
        "https://app.example.org:8443",
    ] {
        let reply = preflight(&gateway, "/v1/chat/completions", origin, "POST");
        assert_eq!((reply.status, allows(&reply), reply.header("allow")), (405, None, Some("POST")), "{origin}");
        let reply = ask(&gateway, origin, ACME, &chat("hi"));
        // A cache must not give what it was told to a page that may read it.
        assert_eq!((allows(&reply), reply.header("vary")), (None, Some("origin")), "{origin}");
    }
    assert_eq!(support::get(gateway.address, "/v1/models", Some(ACME)).header("vary"), Some("origin"), "no page");
    assert_eq!(preflight(&gateway, "/v1/nothing", PAGE, "POST").status, 404);
    // What is no preflight is a method like others.
    let options = send(gateway.address, "OPTIONS", "/v1/models", &[("origin", PAGE)], b"");
    assert_eq!((options.status, options.header("allow")), (405, Some("GET, HEAD")));
}

#[test]
fn every_page_may_ask_where_the_configuration_says_so_and_none_by_default() {
    let upstream = Upstream::chat();
    let open = Gateway::start(&config_with(upstream.address, "retries = 0", "[cors]\norigins = [\"*\"]\n"));
    let reply = preflight(&open, "/v1/models", "https://any.example", "GET");
    assert_eq!((reply.status, allows(&reply), reply.header("vary")), (204, Some("*"), None));
    assert_eq!(reply.header("access-control-max-age"), Some("600"));
    let shut = Gateway::start(&config(upstream.address));
    let reply = preflight(&shut, "/v1/models", PAGE, "GET");
    assert_eq!((reply.status, allows(&reply)), (405, None));
}

#[test]
fn http2_answers_pages_in_the_same_way() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0", CORS));
    run(async {
        let mut sender = support::h2::connect(gateway.address).await;
        let request = Request::options(format!("http://{}/v1/models", gateway.address))
            .header("origin", PAGE)
            .header("access-control-request-method", "GET")
            .body(Full::default())
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status().as_u16(), 204);
        assert_eq!(response.headers()["access-control-allow-origin"], PAGE);
        let mut request = support::h2::question(gateway.address, "no", &chat("hi"));
        request.headers_mut().insert("origin", PAGE.parse().unwrap());
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["access-control-allow-origin"]),
            (401, &PAGE.parse::<http::HeaderValue>().unwrap())
        );
    });
}

#[test]
fn what_a_provider_says_of_its_own_pages_stays_here() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\naccess-control-allow-origin: *\r\naccess-control-allow-credentials: true\r\nvary: accept\r\ncontent-length: 2\r\n\r\n{}";
    let upstream = Upstream::fixed(head);
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0", CORS));
    let reply = ask(&gateway, "https://evil.example", ACME, &chat("hi"));
    assert_eq!((allows(&reply), reply.header("access-control-allow-credentials")), (None, None));
}
