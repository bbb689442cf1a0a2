use proptest::prelude::*;

use super::{UrlFault, base_url, ends_in};

#[test]
fn valid_urls_lose_only_their_last_slash() {
    let table = [
        ("https://api.openai.com/v1", "https://api.openai.com/v1", false, false),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1", false, false),
        ("http://10.0.0.7:8000", "http://10.0.0.7:8000", true, false),
        ("http://localhost:11434/v1", "http://localhost:11434/v1", true, true),
        ("http://127.0.0.9:1", "http://127.0.0.9:1", true, true),
        ("http://[::1]:1/", "http://[::1]:1", true, true),
        ("https://[2001:db8::1]/v1", "https://[2001:db8::1]/v1", false, false),
        ("http://vllm_1.svc.", "http://vllm_1.svc.", true, false),
    ];
    for (text, wanted, plain, loopback) in table {
        let url = base_url(text).unwrap();
        assert_eq!((url.text.as_str(), url.plain, url.loopback), (wanted, plain, loopback), "{text}");
        assert_eq!(url.has_path, text.matches('/').count() > 2, "{text}");
    }
}

#[test]
fn each_fault_is_told_apart() {
    let table = [
        ("", UrlFault::Scheme),
        ("api.openai.com/v1", UrlFault::Scheme),
        ("ftp://x", UrlFault::Scheme),
        ("https://", UrlFault::NoHost),
        ("https:///v1", UrlFault::NoHost),
        ("https://:80", UrlFault::NoHost),
        ("https://u:p@host/v1", UrlFault::UserInfo),
        ("https://host/v1?key=1", UrlFault::Query),
        ("https://host/v1#x", UrlFault::Query),
        ("https://ho st/", UrlFault::BadHost),
        ("https://a..b/", UrlFault::BadHost),
        ("https://999.1.1.1/", UrlFault::BadHost),
        ("https://[::g]/", UrlFault::BadHost),
        ("https://[::1/", UrlFault::BadHost),
        ("https://[::1]x/", UrlFault::BadHost),
        ("https://host:0/", UrlFault::BadPort),
        ("https://host:+80/", UrlFault::BadPort),
        ("https://host:65536/", UrlFault::BadPort),
        ("https://host:/", UrlFault::BadPort),
        ("https://host/a b", UrlFault::BadPath),
        ("https://host/a\r\nx: y", UrlFault::BadPath),
    ];
    for (text, wanted) in table {
        assert_eq!(base_url(text), Err(wanted), "{text}");
    }
}

const ENDINGS: [&str; 5] = ["completions", "embeddings", "responses", "messages", "v1/models"];

#[test]
fn a_url_that_ends_in_an_endpoint_is_no_base() {
    for path in [
        "/v1/chat/completions",
        "/v1/chat/completions/",
        "/openai/v1/Chat/Completions",
        "/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/embeddings",
        "/v1/models",
        "/v1/responses",
        "/v1/messages",
    ] {
        assert!(ends_in(&base_url(&format!("https://host{path}")).unwrap(), &ENDINGS), "{path}");
    }
    for path in
        ["", "/", "/v1", "/models", "/inference", "/chat", "/my-embeddings", "/v1/completions/x", "/embeddings/v1"]
    {
        assert!(!ends_in(&base_url(&format!("https://host{path}")).unwrap(), &ENDINGS), "{path}");
    }
    assert!(!ends_in(&base_url("https://embeddings").unwrap(), &ENDINGS));
}

proptest! {
    #[test]
    fn no_text_panics(text in "(https?://)?.*") {
        let _ = base_url(&text);
    }
}
