//! Small plugins, written where a test needs them: the bodies of hooks in WebAssembly text, made into components.
//!
//! A body ends with the address of the hook's answer. `@"text"` in it stands for the address and length of that text.
//! Imports are named `$interface.function` and imported only if they are used. Where things lie: 0 the hook's answer,
//! 64 the answer of the last import (`$ret`), 1024 texts, 65536 and up what the host hands in.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

pub mod calling;
pub mod policies;
pub mod signing;

use crate::support::{Gateway, config};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

/// The interface's functions with their flattened parameters and results.
const IMPORTS: [(&str, &str, &str); 44] = [
    ("request", "tenant", "(param i32)"),
    ("request", "id", "(param i32)"),
    ("request", "model", "(param i32)"),
    ("request", "dialect", "(param i32)"),
    ("upstream", "provider", "(param i32)"),
    ("upstream", "model", "(param i32)"),
    ("request", "header", "(param i32 i32 i32)"),
    ("request", "headers", "(param i32)"),
    ("request", "set-header", "(param i32 i32 i32 i32 i32)"),
    ("request", "remove-header", "(param i32 i32 i32)"),
    ("request", "get", "(param i32 i32 i32)"),
    ("request", "set", "(param i32 i32 i32 i32 i32)"),
    ("request", "remove", "(param i32 i32 i32)"),
    ("request", "texts", "(param i32)"),
    ("request", "set-text", "(param i32 i32 i32 i32)"),
    ("request", "pieces", "(param i32)"),
    ("request", "set-piece", "(param i32 i32 i32 i32)"),
    ("request", "body", "(param i32)"),
    ("request", "set-body", "(param i32 i32 i32)"),
    ("reply", "header", "(param i32 i32 i32)"),
    ("reply", "set-header", "(param i32 i32 i32 i32 i32)"),
    ("reply", "get", "(param i32 i32 i32)"),
    ("reply", "set", "(param i32 i32 i32 i32 i32)"),
    ("reply", "set-text", "(param i32 i32 i32 i32)"),
    ("reply", "set-body", "(param i32 i32 i32)"),
    ("reply", "pieces", "(param i32)"),
    ("reply", "set-piece", "(param i32 i32 i32 i32)"),
    ("events", "data", "(param i32 i32)"),
    ("events", "plain", "(result i32)"),
    ("events", "finished", "(result i32)"),
    ("events", "pieces", "(param i32)"),
    ("events", "set-piece", "(param i32 i32 i32 i32)"),
    ("notes", "get", "(param i32 i32 i32)"),
    ("notes", "set", "(param i32 i32 i32 i32 i32)"),
    ("log", "write", "(param i32 i32 i32)"),
    ("counters", "add", "(param i32 i32 i64)"),
    ("kv", "get", "(param i32 i32 i32)"),
    ("kv", "set", "(param i32 i32 i32 i32 i64 i32)"),
    ("kv", "increment", "(param i32 i32 i64 i64 i32)"),
    ("kv", "delete", "(param i32 i32) (result i32)"),
    ("clock", "now-ms", "(result i64)"),
    ("random", "bytes", "(param i32 i32)"),
    ("secrets", "get", "(param i32 i32 i32)"),
    ("callouts", "send", "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)"),
];

const FACTS: &str = "(param $streaming i32) (param $body-bytes i32)";

/// What `observe` is told after the facts.
const OUTCOME: &str = "(param $status i32) (param $refused i32) (param $code i32) (param $code-len i32) \
    (param $attempts i32) (param $input i64) (param $output i64) (param $provenance i32) (param $duration i64) \
    (param $first-byte i64)";

/// Hook, function, parameters after the facts.
const HOOKS: [(&str, &str, &str); 5] = [
    ("policy", "on-request", ""),
    ("router", "route", "(param $candidates i32) (param $count i32)"),
    ("upstream-request", "on-attempt", "(param $number i32)"),
    ("response", "on-response", "(param $status i32)"),
    ("event", "on-events", "(param $events i32) (param $count i32) (param $last i32)"),
];

