//! Policies that can be told from one another by what they refuse with, and what the gateway says of them.

use super::Guest;
use crate::support::{Gateway, chat, post, until};

/// A policy that refuses every request with this code.
pub fn refusing(code: &str) -> Guest {
    Guest::on("policy", &format!(r#"(call $refuse (i32.const 400) @"{code}" @"")"#))
}

/// Remembers, in the memory of its instance, who called it first and how often it was called, and refuses with both.
pub fn remembering() -> Guest {
    Guest::on(
        "policy",
        r#"(if (i32.eqz (global.get $calls))
             (then
               (call $request.tenant (global.get $ret))
               (memory.copy (i32.const 32768) (i32.load (i32.const 64)) (i32.load (i32.const 68)))
               (global.set $first (i32.load (i32.const 68)))))
           (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
           (i32.store8 (i32.add (i32.const 32768) (global.get $first)) (i32.const 32))
           (i32.store8 (i32.add (i32.const 32769) (global.get $first)) (i32.add (i32.const 48) (global.get $calls)))
           (call $refuse (i32.const 400) @"seen" (i32.const 32768) (i32.add (global.get $first) (i32.const 2)))"#,
    )
    .with("(global $calls (mut i32) (i32.const 0)) (global $first (mut i32) (i32.const 0))")
}

/// The code of the refusal, empty if the request went through.
pub fn code(gateway: &Gateway, key: &str) -> String {
    let reply = post(gateway.address, key, &chat("hi"));
    if reply.status == 200 { String::new() } else { reply.code() }
}

/// All that is wrong, as the admin listener says it.
pub fn problems(gateway: &Gateway) -> String {
    gateway.ready()["problems"].to_string()
}

/// Waits until something is told to be wrong.
pub fn told(gateway: &Gateway, what: &str) {
    until(&format!("{what:?} is told"), || problems(gateway).contains(what).then_some(()));
}

/// Waits until nothing is wrong.
pub fn good(gateway: &Gateway) {
    until("nothing is wrong", || (problems(gateway) == "[]").then_some(()));
}
