//! A guest that does what it is told: it reads its instructions out of the request's id, in hexadecimal, and carries them out.
//!
//! An instruction is a byte, taken modulo what there are, and its arguments. At the end of a hook all of what the guest can see is
//! in its answer: the message is a digest of its memory, with everything that was handed over to it and where.

use std::fmt::Write as _;
use std::sync::LazyLock;

use weir_component::from_text;

/// How many guests there are: with and without what cleans up, with and without something to prepare.
const VARIANTS: usize = 4;
/// Exported by guests that are to be prepared first.
const PREPARED: usize = 2;
/// Exported by guests that clean up.
const CLEANS: usize = 1;

/// Every function that answers the same to the same question: `t` stands for a text, `p` for a number, `n` for a long one, `z` for a long 0, and `r`
/// for where the answer goes. The last is what it answers by itself.
const FUNCTIONS: [(&str, &str, &str, &str); 46] = [
    ("request", "tenant", "r", ""),
    ("request", "id", "r", ""),
    ("request", "model", "r", ""),
    ("request", "dialect", "r", ""),
    ("request", "header", "tr", ""),
    ("request", "headers", "r", ""),
    ("request", "set-header", "ttr", ""),
    ("request", "remove-header", "tr", ""),
    ("request", "get", "tr", ""),
    ("request", "set", "ttr", ""),
    ("request", "remove", "tr", ""),
    ("request", "texts", "r", ""),
    ("request", "set-text", "ptr", ""),
    ("request", "body", "r", ""),
    ("request", "set-body", "tr", ""),
    ("request", "pieces", "r", ""),
    ("request", "set-piece", "ptr", ""),
    ("request", "all-text", "r", ""),
    ("request", "piece-pointer", "pr", ""),
    ("upstream", "provider", "r", ""),
    ("upstream", "model", "r", ""),
    ("reply", "header", "tr", ""),
    ("reply", "set-header", "ttr", ""),
    ("reply", "get", "tr", ""),
    ("reply", "set", "ttr", ""),
    ("reply", "texts", "r", ""),
    ("reply", "set-text", "ptr", ""),
    ("reply", "body", "r", ""),
    ("reply", "set-body", "tr", ""),
    ("reply", "pieces", "r", ""),
    ("reply", "set-piece", "ptr", ""),
    ("reply", "all-text", "r", ""),
    ("reply", "piece-pointer", "pr", ""),
    ("events", "data", "pr", ""),
    ("events", "pieces", "r", ""),
    ("events", "set-piece", "ptr", ""),
    ("events", "all-text", "r", ""),
    ("events", "piece-pointer", "pr", ""),
    ("events", "plain", "", "i32"),
    ("events", "finished", "", "i32"),
    ("notes", "get", "tr", ""),
    ("notes", "set", "ttr", ""),
    ("kv", "get", "tr", ""),
    ("kv", "increment", "tnzr", ""),
    ("log", "write", "pt", ""),
    ("counters", "add", "tn", ""),
];

/// Texts that instructions can name by a number.
const TEXTS: [&str; 16] = [
    "/model",
    "/messages/0/content",
    "/messages/0",
    "\"x\"",
    "{}",
    "x-a",
    "content-type",
    "authorization",
    "k",
    "",
    "ä€😀",
    "/choices/0/message/content",
    "/choices/0/delta/content",
    "[1,2]",
    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"other\"}]}",
    "/a~1b/-",
];

/// Hooks, with their parameters and whether they answer. Where what is handed over lies is at the places after the facts.
const HOOKS: [(&str, &str, &str, bool); 7] = [
    ("lifecycle", "init", "i32 i32", true),
    ("policy", "on-request", "i32 i32", true),
    ("router", "route", "i32 i32 i32 i32", true),
    ("upstream-request", "on-attempt", "i32 i32 i32", true),
    ("response", "on-response", "i32 i32 i32", true),
    ("event", "on-events", "i32 i32 i32 i32 i32", true),
    ("observe", "on-finished", "i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64 i64", false),
];

