//! One request and its reply.

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use serde::Deserialize;

use crate::limit;
use crate::metering::Kept;
use crate::settings::Settings;

/// What the filter has to know of the body; the rest is checked to be JSON and skipped.
#[derive(Deserialize)]
struct Ask<'a> {
    #[serde(borrow)]
    model: std::borrow::Cow<'a, str>,
}

pub(crate) struct Filter {
    request_id: String,
    settings: Rc<Settings>,
    /// Whether the request was let in.
    admitted: bool,
    reply: Kept,
}

impl Filter {
    pub(crate) fn new(request_id: String, settings: Rc<Settings>) -> Self {
        Self { request_id, settings, admitted: false, reply: Kept::default() }
    }

    fn refuse(&self, status: u32, code: &str, message: &str) -> Action {
        let error = serde_json::json!({"error": {"message": message, "type": "invalid_request_error", "code": code}});
        let headers = vec![("content-type", "application/json")];
        self.send_http_response(status, headers, Some(error.to_string().as_bytes()));
        Action::Pause
    }

    /// Why the body is refused, if it is.
    fn judge(&self, body: &[u8]) -> Option<(u32, &'static str, &'static str)> {
        match serde_json::from_slice::<Ask<'_>>(body) {
            Err(_) => Some((400, "invalid_json", "the body is not a chat request")),
            Ok(ask) if !self.settings.models.contains(ask.model.as_ref()) => {
                Some((404, "model_not_found", "there is no such model"))
            }
            Ok(_) => None,
        }
    }
}

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _count: usize, last: bool) -> Action {
        let authorization = self.get_http_request_header("authorization").unwrap_or_default();
        let Some(tenant) = self.settings.tenant(&authorization) else {
            return self.refuse(401, "invalid_api_key", "this key is not known");
        };
        if !limit::admits(tenant, self.settings.per_minute) {
            return self.refuse(429, "rate_limit_exceeded", "too many requests this minute");
        }
        self.admitted = true;
        self.set_http_request_header("authorization", Some(&self.settings.upstream));
        self.set_http_request_header("cookie", None);
        self.set_http_request_header("x-request-id", Some(&self.request_id));
        if last {
            return self.refuse(400, "invalid_json", "the request has no body");
        }
        // The head waits for the body: whoever it goes to depends on that.
        Action::Pause
    }

    fn on_http_request_body(&mut self, size: usize, last: bool) -> Action {
        if !last {
            return Action::Pause;
        }
        let body = self.get_http_request_body(0, size).unwrap_or_default();
        match self.judge(&body) {
            Some((status, code, message)) => self.refuse(status, code, message),
            None => Action::Continue,
        }
    }

    fn on_http_response_headers(&mut self, _count: usize, _last: bool) -> Action {
        if self.admitted {
            self.set_http_response_header("x-request-id", Some(&self.request_id));
            let kind = self.get_http_response_header("content-type").unwrap_or_default();
            self.reply = Kept::of(kind.starts_with("text/event-stream"));
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, last: bool) -> Action {
        if self.admitted {
            if let Some(chunk) = self.get_http_response_body(0, size) {
                self.reply.add(&chunk);
            }
            if last {
                self.reply.meter(&self.settings.counters);
            }
        }
        Action::Continue
    }
}
