//! What every request is, made once.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use http_body_util::Full;
use serde_json::Value;

use super::LoadArgs;
use crate::stamp::{LENGTH, RequestStamp};

/// A request but for its stamp.
#[derive(Debug)]
pub(super) struct LoadRequest {
    pub(super) address: SocketAddr,
    pub(super) stream: bool,
    pub(super) timeout: Duration,
    uri: Uri,
    headers: HeaderMap,
    /// The body before the stamp and behind it.
    body: (Bytes, Bytes),
    /// The head as HTTP/1.1 has it, and the body before the stamp.
    front: Bytes,
}

impl LoadRequest {
    pub(super) fn new(args: &LoadArgs, address: SocketAddr) -> Result<Self> {
        ensure!(args.path.starts_with('/'), "`{}` is not a path: it begins with /", args.path);
        let body = body(args);
        let length = body.0.len() + LENGTH + body.1.len();
        let headers = headers(args, address, length)?;
        let mut front = format!("POST {} HTTP/1.1\r\n", args.path).into_bytes();
        for (name, value) in &headers {
            front.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        front.extend([b"\r\n", &*body.0].concat());
        Ok(Self {
            address,
            stream: args.stream,
            timeout: args.timeout,
            uri: format!("http://{address}{}", args.path)
                .parse()
                .with_context(|| format!("`{}` is not a path", args.path))?,
            headers,
            body,
            front: front.into(),
        })
    }

    /// Head and body up to and with the stamp; what follows is [`Self::rest`].
    pub(super) fn write_front(&self, stamp: RequestStamp, to: &mut Vec<u8>) {
        if to.len() == self.front.len() + LENGTH {
            to.truncate(self.front.len());
        } else {
            to.clear();
            to.extend_from_slice(&self.front);
        }
        to.extend_from_slice(&stamp.text());
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.body.1
    }

    pub(super) fn request(&self, stamp: RequestStamp) -> Request<Full<Bytes>> {
        let body = [&*self.body.0, &stamp.text(), &*self.body.1].concat();
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        // In HTTP/2 the address is the authority of the URI.
        request.headers_mut().remove(header::HOST);
        request
    }
}

fn headers(args: &LoadArgs, address: SocketAddr, length: usize) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::try_from(address.to_string())?);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_LENGTH, length.into());
    if let Some(key) = &args.key {
        let bearer = HeaderValue::try_from(format!("Bearer {key}")).context("the key does not fit in a header")?;
        headers.insert(header::AUTHORIZATION, bearer);
    }
    for (name, value) in &args.headers {
        let name = HeaderName::try_from(name).with_context(|| format!("`{name}` is not the name of a header"))?;
        let value = HeaderValue::try_from(value).with_context(|| format!("`{value}` does not fit in a header"))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// A request of `request_bytes`, if that is enough for one, in two parts: the stamp belongs between them, where the text
/// begins that the model is asked.
fn body(args: &LoadArgs) -> (Bytes, Bytes) {
    let model = Value::from(args.model.as_str());
    let (front, end) = match (args.path.ends_with("/embeddings"), args.stream) {
        (true, _) => (format!(r#"{{"model":{model},"input":""#), r#""}"#),
        (false, true) => (
            format!(r#"{{"model":{model},"stream":true,"stream_options":{{"include_usage":true}},{MESSAGES}"#),
            r#""}]}"#,
        ),
        (false, false) => (format!(r#"{{"model":{model},{MESSAGES}"#), r#""}]}"#),
    };
    let size = usize::try_from(args.request_bytes).unwrap_or(usize::MAX);
    let left = size.saturating_sub(front.len() + LENGTH + end.len());
    let text: String = " what does the sea say when it is calm".chars().cycle().take(left).collect();
    (Bytes::from(front), Bytes::from(text + end))
}

const MESSAGES: &str = r#""messages":[{"role":"user","content":""#;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn whole(args: &LoadArgs) -> (String, Value) {
        let ask = LoadRequest::new(args, "127.0.0.1:1".parse().unwrap()).unwrap();
        let mut text = Vec::new();
        for number in 0..3 {
            ask.write_front(RequestStamp { run: 7, number }, &mut text);
        }
        text.extend_from_slice(ask.rest());
        let text = String::from_utf8(text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("content-length: {}\r\n", body.len())) || head.ends_with(&body.len().to_string())
        );
        (head.to_owned(), serde_json::from_str(body).unwrap())
    }

    #[test]
    fn a_request_has_the_size_asked_for_and_carries_the_latest_stamp() {
        for stream in [false, true] {
            let args = LoadArgs { stream, ..LoadArgs::to("") };
            let (head, body) = whole(&args);
            assert!(head.contains("content-length: 512"), "{head}");
            let text = body["messages"][0]["content"].as_str().unwrap();
            assert_eq!(RequestStamp::find(text.as_bytes()), Some(RequestStamp { run: 7, number: 2 }));
            assert_eq!(body["stream"].as_bool(), stream.then_some(true));
            assert_eq!(body["stream_options"]["include_usage"].as_bool(), stream.then_some(true));
            assert_eq!(body["messages"][0]["role"], "user");
        }
    }

    #[test]
    fn embeddings_have_an_input_and_no_messages() {
        let (head, body) = whole(&LoadArgs { path: "/v1/embeddings".to_owned(), request_bytes: 0, ..LoadArgs::to("") });
        assert!(head.starts_with("POST /v1/embeddings HTTP/1.1\r\n"), "{head}");
        assert!(RequestStamp::find(body["input"].as_str().unwrap().as_bytes()).is_some() && body["messages"].is_null());
    }

    #[test]
    fn key_and_headers_are_sent_and_bad_ones_are_named() {
        let headers = vec![("x-portkey-provider".to_owned(), "openai".to_owned())];
        let (head, _) = whole(&LoadArgs { key: Some("k".to_owned()), headers, ..LoadArgs::to("") });
        assert!(head.contains("authorization: Bearer k\r\nx-portkey-provider: openai"), "{head}");
        let headers = vec![("a b".to_owned(), String::new())];
        let error =
            LoadRequest::new(&LoadArgs { headers, ..LoadArgs::to("") }, "127.0.0.1:1".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("`a b`"), "{error}");
    }
}