/// What guests have and how they go on. Where things lie: 0 the answer, 400 what the hook was told, 512 answers of the host, 1792 the
/// texts, 4096 the instructions, 65536 and up what is handed over.
const BASE: &str = r#"
  (memory (export "memory") 2)
  (global $free (mut i32) (i32.const 65536))
  (global $pc (mut i32) (i32.const 0)) (global $end (mut i32) (i32.const 0)) (global $len (mut i32) (i32.const 0))
  (global $lie (mut i32) (i32.const 0)) (global $truths (mut i32) (i32.const 0)) (global $mess (mut i32) (i32.const 0))
  (global $hash (mut i64) (i64.const 0))
  (func $past (result i32) (i32.shl (memory.size) (i32.const 16)))
  (func $alloc (param $align i32) (param $size i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (if (i32.gt_u (local.get $size) (i32.const 0x100000)) (then unreachable))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (block $enough (loop $more
      (br_if $enough (i32.le_u (global.get $free) (call $past)))
      (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
      unreachable))
    (local.get $at))
  ;; So many times it tells the truth, and then what it was told to.
  (func $room (param $align i32) (param $size i32) (result i32)
    (if (global.get $truths) (then
      (global.set $truths (i32.sub (global.get $truths) (i32.const 1)))
      (return (call $alloc (local.get $align) (local.get $size)))))
    (if (i32.eq (global.get $lie) (i32.const 1)) (then
      (return (i32.add (call $alloc (local.get $align) (local.get $size)) (i32.const 1)))))
    (if (i32.eq (global.get $lie) (i32.const 2)) (then (return (i32.sub (call $past) (i32.const 1)))))
    (if (i32.eq (global.get $lie) (i32.const 3)) (then unreachable))
    (if (i32.eq (global.get $lie) (i32.const 4)) (then (call $request.tenant (i32.const 96))))
    (if (i32.eq (global.get $lie) (i32.const 5)) (then (return (i32.const 0))))
    (if (i32.eq (global.get $lie) (i32.const 6)) (then (drop (memory.grow (i32.const 1)))))
    (if (i32.eq (global.get $lie) (i32.const 7)) (then (return (i32.const -8))))
    (if (i32.eq (global.get $lie) (i32.const 8)) (then (return (i32.const 4096))))
    (if (i32.eq (global.get $lie) (i32.const 9)) (then (return (i32.sub (call $past) (local.get $size)))))
    (call $alloc (local.get $align) (local.get $size)))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 380) (i32.add (i32.load (i32.const 380)) (i32.const 1)))
    (i32.store (i32.const 384) (i32.or (local.get 0) (local.get 1)))
    (i32.store (i32.const 388) (local.get 2))
    (call $room (local.get 2) (local.get 3)))
  (func (export "cabi_realloz") (param i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 376) (i32.add (i32.load (i32.const 376)) (i32.const 1)))
    (call $room (local.get 2) (local.get 3)))
  (func $after (param $mark i32)
    (global.set $free (i32.const 65536))
    (i32.store (i32.const 372) (i32.add (i32.load (i32.const 372)) (local.get $mark)))
    (if (i32.eq (global.get $mess) (i32.const 1)) (then unreachable))
    (if (i32.eq (global.get $mess) (i32.const 2)) (then (call $request.tenant (i32.const 96))))
    (if (i32.eq (global.get $mess) (i32.const 3)) (then (drop (memory.grow (i32.const 1)))))
    (if (i32.eq (global.get $mess) (i32.const 4)) (then (drop (call $events.plain)))))
  (func $byte (result i32) (local $at i32)
    (local.set $at (global.get $pc))
    (if (result i32) (i32.ge_u (local.get $at) (global.get $end))
      (then (i32.const 0))
      (else
        (global.set $pc (i32.add (local.get $at) (i32.const 1)))
        (i32.load8_u offset=4096 (local.get $at)))))
  ;; A number: a small one, a place for answers, a place in the instructions, or one that is worth a try.
  (func $arg (result i32) (local $b i32) (local $low i32)
    (local.set $b (call $byte))
    (local.set $low (i32.and (local.get $b) (i32.const 63)))
    (if (i32.lt_u (local.get $b) (i32.const 64)) (then (return (local.get $b))))
    (if (i32.lt_u (local.get $b) (i32.const 128)) (then
      (return (i32.add (i32.const 512) (i32.shl (local.get $low) (i32.const 2))))))
    (if (i32.lt_u (local.get $b) (i32.const 192)) (then
      (return (i32.add (i32.const 4096) (i32.and (i32.const 2047)
        (i32.or (i32.shl (local.get $low) (i32.const 8)) (call $byte)))))))
    (if (i32.lt_u (local.get $low) (i32.const 16)) (then (return (i32.sub (call $past) (local.get $low)))))
    (if (i32.lt_u (local.get $low) (i32.const 32)) (then (return (i32.sub (i32.const 15) (local.get $low)))))
    (if (i32.lt_u (local.get $low) (i32.const 48)) (then
      (return (i32.load offset=512 (i32.shl (i32.and (local.get $low) (i32.const 15)) (i32.const 2))))))
    (i32.or (call $byte) (i32.shl (call $byte) (i32.const 8))))
  ;; Where a text lies; its length is in $len.
  (func $text (result i32) (local $b i32) (local $at i32)
    (local.set $b (call $byte))
    (if (i32.lt_u (local.get $b) (i32.const 128)) (then
      (local.set $at (i32.shl (i32.and (local.get $b) (i32.const 15)) (i32.const 3)))
      (global.set $len (i32.load offset=1796 (local.get $at)))
      (return (i32.load offset=1792 (local.get $at)))))
    (local.set $at (call $arg))
    (global.set $len (call $arg))
    (local.get $at))
  ;; Where an answer goes.
  (func $to (result i32) (local $b i32)
    (local.set $b (call $byte))
    (if (result i32) (i32.lt_u (local.get $b) (i32.const 224))
      (then (i32.add (i32.const 512) (i32.shl (i32.and (local.get $b) (i32.const 63)) (i32.const 3))))
      (else (call $arg))))
  (func $digest (param $from i32) (param $to i32)
    (block $done (loop $more
      (br_if $done (i32.ge_u (local.get $from) (local.get $to)))
      (global.set $hash (i64.mul (i64.xor (global.get $hash) (i64.load (local.get $from))) (i64.const 0x100000001b3)))
      (global.set $hash (i64.xor (global.get $hash) (i64.shr_u (global.get $hash) (i64.const 29))))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (br $more))))
  (func $pass (result i32) (i32.store (i32.const 0) (i32.const 0)) (i32.const 0))
  ;; All that there is to see, as a refusal's message.
  (func $say (result i32) (local $at i32)
    (global.set $hash (i64.const 0))
    (call $digest (i32.const 368) (i32.const 4096))
    (call $digest (i32.const 65536) (i32.and (global.get $free) (i32.const -8)))
    (local.set $at (i32.const 352))
    (loop $digit
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 97) (i32.and (i32.wrap_i64 (global.get $hash)) (i32.const 15))))
      (global.set $hash (i64.shr_u (global.get $hash) (i64.const 4)))
      (br_if $digit (i32.gt_u (local.get $at) (i32.const 336))))
    (i32.store (i32.const 0) (i32.const 1))
    (i32.store (i32.const 4) (i32.const 451))
    (i32.store (i32.const 8) (i32.const 336)) (i32.store (i32.const 12) (i32.const 4))
    (i32.store (i32.const 16) (i32.const 336)) (i32.store (i32.const 20) (i32.const 16))
    (i32.const 0))
  (func $nibble (param $at i32) (result i32) (local $c i32)
    (local.set $c (i32.load8_u (local.get $at)))
    (if (result i32) (i32.gt_u (local.get $c) (i32.const 57))
      (then (i32.sub (local.get $c) (i32.const 87))) (else (i32.sub (local.get $c) (i32.const 48)))))
  ;; Reads the instructions.
  (func $read (local $at i32) (local $n i32)
    (global.set $lie (i32.const 0)) (global.set $mess (i32.const 0)) (global.set $truths (i32.const 0))
    (call $request.id (i32.const 392))
    (local.set $at (i32.load (i32.const 392)))
    (global.set $pc (i32.const 0))
    (global.set $end (i32.shr_u (i32.load (i32.const 396)) (i32.const 1)))
    (if (i32.gt_u (global.get $end) (i32.const 2048)) (then (global.set $end (i32.const 2048))))
    (block $done (loop $more
      (br_if $done (i32.ge_u (local.get $n) (global.get $end)))
      (i32.store8 offset=4096 (local.get $n)
        (i32.or (i32.shl (call $nibble (local.get $at)) (i32.const 4)) (call $nibble (i32.add (local.get $at) (i32.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br $more))))
"#;

/// What is no call of the host. `return` answers the hook.
const OWN: [&str; 10] = [
    "(i32.store8 (call $arg) (call $byte))",
    "(i32.store (call $arg) (call $arg))",
    "(global.set $lie (i32.rem_u (call $byte) (i32.const 10))) (global.set $truths (i32.and (call $byte) (i32.const 7)))",
    "(global.set $mess (i32.rem_u (call $byte) (i32.const 5)))",
    "(return (call $arg))",
    "(return (call $pass))",
    "(memory.copy (call $arg) (call $arg) (call $byte))",
    "(drop (memory.grow (i32.const 1)))",
    "unreachable",
    "(return (call $say))",
];

/// A guest as a component.
pub(super) fn component(variant: usize) -> &'static [u8] {
    static MADE: LazyLock<[Vec<u8>; VARIANTS]> = LazyLock::new(|| std::array::from_fn(made));
    &MADE[variant % VARIANTS]
}

fn made(variant: usize) -> Vec<u8> {
    let worlds: Vec<String> = HOOKS.iter().map(|(hook, ..)| format!("{hook}-hook")).collect();
    let text = format!("(module\n{}{BASE}{}{}{})", imports(), texts(), run(), exports(variant));
    from_text(&text, &worlds.join("+")).expect("the guest is a component")
}

fn core(shape: &str) -> String {
    let flat = |kind| match kind {
        't' => " i32 i32",
        'n' | 'z' => " i64",
        _ => " i32",
    };
    shape.chars().map(flat).collect()
}

fn imports() -> String {
    let mut text = String::new();
    for (interface, function, shape, answers) in FUNCTIONS {
        let (params, result) =
            (core(shape), if answers.is_empty() { String::new() } else { format!("(result {answers})") });
        let _ = writeln!(
            text,
            r#"(import "weir:plugin/{interface}@0.1.0" "{function}" (func ${interface}.{function} (param{params}) {result}))"#
        );
    }
    text + "(import \"weir:plugin/kv@0.1.0\" \"delete\" (func $kv.delete (param i32 i32) (result i32)))\n"
}

fn texts() -> String {
    let (mut table, mut all, from) = (String::new(), String::new(), 1792 + TEXTS.len() * 8);
    let mut at = from;
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("\\{byte:02x}")).collect() };
    for text in TEXTS {
        let place = u32::try_from(at).expect("a place").to_le_bytes();
        table += &hex(&[place, u32::try_from(text.len()).expect("a length").to_le_bytes()].concat());
        all += &hex(text.as_bytes());
        at += text.len();
    }
    format!("(data (i32.const 1792) \"{table}{all}\")\n")
}

/// The function that carries instructions out.
fn run() -> String {
    let calls = FUNCTIONS.iter().map(|(interface, function, shape, answers)| {
        let arguments: String = shape
            .chars()
            .map(|kind| match kind {
                't' => "(call $text) (global.get $len) ",
                'n' => "(i64.extend_i32_s (call $arg)) ",
                // What depends on the time is no answer of the guest's.
                'z' => "(i64.const 0) ",
                'r' => "(call $to) ",
                _ => "(call $arg) ",
            })
            .collect();
        let call = format!("(call ${interface}.{function} {arguments})");
        if answers.is_empty() { call } else { format!("(i32.store (i32.const 368) {call})") }
    });
    let all: Vec<String> = OWN.iter().map(|own| (*own).to_owned()).chain(calls).collect();
    let mut text = String::from("(func $run (result i32) (local $op i32)\n(block $over (loop $next\n");
    let _ = writeln!(text, "(br_if $over (i32.ge_u (global.get $pc) (global.get $end)))");
    let _ = writeln!(text, "(local.set $op (i32.rem_u (call $byte) (i32.const {})))", all.len());
    for (number, code) in all.iter().enumerate() {
        let _ = writeln!(text, "(if (i32.eq (local.get $op) (i32.const {number})) (then {code} (br $next)))");
    }
    text + "(br $next)))\n(call $say))\n"
}

fn exports(variant: usize) -> String {
    let mut text = String::new();
    for (hook, function, params, answers) in HOOKS {
        let name = format!("weir:plugin/{hook}@0.1.0#{function}");
        let kept: String = (params.split(' ').enumerate())
            .map(|(n, kind)| format!("({kind}.store (i32.const {}) (local.get {n}))", 400 + n * 8))
            .collect();
        // The store outlives instances, and what an input does in it is to be that input's own.
        let begin = "(drop (call $kv.delete (i32.load (i32.const 1856)) (i32.load (i32.const 1860)))) (call $read)";
        let (result, body) = match (hook, answers) {
            ("lifecycle", _) => ("(result i32)", format!("{kept}(call $pass)")),
            (_, true) => ("(result i32)", format!("{kept}{begin}(call $run)")),
            (_, false) => ("", format!("{kept}{begin}(drop (call $run))(global.set $free (i32.const 65536))")),
        };
        let _ = writeln!(text, "(func (export \"{name}\") (param {params}) {result} {body})");
        if answers && variant & CLEANS != 0 {
            let _ = writeln!(text, "(func (export \"cabi_post_{name}\") (param i32) (call $after (i32.const 1)))");
            let _ = writeln!(text, "(func (export \"cabi_pozt_{name}\") (param i32) (call $after (i32.const 16)))");
        }
    }
    if variant & PREPARED != 0 {
        text += "(func (export \"_initialize\") (i32.store (i32.const 368) (i32.const 7)))\n";
    }
    text
}
