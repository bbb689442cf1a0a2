//! Headers that are not a plugin's: what the gateway says to clients, what it strips from providers, and credentials.

use crate::guest::{Guest, gateway};
use crate::support::upstream::{CHAT, Upstream};
use crate::support::{ACME, chat, post, send};

/// Each is between a provider and the gateway, or what the gateway says itself.
const THE_GATEWAYS: [&str; 34] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "trailer",
    "upgrade",
    "proxy-authenticate",
    "via",
    "x-request-id",
    "x-client-request-id",
    "x-upstream-request-id",
    "X-Weir-Upstream",
    "x-weir-generation",
    "x-weir-made-up",
    "x-ratelimit-limit-requests",
    "X-RateLimit-Remaining-Requests",
    "x-ratelimit-reset-tokens",
    "x-should-retry",
    "retry-after",
    "retry-after-ms",
    "server-timing",
    "set-cookie",
    "Set-Cookie2",
    "location",
    "refresh",
    "link",
    "alt-svc",
    "clear-site-data",
    "strict-transport-security",
    "access-control-allow-origin",
    "content-security-policy",
    "www-authenticate",
    "openai-organization",
    "content-encoding",
];

#[test]
fn no_plugin_says_what_the_gateway_says_or_strips() {
    let one =
        |name: &str| format!(r#"(call $reply.set-header @"{name}" @"forged" (global.get $ret)) (call $must-fail)"#);
    let tries: String = THE_GATEWAYS.iter().map(|name| one(name)).collect();
    let fine = r#"(call $reply.set-header @"x-fine" @"yes" (global.get $ret)) (call $must-be-ok) (call $pass)"#;
    let forger = Guest::on("response", &format!("{tries}\n{fine}"));
    let upstream = Upstream::chat();
    let gateway = gateway(upstream.address, "", &[("forger", &forger, "")]);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.header("x-fine")), (200, Some("yes")), "{}", reply.text());
    assert!(reply.headers.iter().all(|(_, value)| value != "forged"), "{:?}", reply.headers);
    let once = |name: &str| reply.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).count();
    assert_eq!(["x-request-id", "x-weir-upstream", "content-length"].map(once), [1; 3]);
}

#[test]
fn what_a_provider_says_in_the_gateways_name_does_not_reach_the_client() {
    let head = "set-cookie: a=b\r\nx-weir-upstream: other/m\r\nx-weir-made-up: 1\r\nx-ratelimit-limit-requests: 1\r\n\
                x-client-request-id: forged\r\nlocation: /\r\nopenai-model: m\r\n";
    let upstream = Upstream::fixed(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{head}content-length: {}\r\n\r\n{CHAT}",
        CHAT.len()
    ));
    let gateway = gateway(upstream.address, "", &[]);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!((reply.status, reply.header("openai-model")), (200, Some("m")));
    assert_eq!(reply.header("x-weir-upstream"), Some("up/m"));
    for name in ["set-cookie", "x-weir-made-up", "x-client-request-id", "location", "x-ratelimit-limit-requests"] {
        assert_eq!(reply.header(name), None, "{name}");
    }
}

#[test]
fn no_plugin_sees_or_sets_a_credential_whatever_it_is_called() {
    let credentials = [
        "ocp-apim-subscription-key",
        "api-key",
        "apikey",
        "x-api-key",
        "x-goog-api-key",
        "cf-aig-authorization",
        "cf-access-client-secret",
        "x-portkey-api-key",
        "x-litellm-api-key",
        "helicone-auth",
        "x-functions-key",
        "x-amz-security-token",
        "x-forwarded-access-token",
        "x-custom-api-key",
        "cookie",
    ];
    // It finds none by its name, in no spelling, can set none, and refuses with how many headers it is shown in all.
    let one = |name: &str| {
        format!(
            r#"(call $request.header @"{name}" (global.get $ret)) (if (i32.load8_u (global.get $ret)) (then unreachable))
               (call $request.set-header @"{name}" @"forged" (global.get $ret)) (call $must-fail)
               (call $request.remove-header @"{name}" (global.get $ret)) (call $must-fail)"#
        )
    };
    let tries: String = credentials.iter().map(|name| format!("{}{}", one(name), one(&name.to_uppercase()))).collect();
    let look = "(call $request.headers (global.get $ret)) (call $say (i32.load (i32.const 68)))";
    let upstream = Upstream::chat();
    let gateway = gateway(upstream.address, "", &[("spy", &Guest::on("policy", &format!("{tries}\n{look}")), "")]);
    let bearer = format!("Bearer {ACME}");
    let ask = |more: &[(&str, &str)]| {
        let all = [&[("authorization", bearer.as_str())], more].concat();
        let reply = send(gateway.address, "POST", "/v1/chat/completions", &all, chat("hi").as_bytes());
        let said = reply.json()["error"]["message"].as_str().unwrap_or_default().parse::<usize>();
        said.unwrap_or_else(|_| panic!("{} {}", reply.status, reply.text()))
    };
    let none = ask(&[]);
    let sent = credentials.map(|name| (name, "s3cret"));
    assert_eq!(ask(&sent), none, "none of them is among the headers");
    assert_eq!(ask(&[("x-team", "red"), ("idempotency-key", "1")]), none + 2, "others are");
}
