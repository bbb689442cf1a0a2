//! Instructions that do much: charged by what they do, and cut, so that the worker's other requests have their turn.

use crate::guest::{Guest, chain, gateway_with};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, config, config_with, post};

/// Plugins are called as components, and without the component layer.
const WAYS: [&str; 2] = ["direct = true", "direct = false"];
const LIMITS: &str = "tenants = [\"acme\"]\nlimits = { deadline = \"30s\", memory = \"64MiB\" }";
/// Bytes between two turns of the others, at the most.
const PIECE: f64 = 65_536.0;

fn gateway(guest: &Guest, way: &str) -> Gateway {
    let upstream = Upstream::chat();
    let bound = [("bulk", guest, LIMITS)];
    let plugins = chain(&bound).replacen("[plugins]\n", &format!("[plugins]\n{way}\n"), 1);
    gateway_with(&format!("{}{plugins}", config(upstream.address)), &bound)
}

/// How often it gave way for one request, and the answer's message, if it refused.
fn yields(guest: &Guest, way: &str) -> (f64, String) {
    let gateway = gateway(guest, way);
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert!([200, 400].contains(&reply.status), "{}", reply.text());
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).content(), "hello");
    let said = reply.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
    (gateway.metric("weir_plugin_yields_total", &["plugin=\"bulk\""]), said)
}

/// Enough memory for `bytes` beyond the first MiB.
fn room(bytes: usize) -> String {
    format!("(if (i32.eq (memory.grow (i32.const {})) (i32.const -1)) (then unreachable))", bytes / 65_536 + 32)
}

#[test]
fn filling_memory_gives_way_after_each_piece_whatever_its_length() {
    for way in WAYS {
        let fill = "(memory.fill (i32.const 1048576) (i32.const 97) (i32.const 45000000))".repeat(4);
        let (yields, _) = yields(&Guest::on("policy", &format!("{}{fill}(call $pass)", room(45_000_000))), way);
        assert!(yields >= 4.0 * 45e6 / PIECE - 8.0, "{way}: it gave way {yields} times for 180 MB");
    }
}

#[test]
fn copying_memory_gives_way_after_each_piece_in_either_direction() {
    // What is copied upwards overlaps what it is copied from, and so is copied from its end.
    let up = "(memory.copy (i32.const 1100000) (i32.const 1048576) (i32.const 44000000))";
    let down = "(memory.copy (i32.const 1048576) (i32.const 1100000) (i32.const 44000000))";
    for way in WAYS {
        let copies = [up, down].concat().repeat(2);
        let (yields, _) = yields(&Guest::on("policy", &format!("{}{copies}(call $pass)", room(45_000_000))), way);
        assert!(yields >= 4.0 * 44e6 / PIECE - 8.0, "{way}: it gave way {yields} times for 176 MB");
    }
}

#[test]
fn copying_memory_gives_way_too_and_copies_what_overlaps_as_a_whole_would() {
    // Every place holds a number of its own; then all of it moves by a little, up and down again.
    let body = format!(
        "{room}
        (local.set $at (i32.const 0))
        (loop $write
          (i32.store (i32.add (i32.const 1048576) (local.get $at)) (i32.mul (local.get $at) (i32.const 2654435761)))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br_if $write (i32.lt_u (local.get $at) (i32.const 8000000))))
        (memory.copy (i32.const 1048676) (i32.const 1048576) (local.get $at))
        (call $check (i32.const 1048676))
        (memory.copy (i32.const 1048580) (i32.const 1048676) (local.get $at))
        (call $check (i32.const 1048580))
        (memory.copy (i32.const 1048580) (i32.const 1048580) (local.get $at))
        (call $check (i32.const 1048580))
        (call $pass)",
        room = room(8_100_000),
    );
    let check = "(func $check (param $from i32) (local $at i32)
        (loop $read
          (if (i32.ne (i32.load (i32.add (local.get $from) (local.get $at))) (i32.mul (local.get $at) (i32.const 2654435761)))
            (then unreachable))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br_if $read (i32.lt_u (local.get $at) (i32.const 8000000)))))";
    let body = body.replace("(local.set $at", "(global.set $at").replace("(local.get $at)", "(global.get $at)");
    let guest = Guest::on("policy", &body).with(check).with("(global $at (mut i32) (i32.const 0))");
    for way in WAYS {
        let (yields, said) = yields(&guest, way);
        assert_eq!(said, "");
        assert!(yields >= 3.0 * 8e6 / PIECE, "{way}: it gave way {yields} times for 24 MB");
    }
}

