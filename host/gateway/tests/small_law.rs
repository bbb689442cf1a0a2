//! The smaller rules of HTTP: methods, what the head says of the way here, what of a provider's answer stays here.

use crate::support;

use crate::support::client::{read_head, read_reply};
use crate::support::frames::{self, DATA, END_HEADERS, END_STREAM, HEADERS, field, frame, head};
use crate::support::h2::{Request, answer, question, run, whole};
use crate::support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, status};
use crate::support::{ACME, Gateway, PATIENCE, chat, chat_stream, config, config_with, get, post, send};
use http_body_util::{BodyExt, Full};
use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

const AUTH: &str = "authorization: Bearer sk-weir-acme-demo\r\n";

/// The first answer on a connection of its own, and the connection.
fn first(gateway: &Gateway, bytes: &[u8]) -> (support::Reply, BufReader<TcpStream>) {
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut reader = BufReader::new(stream);
    (read_reply(&mut reader), reader)
}

#[test]
fn head_is_served_where_get_is_and_has_its_head_alone() {
    let gateway = Gateway::start(&config(Upstream::chat().address));
    let whole = get(gateway.address, "/v1/models", Some(ACME));
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = |key: &str| format!("HEAD /v1/models HTTP/1.1\r\nhost: localhost\r\n{key}\r\n");
    let last = "GET /v1/models HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(format!("{}{}{last}", request(AUTH), request("")).as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let head = read_head(&mut reader);
    assert_eq!((head.status, head.header("content-length")), (200, whole.header("content-length")));
    assert_eq!(head.header("content-type"), whole.header("content-type"));
    // Behind each head comes the next one at once.
    assert_eq!(read_head(&mut reader).status, 401);
    assert_eq!(read_reply(&mut reader).status, 401);
    run(async {
        let mut sender = support::h2::connect(gateway.address).await;
        for (key, status) in [(ACME, 200), ("no", 401)] {
            let request = Request::head(format!("http://{}/v1/models", gateway.address))
                .header("authorization", format!("Bearer {key}"))
                .body(Full::default())
                .unwrap();
            let response = sender.send_request(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status);
            assert_ne!(response.headers()["content-length"], "0");
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 0);
        }
    });
}

#[test]
fn every_refused_method_is_told_which_ones_there_are() {
    let gateway = Gateway::start(&config(Upstream::chat().address));
    let cases = [
        ("GET /v1/chat/completions", "POST"),
        ("HEAD /v1/chat/completions", "POST"),
        ("DELETE /v1/embeddings", "POST"),
        ("POST /v1/models", "GET, HEAD"),
        ("OPTIONS /v1/models", "GET, HEAD"),
        ("TRACE /v1/models", "GET, HEAD"),
        ("TRACE /nothing", "GET, HEAD, POST"),
        ("CONNECT localhost:443", "GET, HEAD, POST"),
        ("CONNECT /v1/embeddings", "POST"),
    ];
    for (line, allow) in cases {
        let host = if line.contains("443") { "localhost:443" } else { "localhost" };
        let bytes = format!("{line} HTTP/1.1\r\nhost: {host}\r\n{AUTH}\r\n");
        let mut stream = TcpStream::connect(gateway.address).unwrap();
        stream.write_all(bytes.as_bytes()).unwrap();
        let reply = read_head(&mut BufReader::new(stream));
        assert_eq!((reply.status, reply.header("allow")), (405, Some(allow)), "{line}");
    }
}

#[test]
fn an_https_resource_is_not_here_unless_a_proxy_in_front_speaks_tls() {
    let upstream = Upstream::chat();
    let body = chat("hi");
    let absolute = |scheme: &str| {
        let line = format!("POST {scheme}://localhost/v1/chat/completions HTTP/1.1");
        format!("{line}\r\nhost: localhost\r\n{AUTH}content-length: {}\r\n\r\n{body}", body.len())
    };
    let https = |address: std::net::SocketAddr| {
        let mut request = question(address, ACME, &body);
        *request.uri_mut() = format!("https://{address}/v1/chat/completions").parse().unwrap();
        request
    };
    let plain = Gateway::start(&config(upstream.address));
    let (reply, mut rest) = first(&plain, absolute("https").as_bytes());
    assert_eq!((reply.status, reply.code().as_str()), (421, "misdirected_request"));
    assert_eq!(rest.read(&mut [0]).unwrap(), 0, "the connection is closed");
    assert_eq!(first(&plain, absolute("http").as_bytes()).0.status, 200);
    run(async {
        let mut sender = support::h2::connect(plain.address).await;
        assert_eq!(whole(sender.send_request(https(plain.address)).await.unwrap()).await.0, 421);
        assert_eq!(whole(sender.send_request(question(plain.address, ACME, &body)).await.unwrap()).await.0, 200);
    });
    let behind = Gateway::start(&config(upstream.address).replacen("[server]", "[server]\nbehind_tls = true", 1));
    assert_eq!(first(&behind, absolute("https").as_bytes()).0.status, 200);
    run(async {
        let mut sender = support::h2::connect(behind.address).await;
        assert_eq!(whole(sender.send_request(https(behind.address)).await.unwrap()).await.0, 200);
    });
    assert_eq!(upstream.seen().len(), 4);
}

