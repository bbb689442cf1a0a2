//! A key-value store keeps its count however many write to it at once, and however short what is in it lives.

use crate::guest::{Guest, gateway};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, send, until};

/// Entries that the store holds.
const ENTRIES: usize = 200;

/// Sets, deletes or adds to so many keys, from a first one on, as the headers say; refuses with how many of them it could.
fn keeper() -> Guest {
    Guest::on(
        "policy",
        r#"(local $what i32) (local $n i32) (local $first i32) (local $bytes i32) (local $ttl i64) (local $done i32)
           (local.set $what (call $number @"x-what"))
           (local.set $n (call $number @"x-count"))
           (local.set $first (call $number @"x-first"))
           (local.set $bytes (call $number @"x-bytes"))
           (local.set $ttl (i64.extend_i32_u (call $number @"x-ttl")))
           (block $over (loop $next
             (br_if $over (i32.eqz (local.get $n)))
             (local.set $n (i32.sub (local.get $n) (i32.const 1)))
             (call $key (i32.add (local.get $first) (local.get $n)))
             (if (i32.eq (local.get $what) (i32.const 1)) (then
               (call $kv.set (i32.const 300) (i32.const 8) (i32.const 2048) (local.get $bytes) (local.get $ttl) (i32.const 320))))
             (if (i32.eq (local.get $what) (i32.const 2)) (then
               (i32.store8 (i32.const 320) (i32.eqz (call $kv.delete (i32.const 300) (i32.const 8))))))
             (if (i32.eq (local.get $what) (i32.const 3)) (then
               (call $kv.increment (i32.const 300) (i32.const 8) (i64.const 1) (local.get $ttl) (i32.const 320))))
             (local.set $done (i32.add (local.get $done) (i32.eqz (i32.load8_u (i32.const 320)))))
             (br $next)))
           (call $say (local.get $done))"#,
    )
    .with(
        r#"(func $number (param $name i32) (param $len i32) (result i32)
             (local $at i32) (local $left i32) (local $value i32)
             (call $request.header (local.get $name) (local.get $len) (i32.const 128))
             (local.set $at (i32.load (i32.const 132)))
             (local.set $left (i32.load (i32.const 136)))
             (block $over (loop $next
               (br_if $over (i32.eqz (local.get $left)))
               (local.set $value (i32.add (i32.mul (local.get $value) (i32.const 10)) (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))))
               (local.set $at (i32.add (local.get $at) (i32.const 1)))
               (local.set $left (i32.sub (local.get $left) (i32.const 1)))
               (br $next)))
             (local.get $value))
           (func $key (param $number i32)
             (local $at i32)
             (local.set $at (i32.const 308))
             (loop $digit
               (local.set $at (i32.sub (local.get $at) (i32.const 1)))
               (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
               (local.set $number (i32.div_u (local.get $number) (i32.const 10)))
               (br_if $digit (i32.gt_u (local.get $at) (i32.const 300)))))"#,
    )
}

const SET: u32 = 1;
const DELETE: u32 = 2;
const ADD: u32 = 3;

/// Does this to so many keys from a first one on, with values of so many bytes for so many milliseconds; for how many of them
/// it was done.
fn with(gateway: &Gateway, what: u32, (first, count): (usize, usize), bytes: usize, ttl: u32) -> usize {
    let bearer = format!("Bearer {ACME}");
    let numbers = [what as usize, first, count, bytes, ttl as usize].map(|number| number.to_string());
    let names = ["x-what", "x-first", "x-count", "x-bytes", "x-ttl"];
    let fields = names.into_iter().zip(numbers.iter().map(String::as_str)).chain([("authorization", bearer.as_str())]);
    let fields: Vec<(&str, &str)> = fields.collect();
    let reply = send(gateway.address, "POST", "/v1/chat/completions", &fields, chat("hi").as_bytes());
    reply.json()["error"]["message"].as_str().unwrap().parse().unwrap_or_else(|_| panic!("{}", reply.text()))
}

/// The store takes as much as on its first day, once what was in it is gone.
fn is_as_before(gateway: &Gateway, after: &str) {
    with(gateway, DELETE, (0, 3_000), 0, 0);
    until(&format!("{after}: all the room is back"), || {
        let taken = with(gateway, SET, (0, ENTRIES + 50), 1, 0);
        with(gateway, DELETE, (0, ENTRIES + 50), 0, 0);
        assert!(taken <= ENTRIES, "{after}: {taken} entries");
        (taken == ENTRIES).then_some(())
    });
}

#[test]
fn however_a_store_is_flooded_it_never_holds_more_than_it_may_and_loses_no_room() {
    let upstream = Upstream::chat();
    let settings = format!(
        "grants = [\"kv\"]\nlimits = {{ kv_entries = {ENTRIES}, deadline = \"20s\", cpu = \"1000s\", cpu_burst = \"1h\" }}"
    );
    let gateway = gateway(upstream.address, "", &[("keeper", &keeper(), &settings)]);
    // Each answers for how many keys it was done.
    let at_once = |act: &(dyn Fn(usize) -> usize + Sync)| {
        std::thread::scope(|scope| {
            for thread in 0..6 {
                scope.spawn(move || (0..8).for_each(|turn| assert!(act(thread * 8 + turn) <= 300)));
            }
        });
    };
    assert_eq!(with(&gateway, SET, (0, 1_000), 1, 0), ENTRIES);
    is_as_before(&gateway, "more than it may");
    at_once(&|turn| with(&gateway, SET, (turn * 50, 300), 1, 1));
    is_as_before(&gateway, "what lives for a moment");
    at_once(&|turn| with(&gateway, SET, (0, 100), turn * 97 % 5_000, 0));
    is_as_before(&gateway, "values under the same keys, of every length");
    at_once(&|turn| with(&gateway, [SET, DELETE, ADD][turn % 3], (0, 100), 8, (turn % 2) as u32));
    is_as_before(&gateway, "the same keys set, deleted and added to");
    at_once(&|_| with(&gateway, ADD, (0, 300), 0, 1));
    is_as_before(&gateway, "numbers that live for a moment");
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
}
