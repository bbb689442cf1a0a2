//! An AI gateway's work as an http-wasm middleware, as far as that interface goes: key check, JSON parse of the body,
//! header mutation.
//!
//! Replies pass unread: the interface lets a guest read only a reply that the host holds back whole, which would end
//! streaming. Nor do the instances of a guest share memory, which a request limit would need.
//!
//! Configured by `key`, `model` and `upstreamKey`.

use http_wasm_guest::host::{Request, Response, admin, feature, log};
use http_wasm_guest::{Guest, register};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// The host's level for errors.
const ERROR: i32 = 2;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    key: String,
    model: String,
    upstream_key: String,
}

/// What the middleware has to know of the body; the rest is checked to be JSON and skipped.
#[derive(Deserialize)]
struct Ask<'a> {
    #[serde(borrow)]
    model: std::borrow::Cow<'a, str>,
}

struct Middleware {
    /// Of the key that is let in.
    hash: [u8; 32],
    model: String,
    /// The value of `authorization` towards the upstream.
    upstream: String,
}

impl Middleware {
    fn lets_in(&self, authorization: &[u8]) -> bool {
        let key = authorization.split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
        key.is_some_and(|(_, key)| <[u8; 32]>::from(Sha256::digest(key)) == self.hash)
    }

    /// Why the request is refused, if it is.
    fn judge(&self, request: &Request) -> Option<(i32, &'static str, &'static str)> {
        let authorization = request.header.get(b"authorization").unwrap_or_default();
        if !self.lets_in(&authorization) {
            return Some((401, "invalid_api_key", "this key is not known"));
        }
        match serde_json::from_slice::<Ask<'_>>(&request.body.read()) {
            Err(_) => Some((400, "invalid_json", "the body is not a chat request")),
            Ok(ask) if ask.model != self.model.as_str() => Some((404, "model_not_found", "there is no such model")),
            Ok(_) => None,
        }
    }
}

impl Guest for Middleware {
    fn handle_request(&self, request: &Request, response: &Response) -> (bool, i32) {
        if let Some((status, code, message)) = self.judge(request) {
            let error =
                serde_json::json!({"error": {"message": message, "type": "invalid_request_error", "code": code}});
            response.set_status(status);
            response.header.set(b"content-type", b"application/json");
            response.body.write(error.to_string().as_bytes());
            return (false, 0);
        }
        request.header.set(b"authorization", self.upstream.as_bytes());
        request.header.remove(b"cookie");
        (true, 0)
    }
}

fn main() {
    match serde_json::from_slice::<Settings>(&admin::config()) {
        Ok(settings) => {
            admin::enable(feature::BufferRequest);
            register(Middleware {
                hash: Sha256::digest(&settings.key).into(),
                model: settings.model,
                upstream: format!("Bearer {}", settings.upstream_key),
            });
        }
        Err(problem) => {
            log::write(ERROR, format!("the middleware's configuration: {problem}").as_bytes());
            // Without a handler the host would let every request pass.
            std::process::exit(1);
        }
    }
}
