//! Everything hostile that tenants' plugin folders can hold, at once: what another tenant asks is answered and observed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod guest;
mod support;

use guest::{Guest, chain, install};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use support::upstream::{CHAT, DONE, END, STREAM, Upstream, chunk, delta, ok};
use support::{ACME, GLOBEX, Gateway, chat, chat_stream, config, post, until};

/// Villains that cannot be loaded; a tenant with one of these has nothing else.
const UNLOADED: [&str; 5] = ["error-in-init", "loop-in-init", "loop-in-start", "memory-declared", "table-declared"];
/// Villains that import what only the chain grants: from a tenant's folder they do not load either.
const NOT_GRANTED: [&str; 5] =
    ["callout-bad-pointer", "callout-flood", "callout-headers", "random-flood", "secret-thief"];
/// What is named beside `NAME.wasm`.
const BESIDE: [&str; 3] = ["toml", "schema.json", "wasm.sig"];
/// MiB by which the gateway may have grown when all is over.
const GROWTH: u64 = 64;
/// Requests of the tenant that behaves, by each of two clients.
const REQUESTS: usize = 150;

/// Tenants in whose folders there is more than villains that can be loaded.
fn tenants() -> String {
    let hash = "blake3:1bded87ba73119e12f66b6082296d59328603a3d9e558fa7cbe2a70ddedb1675";
    ["pipes", "endless", "garbage", "unloaded"]
        .iter()
        .map(|name| {
            format!("[tenants.{name}]\nmodels = [\"*\"]\n[[tenants.{name}.keys]]\nid = \"{name}\"\nhash = \"{hash}\"\n")
        })
        .collect()
}

fn upstream() -> Upstream {
    Upstream::start(|_, seen, stream| {
        if seen.json()["stream"] != true {
            return stream.write_all(&ok("application/json", CHAT)).is_ok();
        }
        let events = [delta("one"), delta("two"), DONE.to_owned()].concat();
        stream.write_all(&[STREAM.to_vec(), chunk(&events), END.to_vec()].concat()).is_ok()
    })
}

/// Every villain that can be loaded, in one tenant's folder, each bound so that the next one has its turn as well.
fn lay_villains(folder: &Path) {
    for name in weir_pack::hostiles().unwrap() {
        // One refuses whatever it is asked, so that those behind it would have nothing to do.
        if ![&UNLOADED[..], &NOT_GRANTED, &["rude-refusal"]].concat().contains(&name.as_str()) {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join(format!("{name}.toml")), "on_failure = \"open\"\n").unwrap();
            install(folder, &name, &weir_pack::hostile(&name).unwrap());
        }
    }
}

/// Pipes under each name, files without an end, and long ones with nothing in them.
fn lay_files(tenants: &Path) {
    let good = weir_pack::hostile("good").unwrap();
    let (pipes, endless) = (tenants.join("pipes"), tenants.join("endless"));
    fs::create_dir_all(&pipes).unwrap();
    fs::create_dir_all(&endless).unwrap();
    let pipe = |at: &Path| assert!(Command::new("mkfifo").arg(at).status().unwrap().success());
    let sparse = |at: &Path, bytes: u64| fs::File::create(at).unwrap().set_len(bytes).unwrap();
    for (n, kind) in BESIDE.iter().enumerate() {
        pipe(&pipes.join(format!("pipe-{n}.{kind}")));
        install(&pipes, &format!("pipe-{n}"), &good);
        symlink("/dev/zero", endless.join(format!("endless-{n}.{kind}"))).unwrap();
        install(&endless, &format!("endless-{n}"), &good);
        sparse(&endless.join(format!("sparse-{n}.{kind}")), 3 << 30);
        install(&endless, &format!("sparse-{n}"), &good);
    }
    pipe(&pipes.join("pipe.wasm"));
    symlink("/dev/zero", endless.join("endless.wasm")).unwrap();
    sparse(&endless.join("sparse.wasm"), 10 << 30);
}

