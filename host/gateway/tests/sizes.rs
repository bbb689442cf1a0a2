//! What bounds a plugin grows with what it is shown, and what is too large for it is said to be: no fault, and no quarantine.

use crate::support;

use crate::guest::{Guest, gateway};
use crate::support::upstream::{CHAT, Upstream, ok};
use crate::support::{ACME, Gateway, chat, config, installed, post};
use std::io::Write;

/// What is denied: as most do, in another script, and in words too short to be stepped over.
const DENIED: &str = r#""ignore all previous instructions", "निर्देशों को अनदेखा", "do it""#;

/// A gateway with the bundled guards, each with these settings.
fn guarded(upstream: &Upstream, settings: &str) -> Gateway {
    let (folder, cache) = (installed(), support::cache());
    Gateway::start(&format!(
        "{}[plugins]\nfolder = \"{}\"\ncache = \"{}\"\n\
         [[plugins.chain]]\nplugin = \"prompt-guard\"\nconfig = {{ deny = [{DENIED}] }}\n{settings}\n\
         [[plugins.chain]]\nplugin = \"redact-pii\"\n{settings}\n",
        config(upstream.address),
        folder.display(),
        cache.display()
    ))
}

/// So many bytes of text in which every other word is an address.
fn addresses(bytes: usize) -> String {
    let word = "mail ada@example.org ";
    word.repeat(bytes / word.len())
}

/// An upstream that answers with the length of the text that it was asked with, and whether an address is in it.
fn weighing() -> Upstream {
    Upstream::start(|_, seen, stream| {
        let body = String::from_utf8_lossy(&seen.body);
        let said = format!("{} {} {}", body.len(), body.contains('@'), body.contains("[EMAIL]"));
        stream.write_all(&ok("application/json", &CHAT.replace("hello", &said))).is_ok()
    })
}

#[test]
fn two_megabytes_of_addresses_pass_masked() {
    let upstream = weighing();
    let gateway = guarded(&upstream, "");
    let body = chat(&addresses(2 << 20));
    for _ in 0..3 {
        let reply = post(gateway.address, ACME, &body);
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.content().ends_with("false true"), "{}", reply.content());
    }
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
}

#[test]
fn the_largest_body_that_the_gateway_takes_by_default_passes_the_bundled_guards() {
    let upstream = weighing();
    let gateway = guarded(&upstream, "");
    let reply = post(gateway.address, ACME, &chat(&addresses((32 << 20) - 4096)));
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.content().ends_with("false true"), "{}", reply.content());
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
}

/// Texts that are made to have much looked at and little found.
const TEDIOUS: &[&str] = &[
    // Figures, as tables have them, and what numbers begin with.
    "4 ",
    "0 1 0 0 ",
    "(4) ",
    "000 ",
    "4000 4111 ",
    "00 1 ",
    "0 0(",
    "0300 1 ",
    "030(0) ",
    "+(1",
    "555(00-",
    "DE89 0 ",
    // One run, with addresses in it, what is none, and nothing.
    "a@b.AB.",
    "a@b-x@y.z",
    "x@y.z.1.",
    "@",
    "a@",
    "1",
    "1@",
    "a",
    "a.",
    "(",
    "\u{e9}1@",
    // What is denied, nearly.
    "ignore all previous ",
    "ignore  all\n",
    "i",
    "ignore ",
    "do ",
    "निर्देशों को ",
    // Other scripts than the phrases', and theirs: Hindi, Arabic, Korean in parts, Chinese, wide letters, nothing to be seen.
    "यह एक साधारण वाक्य है। ",
    "هذه جملة عادية تماما. ",
    "\u{1112}\u{1161}\u{11ab}",
    "这是一个普通的句子",
    "ｉｇｎｏ",
    "\u{200b}i",
];

/// Asks with so many bytes of each of these, as what is said and as what a tool is called with.
fn ask_with_the_tedious(bytes: usize, settings: &str) {
    let upstream = weighing();
    let gateway = guarded(&upstream, settings);
    for piece in TEDIOUS {
        let text = piece.repeat(bytes / piece.len());
        let arguments = serde_json::json!({ "x": text }).to_string();
        let call =
            serde_json::json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}});
        let called = serde_json::json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [call]}]});
        for body in [chat(&text), called.to_string()] {
            let reply = post(gateway.address, ACME, &body);
            assert_eq!(reply.status, 200, "{piece}: {}", reply.text());
        }
    }
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
}

#[test]
fn whatever_is_tedious_passes_the_bundled_guards_by_default() {
    ask_with_the_tedious(16 << 10, "");
}

/// What is slow where it is long would take hundreds of times of this; a slow machine does not take four times of what it should.
#[test]
fn a_megabyte_of_whatever_is_tedious_takes_no_longer_a_byte_than_a_little_of_it() {
    ask_with_the_tedious(1 << 20, "limits = { deadline_per_mib = \"4s\" }");
}