#[test]
fn who_asks_is_said_once_in_http2_too() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    run(async {
        let mut sender = support::h2::connect(gateway.address).await;
        for (name, status) in [("authorization", 400), ("x-api-key", 401), ("api-key", 401), ("x-goog-api-key", 401)] {
            let mut request = question(gateway.address, ACME, &chat("hi"));
            request.headers_mut().remove("authorization");
            let value = if name == "authorization" { format!("Bearer {ACME}") } else { ACME.to_owned() };
            for _ in 0..2 {
                request.headers_mut().append(name, value.parse().unwrap());
            }
            assert_eq!(whole(sender.send_request(request).await.unwrap()).await.0, status, "{name}");
        }
    });
    assert!(upstream.seen().is_empty());
}

/// A head with so many small fields, indexed where the table already has them: two bytes a field on the wire.
fn many_fields(count: usize) -> Vec<u8> {
    let bearer = format!("Bearer {ACME}");
    // A field of one letter, added to the table (RFC 7541 section 6.2.1), and then by its index, 62 (section 6.1).
    let first = [0x40, 1, b'a', 1, b'b'];
    let rest = vec![0x80 | 62; count.saturating_sub(2)];
    [head("POST", "/v1/chat/completions", &[("authorization", &bearer)]), first.to_vec(), rest].concat()
}

#[test]
fn the_fields_of_a_head_are_counted_in_http2_too() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let body = frame(DATA, END_STREAM, 1, chat("hi").as_bytes());
    for (count, expected) in [(90, "200"), (100, "200"), (101, "431"), (500, "431"), (900, "431"), (16_000, "431")] {
        let mut stream = frames::connect(gateway.address);
        let block = many_fields(count);
        let mut pieces = block.chunks(16_000);
        let mut bytes = frame(HEADERS, if block.len() > 16_000 { 0 } else { END_HEADERS }, 1, pieces.next().unwrap());
        pieces.for_each(|piece| bytes.extend(frame(frames::CONTINUATION, END_HEADERS, 1, piece)));
        stream.write_all(&[bytes, body.clone()].concat()).unwrap();
        let reply = std::iter::from_fn(|| frames::next(&mut stream)).find(|got| got.kind == HEADERS);
        // The status comes first, behind new sizes of the table perhaps; 200 stands in HPACK's own, at 8.
        let is_ok = |reply: &frames::Got| reply.payload.iter().find(|byte| **byte & 0xe0 != 0x20) == Some(&0x88);
        let status = reply.map(|reply| if is_ok(&reply) { "200" } else { "431" });
        // A head that is far too large ends the connection.
        assert_eq!(status.or((count > 10_000).then_some("431")), Some(expected), "{count} fields");
    }
    assert_eq!(upstream.seen().len(), 2);
    assert!(!field("a", "b").is_empty());
}

#[test]
fn the_fields_of_an_answer_are_counted_over_http2_as_over_http1() {
    let fields = |count: usize| (0..count).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    for (count, status) in [(90, 200), (150, 502), (300, 502)] {
        let address = support::h2::upstream(move |_, _| async move {
            let mut many = answer("application/json", CHAT);
            for n in 0..count {
                many.headers_mut().insert(http::HeaderName::try_from(format!("x-{n}")).unwrap(), "y".parse().unwrap());
            }
            many
        });
        let gateway = Gateway::start(&config_with(address, "http2 = \"always\"\nretries = 0", ""));
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, status, "{count} fields over HTTP/2");
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{}content-length: {}\r\n\r\n{CHAT}",
            fields(count),
            CHAT.len()
        );
        let gateway = Gateway::start(&config(Upstream::fixed(head).address));
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, status, "{count} fields over HTTP/1");
    }
}

#[test]
fn a_status_that_is_none_is_a_bad_gateway() {
    for code in ["600 Odd", "666 Odd", "799", "999 Odd"] {
        for asked in [chat("hi"), chat_stream("hi")] {
            let upstream = Upstream::fixed(status(code, "application/json", CHAT));
            let gateway = Gateway::start(&config(upstream.address));
            let reply = post(gateway.address, ACME, &asked);
            assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_error"), "{code}");
        }
    }
    let address = support::h2::upstream(|_, _| async {
        let mut odd = answer("application/json", CHAT);
        *odd.status_mut() = http::StatusCode::from_u16(601).unwrap();
        odd
    });
    let gateway = Gateway::start(&config_with(address, "http2 = \"always\"\nretries = 0", ""));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 502);
}

