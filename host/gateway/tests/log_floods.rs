//! A plugin fills no disk by what it logs, however little there is in each line.

use crate::guest::{Guest, gateway};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, post, until};
use std::time::Instant;

/// Writes so many lines of these bytes at each call.
fn lines(count: u32, bytes: &str, len: u32) -> Guest {
    Guest::on(
        "policy",
        &format!(
            r#"(local $n i32)
               (i32.store (i32.const 40000) (i32.const {bytes}))
               (loop $more
                 (call $log.write (i32.const 3) (i32.const 40000) (i32.const {len}))
                 (local.set $n (i32.add (local.get $n) (i32.const 1)))
                 (br_if $more (i32.lt_u (local.get $n) (i32.const {count}))))
               (call $pass)"#
        ),
    )
}

/// Bytes of the lines that the plugin has in the log.
fn logged(gateway: &Gateway) -> usize {
    let of_plugin = |line: &&str| line.contains("plugin=\"flood\"") && line.contains("request=");
    gateway.log().lines().filter(of_plugin).map(|line| line.len() + 1).sum()
}

#[test]
fn lines_with_next_to_nothing_in_them_are_no_way_around_the_rate() {
    // No text, a letter, what a terminal obeys, and half a character that nobody sees.
    let floods = [("0x78", 0), ("0x78", 1), ("0x1b", 1), ("0x8b80e2", 3)];
    std::thread::scope(|scope| {
        for (bytes, len) in floods {
            scope.spawn(move || {
                let (upstream, start) = (Upstream::chat(), Instant::now());
                let gateway = gateway(upstream.address, "", &[("flood", &lines(2_000, bytes, len), "")]);
                for _ in 0..20 {
                    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
                }
                let dropped = gateway.metric("weir_plugin_log_dropped_bytes_total", &["plugin=\"flood\""]);
                assert!(dropped > 10_000.0, "{bytes}, {len}: {dropped} of 40,000 lines");
                gateway.says("a plugin logs more than it may");
                // 16 KiB a second, and four seconds of them at once; a line may be a little longer than it is taken for.
                let most = (16 << 10) * (5 + start.elapsed().as_secs() as usize) * 5 / 4;
                assert!(logged(&gateway) <= most, "{bytes}, {len}: {} bytes of at most {most}", logged(&gateway));
            });
        }
    });
}

#[test]
fn a_plugin_that_logs_a_short_line_a_request_is_heard() {
    let upstream = Upstream::chat();
    let gateway = gateway(upstream.address, "", &[("flood", &lines(1, "0x78", 1), "")]);
    for _ in 0..200 {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    }
    let count =
        || gateway.log().lines().filter(|line| line.contains("plugin=\"flood\"") && line.contains(": x ")).count();
    until("all of it is there", || (count() == 200).then_some(()));
    soon_eq!(gateway.metric("weir_plugin_log_dropped_bytes_total", &["plugin=\"flood\""]), 0.0);
}