/// What every guest has: memory, an allocator that is emptied after each call, and a few ways to answer.
const BASE: &str = r#"
  (memory (export "memory") 2)
  (global $free (mut i32) (i32.const 65536))
  (global $ret i32 (i32.const 64))
  (func $alloc (export "cabi_realloc") (param $old i32) (param $old-len i32) (param $align i32) (param $len i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $len)))
    (block $enough
      (br_if $enough (i32.le_u (global.get $free) (i32.shl (memory.size) (i32.const 16))))
      (br_if $enough (i32.ne (memory.grow (i32.add (i32.shr_u (local.get $len) (i32.const 16)) (i32.const 1))) (i32.const -1)))
      unreachable)
    (local.get $at))
  ;; The request goes on.
  (func $pass (result i32)
    (i32.store (i32.const 0) (i32.const 0))
    (i32.store (i32.const 4) (i32.const 0))
    (i32.store (i32.const 8) (i32.const 0))
    (i32.const 0))
  ;; The request ends with status, code and message.
  (func $refuse (param $status i32) (param $code i32) (param $code-len i32) (param $said i32) (param $said-len i32) (result i32)
    (i32.store8 (i32.const 0) (i32.const 1))
    (i32.store16 (i32.const 4) (local.get $status))
    (i32.store (i32.const 8) (local.get $code))
    (i32.store (i32.const 12) (local.get $code-len))
    (i32.store (i32.const 16) (local.get $said))
    (i32.store (i32.const 20) (local.get $said-len))
    (i32.const 0))
  ;; A refusal whose message is a number.
  (func $say (param $number i32) (result i32)
    (local $at i32)
    (local.set $at (i32.const 1000))
    (loop $digit
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
      (local.set $number (i32.div_u (local.get $number) (i32.const 10)))
      (br_if $digit (local.get $number)))
    (call $refuse (i32.const 400) @"said" (local.get $at) (i32.sub (i32.const 1000) (local.get $at))))
  ;; Traps unless the last import answered ok.
  (func $must-be-ok (if (i32.load8_u (global.get $ret)) (then unreachable)))
  ;; Traps unless the last import answered an error.
  (func $must-fail (if (i32.eqz (i32.load8_u (global.get $ret))) (then unreachable)))
"#;

/// A plugin in the making.
#[derive(Clone, Default)]
pub struct Guest {
    worlds: Vec<String>,
    code: String,
}

impl Guest {
    /// A plugin with one hook.
    pub fn on(hook: &str, body: &str) -> Self {
        Self::default().and(hook, body)
    }

    /// The same with another hook.
    pub fn and(mut self, hook: &str, body: &str) -> Self {
        let (_, function, more) = HOOKS.iter().find(|(name, _, _)| *name == hook).expect("a hook");
        let name = format!("weir:plugin/{hook}@0.1.0#{function}");
        self.code.push_str(&format!("(func (export \"{name}\") {FACTS} {more} (result i32)\n{body})\n"));
        self.code.push_str(&format!(
            "(func (export \"cabi_post_{name}\") (param i32) (global.set $free (i32.const 65536)))\n"
        ));
        self.worlds.push(format!("{hook}-hook"));
        self
    }

    /// The same with the hook `observe`.
    pub fn observe(mut self, body: &str) -> Self {
        let name = "weir:plugin/observe@0.1.0#on-finished";
        self.code.push_str(&format!("(func (export \"{name}\") {FACTS} {OUTCOME}\n{body})\n"));
        self.worlds.push("observe-hook".to_owned());
        self
    }

    /// The same with more of a module: globals, functions.
    pub fn with(mut self, code: &str) -> Self {
        self.code.push_str(code);
        self
    }

    /// The same with settings: `init` gets them as `$settings` and `$settings-len`.
    pub fn init(mut self, body: &str) -> Self {
        self.code.push_str(&format!(
            "(func (export \"weir:plugin/lifecycle@0.1.0#init\") (param $settings i32) (param $settings-len i32) (result i32)\n{body})\n"
        ));
        self.worlds.push("lifecycle-hook".to_owned());
        self
    }