#[test]
fn what_a_provider_says_of_its_origin_and_its_accounts_stays_here() {
    let private = "openai-organization: org-secret\r\nOpenAI-Project: proj\r\nwww-authenticate: Basic\r\nlocation: /x\r\n\
                   refresh: 0;url=/x\r\nclear-site-data: \"*\"\r\nset-cookie2: a=b\r\nset-cookie: a=b\r\nset-cookie: c=d\r\n\
                   alt-svc: h3\r\nstrict-transport-security: max-age=1\r\naccess-control-allow-origin: *\r\n\
                   content-security-policy: x\r\nlink: </x>; rel=preload\r\nnel: {}\r\nreport-to: {}\r\n\
                   anthropic-organization-id: o\r\ncontent-location: /x\r\nx-ratelimit-limit-requests: 9\r\n";
    let public = "openai-processing-ms: 7\r\nopenai-version: 2020-10-01\r\nx-custom: kept\r\ncf-ray: 1\r\nx-request-id: theirs\r\n";
    let whole = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{private}{public}content-length: {}\r\n\r\n{CHAT}",
        CHAT.len()
    );
    let stream = String::from_utf8(STREAM.to_vec()).unwrap();
    let stream = stream.strip_suffix("\r\n").unwrap();
    // With something in it: a stream that has its end alone is no answer.
    let events = [chunk(&delta("hi")), chunk(DONE), END.to_vec()].concat();
    let streamed = format!("{stream}{private}{public}\r\n{}", String::from_utf8(events).unwrap());
    let refused = whole.replacen("200 OK", "422 Odd", 1);
    for (answer, asked) in [(whole, chat("hi")), (streamed, chat_stream("hi")), (refused, chat("hi"))] {
        let gateway = Gateway::start(&config(Upstream::fixed(answer).address));
        let reply = post(gateway.address, ACME, &asked);
        for name in private.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim()) {
            assert_eq!(reply.header(name), None, "{name}");
        }
        for (name, value) in
            public.lines().filter_map(|line| line.split_once(": ")).filter(|(name, _)| *name != "x-request-id")
        {
            assert_eq!(reply.header(name), Some(value), "{name}");
        }
        assert_eq!(reply.header("x-upstream-request-id"), Some("theirs"));
    }
}

#[test]
fn a_chunk_that_is_announced_too_large_is_refused_before_it_comes() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "retries = 0", "[limits]\nbody = \"64KiB\""));
    let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n{AUTH}transfer-encoding: chunked\r\n\r\n");
    for (chunks, code) in [
        ("10001\r\n", (413, "request_too_large")),
        ("7fffffffffffffff\r\n{", (413, "request_too_large")),
        ("1\r\n{\r\n10000\r\n", (413, "request_too_large")),
        ("8000000000000000\r\n", (400, "bad_body")),
        ("ffffffffffffffff\r\n", (400, "bad_body")),
    ] {
        // Nothing more comes, and nothing more is waited for.
        let reply = first(&gateway, format!("{head}{chunks}").as_bytes()).0;
        assert_eq!((reply.status, reply.code().as_str()), code, "{chunks:?}");
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn what_can_be_no_part_of_a_request_is_refused_without_waiting_for_the_rest() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let trailers = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n{AUTH}transfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\nx: y\n"
    );
    for (bytes, code) in [
        ("POST /v1/chat/completions HTTP/1.1\rhost: a\r\r", "malformed_head"),
        ("POST /v1/chat/completions HTTP/1.1\r\nhost: a\rx", "malformed_head"),
        (trailers.as_str(), "bad_body"),
    ] {
        let (reply, mut rest) = first(&gateway, bytes.as_bytes());
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{bytes:?}");
        drop(rest.get_ref().shutdown(std::net::Shutdown::Write));
        assert_eq!(rest.read(&mut [0]).unwrap(), 0, "the connection is closed");
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn later_minor_versions_are_answered_as_the_latest_that_is_known() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config(upstream.address));
    let body = chat("hi");
    for version in ["1.2", "1.9"] {
        let line = format!(
            "POST /v1/chat/completions HTTP/{version}\r\nhost: a\r\n{AUTH}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let (reply, mut reader) = first(&gateway, line.repeat(2).as_bytes());
        assert_eq!((reply.status, read_reply(&mut reader).status), (200, 200), "{version}");
    }
    let old = send(gateway.address, "GET", "/v1/models", &[("authorization", &format!("Bearer {ACME}"))], b"");
    assert_eq!(old.status, 200);
}