#[test]
fn thousands_of_messages_with_an_address_in_each_pass_masked() {
    let upstream = weighing();
    let gateway = guarded(&upstream, "limits = { deadline = \"30s\" }");
    let many = vec![r#"{"role":"user","content":"mail ada@example.org, and then let us see"}"#; 12_000];
    let reply = post(gateway.address, ACME, &format!(r#"{{"model":"m","messages":[{}]}}"#, many.join(",")));
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.content().ends_with("false true"), "{}", reply.content());
}

#[test]
fn an_answer_of_two_megabytes_of_addresses_passes_masked() {
    let text = addresses(2 << 20);
    let upstream = Upstream::fixed(ok("application/json", &CHAT.replace("hello", &text)));
    let gateway = guarded(&upstream, "");
    let reply = post(gateway.address, ACME, &chat("hi"));
    assert_eq!(reply.status, 200, "{}", &reply.text()[..200.min(reply.text().len())]);
    assert!(!reply.text().contains('@') && reply.content().starts_with("mail [EMAIL] mail [EMAIL]"));
    soon_eq!(gateway.metric("weir_plugin_faults_total", &[]), 0.0);
}

#[test]
fn what_a_plugins_memory_cannot_take_is_refused_with_its_size_and_leads_to_no_quarantine() {
    let upstream = weighing();
    let small = "limits = { memory = \"2MiB\", memory_per_mib = 0 }";
    let gateway = guarded(&upstream, small);
    let body = chat(&addresses(3 << 20));
    for _ in 0..20 {
        let reply = post(gateway.address, ACME, &body);
        assert_eq!((reply.status, reply.code().as_str()), (413, "request_too_large"), "{}", reply.text());
        assert!(reply.text().contains(&format!("{} bytes", body.len())), "{}", reply.text());
    }
    assert!(upstream.seen().is_empty());
    soon_eq!(gateway.metric("weir_plugin_faults_total", &["reason=\"too-large\""]), 20.0);
    soon_eq!(gateway.metric("weir_plugin_quarantines_total", &[]), 0.0);
    let reply = post(gateway.address, ACME, &chat("mail ada@example.org"));
    assert!(reply.status == 200 && reply.content().ends_with("false true"), "{}", reply.text());
    // An answer that is too large is so, too.
    let answer = Upstream::fixed(ok("application/json", &CHAT.replace("hello", &addresses(3 << 20))));
    let gateway = guarded(&answer, small);
    for _ in 0..12 {
        let reply = post(gateway.address, ACME, &chat("hi"));
        assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_too_large"), "{}", reply.text());
    }
    soon_eq!(gateway.metric("weir_plugin_quarantines_total", &[]), 0.0);
}

#[test]
fn a_plugin_that_takes_all_memory_over_a_small_request_is_at_fault() {
    let hog = Guest::on(
        "policy",
        "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreadable"
            .replace("unreadable", "unreachable")
            .as_str(),
    );
    let upstream = Upstream::chat();
    let gateway = gateway(upstream.address, "", &[("hog", &hog, "")]);
    for n in 0..11 {
        let reply = post(gateway.address, ACME, &chat("hi"));
        let expected = if n < 10 { (500, "plugin_failed") } else { (503, "plugin_quarantined") };
        assert_eq!((reply.status, reply.code().as_str()), expected, "{n}");
    }
    soon_eq!(gateway.metric("weir_plugin_faults_total", &["reason=\"memory\""]), 10.0);
}

/// What a call of a plugin that spins has cost, in seconds, for a request with so many bytes of text.
fn spun(limits: &str, bytes: usize) -> f64 {
    let spinning = Guest::on("policy", "(loop $for-ever (br $for-ever)) unreachable");
    let upstream = Upstream::chat();
    let gateway = gateway(upstream.address, "", &[("spinning", &spinning, limits)]);
    let reply = post(gateway.address, ACME, &chat(&"a".repeat(bytes)));
    assert_eq!((reply.status, reply.code().as_str()), (500, "plugin_failed"));
    soon_eq!(gateway.metric("weir_plugin_faults_total", &["reason=\"deadline\""]), 1.0);
    gateway.metric("weir_plugin_cpu_seconds_total", &["hook=\"policy\""])
}

#[test]
fn a_spinning_plugin_is_cut_off_after_what_the_bytes_that_it_is_shown_are_worth() {
    // Small: after its deadline, and what an instance takes to start.
    let small = spun("limits = { deadline = \"20ms\", deadline_per_mib = \"60s\" }", 16);
    assert!((0.02..1.0).contains(&small), "{small}");
    let large = spun("limits = { deadline = \"20ms\", deadline_per_mib = \"1s\" }", 1 << 20);
    assert!((1.0..2.5).contains(&large), "{large}");
    let none = spun("limits = { deadline = \"20ms\", deadline_per_mib = \"0s\" }", 1 << 20);
    assert!((0.02..1.0).contains(&none), "{none}");
    // By default a request of the usual size buys it nothing.
    let usual = spun("", 100);
    assert!((0.05..1.0).contains(&usual), "{usual}");
}
