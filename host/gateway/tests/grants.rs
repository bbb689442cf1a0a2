//! Clock, random bytes and secrets: each as it was granted, and no more of it.

use crate::support;

use crate::guest::{Guest, chain, gateway, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, post, until};
use std::time::{SystemTime, UNIX_EPOCH};

/// The number that a guest's refusal says.
fn said(gateway: &Gateway) -> u64 {
    let reply = post(gateway.address, ACME, &chat("hi"));
    let message = reply.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
    message.parse().unwrap_or_else(|_| panic!("{} {}", reply.status, reply.text()))
}

/// Hundredths of a second since 1970, less what does not fit.
fn now() -> u64 {
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    u64::try_from(ms / 10 % 1_000_000_000).unwrap()
}

#[test]
fn the_clock_tells_the_time_moves_on_from_call_to_call_and_stands_still_within_one() {
    // Counts to ten million between two looks; then says the time in hundredths of a second.
    let watching = Guest::on(
        "policy",
        r#"(local $first i64) (local $n i32)
           (local.set $first (call $clock.now-ms))
           (if (i64.ne (i64.rem_u (local.get $first) (i64.const 10)) (i64.const 0)) (then unreachable))
           (loop $more
             (local.set $n (i32.add (local.get $n) (i32.const 1)))
             (br_if $more (i32.lt_u (local.get $n) (i32.const 10000000))))
           (if (i64.ne (call $clock.now-ms) (local.get $first)) (then unreachable))
           (call $say (i32.wrap_i64 (i64.rem_u (i64.div_u (local.get $first) (i64.const 10)) (i64.const 1000000000))))"#,
    );
    let settings = "grants = [\"clock\"]\nlimits = { deadline = \"30s\" }";
    let gateway = gateway(Upstream::chat().address, "", &[("watch", &watching, settings)]);
    let (before, told, after) = (now(), said(&gateway), now());
    assert!((before..=after).contains(&told), "{before} {told} {after}");
    until("it moves on", || (said(&gateway) > told).then_some(()));
}

#[test]
fn random_bytes_differ_and_are_bounded() {
    let drawing = Guest::on(
        "policy",
        r#"(call $random.bytes (i32.const 0) (global.get $ret))
           (if (i32.load (i32.const 68)) (then unreachable))
           (call $random.bytes (i32.const -1) (global.get $ret))
           (if (i32.ne (i32.load (i32.const 68)) (i32.const 4096)) (then unreachable))
           (call $random.bytes (i32.const 4) (global.get $ret))
           (if (i32.ne (i32.load (i32.const 68)) (i32.const 4)) (then unreachable))
           (call $random.bytes (i32.const 4) (i32.const 128))
           (if (i32.eq (i32.load (i32.load (i32.const 64))) (i32.load (i32.load (i32.const 128)))) (then unreachable))
           (call $say (i32.load (i32.load (i32.const 64))))"#,
    );
    let gateway = gateway(Upstream::chat().address, "", &[("draw", &drawing, "grants = [\"random\"]")]);
    let drawn = [(); 3].map(|()| said(&gateway));
    // Two numbers of 32 bits are the same once in four thousand million runs.
    assert!(drawn[0] != drawn[1] && drawn[1] != drawn[2], "{drawn:?}");
}

/// Sends the secret `TOKEN` upstream in a header, and traps if there is any other.
fn sending() -> Guest {
    Guest::on(
        "policy",
        r#"(call $secrets.get @"OTHER" (global.get $ret)) (call $must-be-ok)
           (call $secrets.get @"token" (global.get $ret)) (call $must-be-ok)
           (call $secrets.get @"PATH" (global.get $ret)) (call $must-be-ok)
           (call $secrets.get @"" (global.get $ret)) (call $must-be-ok)
           (call $secrets.get @"TOKEN" (global.get $ret)) (call $must-fail)
           (call $request.set-header @"x-token" (i32.load (i32.const 68)) (i32.load (i32.const 72)) (i32.const 128))
           (call $pass)"#,
    )
}

fn secret(value: &str) -> String {
    format!("grants = [\"secrets\"]\nsecrets = {{ TOKEN = \"{value}\" }}")
}