#[test]
fn initialising_memory_gives_way_as_well() {
    let data = format!("(data $long \"{}\")", "0123456789abcdef".repeat(65_536));
    let init = "(memory.init $long (i32.const 1048576) (i32.const 0) (i32.const 1048576))".repeat(8);
    let look = "(if (i32.ne (i32.load8_u (i32.const 2097151)) (i32.const 102)) (then unreachable))";
    let guest = Guest::on("policy", &format!("{}{init}{look}(call $pass)", room(2_000_000))).with(&data);
    let (yields, _) = yields(&guest, WAYS[0]);
    assert!(yields >= 8.0 * 1_048_576.0 / PIECE - 8.0, "it gave way {yields} times for 8 MiB");
}

#[test]
fn tables_are_filled_and_copied_in_pieces() {
    let tables = "(table $table 60000 funcref) (elem $names func $nothing $nothing) (func $nothing)";
    let body = "(table.fill $table (i32.const 0) (ref.func $nothing) (i32.const 60000))
        (table.copy $table $table (i32.const 1) (i32.const 0) (i32.const 59999))
        (table.init $table $names (i32.const 0) (i32.const 0) (i32.const 2))
        (if (ref.is_null (table.get $table (i32.const 59999))) (then unreachable))
        (call $pass)";
    let (yields, _) = yields(&Guest::on("policy", body).with(tables), "direct = false");
    assert!(yields >= 20.0, "it gave way {yields} times for 120,000 elements");
}

#[test]
fn what_reaches_beyond_the_end_traps_as_before() {
    for bulk in [
        "(memory.fill (i32.const 100) (i32.const 1) (i32.const 0x7fffffff))",
        "(memory.fill (i32.const -65536) (i32.const 1) (i32.const 0x20000))",
        "(memory.copy (i32.const 0) (i32.const 100) (i32.const 0x30000))",
        "(memory.copy (i32.const 100) (i32.const 0) (i32.const -1))",
    ] {
        let gateway = gateway(&Guest::on("policy", &format!("{bulk} (call $pass)")), WAYS[0]);
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.code().as_str()), (500, "plugin_failed"), "{bulk}: {}", reply.text());
        let traps = gateway.metric("weir_plugin_faults_total", &["plugin=\"bulk\"", "reason=\"trap\""]);
        assert_eq!(traps, 1.0, "{bulk}");
        gateway.says("out of bounds memory access");
    }
}

#[test]
fn what_the_host_copies_for_a_guest_is_its_own_time() {
    // Few steps of the guest's own, and long ones of the host's: each of these goes on until it is cut off.
    let calls = [
        ("body", "(call $request.body (global.get $ret))"),
        (
            "set-body",
            r#"(call $request.body (global.get $ret))
            (call $request.set-body (i32.load (i32.const 64)) (i32.load (i32.const 68)) (i32.const 96))"#,
        ),
        ("kv", r#"(call $kv.set @"key" (i32.const 131072) (i32.const 60000) (i64.const 0) (global.get $ret))"#),
        ("random", "(call $random.bytes (i32.const 4096) (global.get $ret))"),
        ("log", "(call $log.write (i32.const 2) (i32.const 131072) (i32.const 100))"),
    ];
    let guests = calls.map(|(name, call)| {
        let body = format!("{}(loop $more {call} (global.set $free (i32.const 65536)) (br $more)) (call $pass)", room(1));
        let settings = format!(
            "models = [\"{name}\"]\ngrants = [\"kv\", \"random\", \"log\"]\nlimits = {{ deadline = \"100ms\", host_calls = 1_000_000_000 }}"
        );
        (name, Guest::on("policy", &body), settings)
    });
    let bound: Vec<_> = guests.iter().map(|(name, guest, settings)| (*name, guest, settings.as_str())).collect();
    let models: String = calls.map(|(name, _)| format!("[models.{name}]\ntargets = [\"up/m\"]\n")).concat();
    let config = config_with(Upstream::chat().address, "retries = 0", &models);
    let gateway = gateway_with(&format!("{config}{}", chain(&bound)), &bound);
    for (name, _) in calls {
        let body = chat(&"x".repeat(1 << 20)).replace("\"m\"", &format!("{name:?}"));
        let reply = post(gateway.address, ACME, &body);
        assert_eq!(reply.code(), "plugin_failed", "{name}: {}", reply.text());
        let of = |metric: &str, label: &str| gateway.metric(metric, &[&format!("plugin=\"{name}\""), label]);
        soon_eq!(of("weir_plugin_faults_total", "reason=\"deadline\""), 1.0, "{name}");
        soon!(of("weir_plugin_cpu_seconds_total", "") >= 0.1, "{name}");
        soon!(of("weir_plugin_yields_total", "") >= 5.0, "{name}: it gives way while the host works for it");
    }
}