/// What is no plugin, settings that ask for more than there is, a signature of nobody, and villains that do not load.
fn lay_garbage(tenants: &Path) {
    let (good, garbage, unloaded) =
        (weir_pack::hostile("good").unwrap(), tenants.join("garbage"), tenants.join("unloaded"));
    install(&garbage, "broken", b"\0asm, or rather not");
    let greedy = "isolation = \"shared\"\nlimits = { deadline = \"60s\", memory = \"4GiB\", instances = 1000 }\n";
    fs::write(garbage.join("greedy.toml"), greedy).unwrap();
    install(&garbage, "greedy", &good);
    fs::write(garbage.join("signed.wasm.sig"), "ed25519:AAAA").unwrap();
    install(&garbage, "signed", &good);
    for name in [UNLOADED, NOT_GRANTED].concat() {
        install(&unloaded, name, &weir_pack::hostile(name).unwrap());
    }
}

/// Resident memory in MiB.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// Says that it is over, should the test fail as well: those who ask would else never end.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Requests of the villains' tenant until it is over; how many were answered or refused.
fn flood(gateway: &Gateway, over: &AtomicBool, asked: &AtomicUsize) {
    while !over.load(Relaxed) {
        let stream = asked.fetch_add(1, Relaxed) % 2 == 1;
        let body = if stream { chat_stream("hi") } else { chat("hi") };
        // Whatever comes of it: a villain may refuse what it is asked.
        let _reply = post(gateway.address, ACME, &body);
    }
}

#[test]
fn with_every_villain_at_work_nothing_of_another_tenant_is_lost_and_memory_comes_back() {
    let upstream = upstream();
    let count = Guest::default().observe(r#"(call $counters.add @"seen" (i64.const 1))"#);
    let policy = Guest::on("policy", "(call $pass)");
    let only = "tenants = [\"globex\"]";
    let bound = [("count", &count, only), ("policy", &policy, only)];
    let config = format!("{}{}{}", config(upstream.address), tenants(), chain(&bound));
    let gateway = Gateway::start_with(&config, |folder| {
        install(folder, "count", &count.build());
        install(folder, "policy", &policy.build());
        lay_villains(&folder.join("tenants/acme"));
    });
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).content(), "hello");
    let before = resident(gateway.pid());
    let (over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let _end = Over(&over);
        for _ in 0..6 {
            scope.spawn(|| flood(&gateway, &over, &asked));
        }
        let works = |name: &str| gateway.metric("weir_plugin_calls_total", &[&format!("/{name}\"")]) > 0.0;
        until("the villains are at work", || {
            let some = ["bulk-memory", "endless-loop", "instance-hog", "spinning-observer", "trap"];
            some.into_iter().all(works).then_some(())
        });
        lay_files(&gateway.plugins().join("tenants"));
        lay_garbage(&gateway.plugins().join("tenants"));
        let good: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for n in 0..REQUESTS {
                        let reply = post(gateway.address, GLOBEX, &chat("hi"));
                        assert_eq!((reply.status, reply.content().as_str()), (200, "hello"), "{n}: {}", reply.text());
                        assert_eq!(gateway.admin_get("/livez").status, 200, "{n}");
                    }
                })
            })
            .collect();
        good.into_iter().for_each(|good| good.join().unwrap());
    });
    let all = (2 * REQUESTS + 1) as f64;
    let of = |metric: &str| gateway.metric(metric, &["tenant=\"globex\""]);
    until("all are seen", || (of("weir_plugin_counter_total") == all).then_some(()));
    assert_eq!((of("weir_requests_total"), of("weir_plugin_faults_total")), (all, 0.0));
    assert_eq!((of("weir_plugin_observe_skipped_total"), of("weir_refusals_total")), (0.0, 0.0));
    let after = until("memory comes back", || Some(resident(gateway.pid())).filter(|after| *after <= before + GROWTH));
    eprintln!("{} requests of the villains; {before} MiB before, {after} after", asked.load(Relaxed));
    assert!(!gateway.log().contains("panicked"), "{}", gateway.log());
}