#[test]
fn a_secret_goes_by_its_name_to_the_plugin_that_was_given_it_and_appears_nowhere_else() {
    let upstream = Upstream::chat();
    let (first, second) = ("canary-plugin-secret-1", "canary-plugin-secret-2");
    let config = |value: &str, more: &str| {
        let settings = format!("{}\n{more}", secret(&format!("${{NOT_SET_ANYWHERE:-{value}}}")));
        let rest = "[log]\nlevel = \"trace\"\n";
        let base = support::config_with(upstream.address, "retries = 0", rest);
        format!("{base}\n{}", chain(&[("send", &Guest::default(), &settings)]))
    };
    let folder = tempfile::tempdir().unwrap();
    install(folder.path(), "send", &sending().build());
    let own = |text: String| {
        text.replace(
            "[plugins]\n",
            &format!("[plugins]\nfolder = {:?}\ncache = {:?}\n", folder.path(), support::cache()),
        )
    };
    let gateway = Gateway::start_traced(&own(config(first, "")));
    let sent = || {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
        upstream.seen().last().unwrap().header("x-token")
    };
    assert_eq!(sent().as_deref(), Some(first));
    // A change of the secret goes live and is told without it; so is a mistake beside it.
    gateway.write_config(&own(config(second, "")));
    until("the new secret is live", || (sent().as_deref() == Some(second)).then_some(()));
    gateway.write_config(&own(config(second, "limits = { deadline = \"never\" }")));
    until("the mistake is told", || {
        (gateway.metric("weir_reloads_total", &["result=\"refused\""]) == 1.0).then_some(())
    });
    until("the log is here", || gateway.log().contains("is not a duration").then_some(()));
    gateway.says("plugins.chain[0].secrets.TOKEN: changed");
    assert!(!gateway.log().contains("canary-plugin"), "{}", gateway.log());
    for path in ["/metrics", "/readyz?verbose", "/livez"] {
        assert!(!gateway.admin_get(path).text().contains("canary-plugin"), "{path}");
    }
}

#[test]
fn two_bindings_of_one_file_have_secrets_of_their_own() {
    let upstream = Upstream::chat();
    let guest = sending();
    let (red, blue) = (secret("red"), secret("blue"));
    let bound = [
        ("send", &guest, format!("tenants = [\"acme\"]\n{red}")),
        ("send", &guest, format!("tenants = [\"globex\"]\n{blue}")),
    ];
    let bound = bound.each_ref().map(|(name, guest, settings)| (*name, *guest, settings.as_str()));
    let gateway = gateway(upstream.address, "", &bound);
    for (key, token) in [(ACME, "red"), (support::GLOBEX, "blue"), (ACME, "red")] {
        assert_eq!(post(gateway.address, key, &chat("hi")).status, 200);
        assert_eq!(upstream.seen().last().unwrap().header("x-token").as_deref(), Some(token));
    }
}

#[test]
fn clock_random_and_secrets_are_there_while_a_plugin_starts() {
    let starting = Guest::on("policy", "(call $pass)").init(
        r#"(if (i64.eqz (call $clock.now-ms)) (then unreachable))
           (call $random.bytes (i32.const 16) (global.get $ret))
           (if (i32.ne (i32.load (i32.const 68)) (i32.const 16)) (then unreachable))
           (call $secrets.get @"TOKEN" (global.get $ret)) (call $must-fail)
           (i32.store (i32.const 0) (i32.const 0)) (i32.const 0)"#,
    );
    let settings = "grants = [\"clock\", \"random\", \"secrets\"]\nsecrets = { TOKEN = \"x\" }";
    let gateway = gateway(Upstream::chat().address, "", &[("start", &starting, settings)]);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).content(), "hello");
}

#[test]
fn settings_beside_a_plugin_do_not_open_secrets_or_the_network_to_it() {
    let gateway = gateway(Upstream::chat().address, "", &[]);
    let all = gateway.plugins().join("all");
    std::fs::create_dir_all(&all).unwrap();
    std::fs::write(all.join("send.toml"), "grants = [\"secrets\"]\nsecrets = { TOKEN = \"x\" }\n").unwrap();
    install(&all, "send", &sending().build());
    let problem = until("the problem is shown", || gateway.ready()["problems"].as_array()?.first().cloned());
    let problem = problem.as_str().unwrap();
    assert!(problem.contains("settings beside a plugin may not") && problem.contains("[[plugins.chain]]"), "{problem}");
    assert_eq!(post(gateway.address, ACME, &chat("hi")).content(), "hello");
}