    /// The component.
    pub fn build(&self) -> Vec<u8> {
        let mut texts = Texts::default();
        let code = texts.place(&format!("{BASE}{}", self.code));
        let used = IMPORTS.iter().filter(|(interface, function, _)| {
            let name = format!("${interface}.{function}");
            code.match_indices(&name)
                .any(|(at, _)| !code[at + name.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '-'))
        });
        let imports: String = used
            .map(|(interface, function, shape)| {
                format!(
                    "(import \"weir:plugin/{interface}@0.1.0\" \"{function}\" (func ${interface}.{function} {shape}))\n"
                )
            })
            .collect();
        let module = format!("(module\n{imports}{code}{}\n)", texts.data);
        weir_pack::component_from_wat(&module, &self.worlds.join("+")).unwrap_or_else(|e| panic!("{e:#}\n{module}"))
    }
}

/// Texts in the data of a module.
struct Texts {
    data: String,
    next: usize,
}

impl Default for Texts {
    fn default() -> Self {
        Self { data: String::new(), next: 1024 }
    }
}

impl Texts {
    /// Puts address and length where `@"text"` stands. `\"` and `\n` in it are what they are in Rust.
    fn place(&mut self, code: &str) -> String {
        let mut out = String::new();
        let mut rest = code;
        while let Some((before, after)) = rest.split_once("@\"") {
            let end = after.char_indices().find(|(at, c)| *c == '"' && !after[..*at].ends_with('\\')).unwrap().0;
            let text = after[..end].replace("\\\"", "\"").replace("\\n", "\n");
            let escaped: String = text.bytes().map(|b| format!("\\{b:02x}")).collect();
            self.data.push_str(&format!("(data (i32.const {}) \"{escaped}\")\n", self.next));
            out.push_str(&format!("{before}(i32.const {}) (i32.const {})", self.next, text.len()));
            self.next += text.len().next_multiple_of(8);
            assert!(self.next < 65536, "too much text");
            rest = &after[end + 1..];
        }
        out + rest
    }
}

/// Puts a plugin into a folder as careful people do: beside it, then renamed.
pub fn install(folder: &Path, name: &str, component: &[u8]) {
    fs::create_dir_all(folder).unwrap();
    let half = folder.join(format!(".{name}.half"));
    fs::write(&half, component).unwrap();
    fs::rename(half, folder.join(format!("{name}.wasm"))).unwrap();
}

/// One entry of the chain: the plugin's name, the plugin, and further settings of its binding.
pub type Bound<'a> = (&'a str, &'a Guest, &'a str);

/// `[plugins]` with these in the chain.
pub fn chain(bound: &[Bound<'_>]) -> String {
    let entries: String =
        bound.iter().map(|(name, _, more)| format!("[[plugins.chain]]\nplugin = \"{name}\"\n{more}\n")).collect();
    format!("[plugins]\n{entries}")
}

/// A gateway in front of `upstream` with these plugins and `more` configuration.
pub fn gateway(upstream: SocketAddr, more: &str, bound: &[Bound<'_>]) -> Gateway {
    gateway_with(&format!("{}\n{more}\n{}", config(upstream), chain(bound)), bound)
}

/// A gateway with this configuration and these plugins in its folder.
pub fn gateway_with(config: &str, bound: &[Bound<'_>]) -> Gateway {
    Gateway::start_with(config, |folder| {
        bound.iter().for_each(|(name, guest, _)| install(folder, name, &guest.build()))
    })
}

/// Counts its calls in its store and under a counter, and goes on; the count goes into the header that is named so.
pub fn tallying(header: &str) -> Guest {
    Guest::on(
        "policy",
        r#"(call $kv.increment @"n" (i64.const 1) (i64.const 0) (i32.const 128))
           (if (i32.load8_u (i32.const 128)) (then unreachable))
           (i32.store8 (i32.const 1000) (i32.add (i32.const 48) (i32.wrap_i64 (i64.load (i32.const 136)))))
           (call $notes.set @"n" (i32.const 1000) (i32.const 1) (i32.const 160)) (call $pass)"#,
    )
    .and(
        "response",
        &format!(
            r#"(call $counters.add @"answers" (i64.const 1))
               (call $notes.get @"n" (i32.const 128))
               (call $reply.set-header @"{header}" (i32.load (i32.const 132)) (i32.load (i32.const 136)) (i32.const 160))
               (call $pass)"#
        ),
    )
}
