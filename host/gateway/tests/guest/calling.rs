//! Plugins that call out, and services that they call.

use super::{Guest, gateway};
use crate::support::upstream::{Upstream, ok, wait_for_close};
use crate::support::{ACME, Gateway, Reply, chat, send};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Refuses with what came of the last callout: `answered` and the body, or how it failed and why.
pub const TELL: &str = r#"
  (func $tell (result i32)
    (local $how i32)
    (if (i32.eqz (i32.load8_u (global.get $ret)))
      (then (return (call $refuse (i32.const 400) @"answered" (i32.load (i32.const 80)) (i32.load (i32.const 84))))))
    (local.set $how (i32.load8_u (i32.const 68)))
    (if (i32.eq (local.get $how) (i32.const 1)) (then (return (call $refuse (i32.const 400) @"timeout" @""))))
    (if (i32.eq (local.get $how) (i32.const 2)) (then (return (call $refuse (i32.const 400) @"too_large" @""))))
    (if (i32.eq (local.get $how) (i32.const 3)) (then (return (call $refuse (i32.const 400) @"too_many" @""))))
    (if (local.get $how)
      (then (return (call $refuse (i32.const 400) @"failed" (i32.load (i32.const 72)) (i32.load (i32.const 76))))))
    (call $refuse (i32.const 400) @"denied" (i32.load (i32.const 72)) (i32.load (i32.const 76))))
  ;; Calls the URL in the header x-url with the method and the timeout, and with one header if x-name names one; its value
  ;; is the text that the user asks with. `$body` bytes of the client's own body go with it.
  (func $call (param $method i32) (param $method-len i32) (param $timeout i32) (param $with-body i32)
    (call $request.header @"x-url" (i32.const 128))
    (call $request.header @"x-name" (i32.const 144))
    (call $request.texts (i32.const 160))
    (call $request.body (i32.const 168))
    (i32.store (i32.const 176) (i32.load (i32.const 148)))
    (i32.store (i32.const 180) (i32.load (i32.const 152)))
    (i32.store (i32.const 184) (i32.load offset=8 (i32.load (i32.const 160))))
    (i32.store (i32.const 188) (i32.load offset=12 (i32.load (i32.const 160))))
    (call $callouts.send (local.get $method) (local.get $method-len) (i32.load (i32.const 132)) (i32.load (i32.const 136))
      (i32.const 176) (i32.load8_u (i32.const 144))
      (i32.load (i32.const 168)) (i32.mul (local.get $with-body) (i32.load (i32.const 172)))
      (local.get $timeout) (global.get $ret)))"#;

/// A policy that calls what the client names, and tells what came of it.
pub fn telling() -> Guest {
    Guest::on("policy", r#"(call $call @"GET" (i32.const 0) (i32.const 0)) (call $tell)"#).with(TELL)
}

/// The settings of a plugin that may call these origins.
pub fn settings(allow: &[&str], more: &str) -> String {
    format!("grants = [\"callouts\"]\ncallouts = {{ allow = {allow:?}, {more} }}")
}

/// A gateway whose policy calls out, and the origin that it may call.
pub fn calling(guest: &Guest, to: SocketAddr, more: &str) -> Gateway {
    let origin = format!("http://{to}");
    gateway(Upstream::chat().address, "", &[("caller", guest, &settings(&[&origin], more))])
}

pub fn ask(gateway: &Gateway, url: &str, headers: &[(&str, &str)], text: &str) -> Reply {
    let bearer = format!("Bearer {ACME}");
    let all = [&[("authorization", bearer.as_str()), ("x-url", url)], headers].concat();
    send(gateway.address, "POST", "/v1/chat/completions", &all, chat(text).as_bytes())
}

/// Code and message of what the policy tells.
pub fn told(reply: &Reply) -> (String, String) {
    (reply.code(), reply.json()["error"]["message"].as_str().unwrap_or_default().to_owned())
}

pub fn count(gateway: &Gateway, result: &str) -> f64 {
    gateway.metric("weir_plugin_callouts_total", &["plugin=\"caller\"", "acme", &format!("result=\"{result}\"")])
}

/// A service whose answers the test gives: it says what it was asked, and waits for leave to answer.
pub struct Held {
    pub service: Upstream,
    pub leave: Sender<()>,
    pub closed: Receiver<()>,
}

impl Held {
    pub fn start() -> Self {
        let ((leave, wait), (say, closed)) = (channel::<()>(), channel());
        let (wait, say) = (Mutex::new(wait), Mutex::new(say));
        let service = Upstream::start(move |_, seen, stream| {
            if seen.head.starts_with("GET /leaving") {
                wait_for_close(stream);
                return say.lock().unwrap().send(()).is_err();
            }
            wait.lock().unwrap().recv().is_ok() && stream.write_all(&ok("text/plain", "at last")).is_ok()
        });
        Self { service, leave, closed }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.service.address)
    }
}
