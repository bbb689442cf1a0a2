//! Everything hostile that tenants' plugin folders can hold, at once: what another tenant asks is answered and observed.

use crate::support;

use crate::guest::{Guest, chain, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, chat_stream, config, post, until};
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use weir_pack::hostile_folders::{HOSTILE_FOLDERS, HostileFolder, RENAMED, Signer, endless_file, pipe};

/// Attackers that cannot be loaded; a tenant with one of these has nothing else.
const UNLOADED: [&str; 5] = ["error-in-init", "loop-in-init", "loop-in-start", "memory-declared", "table-declared"];
/// Attackers that import what only the chain grants: from a tenant's folder they do not load either.
const NOT_GRANTED: [&str; 5] =
    ["callout-bad-pointer", "callout-flood", "callout-headers", "random-flood", "secret-thief"];
/// MiB by which the gateway may have grown when all is over.
const GROWTH: u64 = 40;
/// Requests of the tenant that behaves, by each of two clients.
const REQUESTS: usize = 150;

/// Tenants in whose folders there is more than attackers that can be loaded, and the key of each.
fn tenants() -> (String, HashMap<&'static str, String>) {
    let (mut toml, mut keys) = (String::new(), HashMap::new());
    for name in HOSTILE_FOLDERS.iter().map(|folder| folder.tenant).chain([RENAMED.tenant, "unloaded"]) {
        let id = name.replace('-', "_");
        let key = weir_tenancy::key::generate(&id).unwrap();
        let hash = key.hash_line(b"");
        toml += &format!("[tenants.{name}]\nmodels = [\"*\"]\nkeys = [{{ id = \"{id}\", hash = \"{hash}\" }}]\n");
        keys.insert(name, key.token());
    }
    (toml, keys)
}

/// Every attacker that can be loaded, in one tenant's folder, each bound so that the next one has its turn as well.
fn lay_attackers(folder: &Path) {
    for name in weir_pack::hostiles().unwrap() {
        // One refuses whatever it is asked, so that those behind it would have nothing to do.
        if ![&UNLOADED[..], &NOT_GRANTED, &["rude-refusal"]].concat().contains(&name.as_str()) {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join(format!("{name}.toml")), "on_failure = \"open\"\n").unwrap();
            install(folder, &name, &weir_pack::hostile(&name).unwrap());
        }
    }
}

/// Attackers that do not load.
fn lay_unloaded(tenants: &Path) {
    for name in [UNLOADED.as_slice(), &NOT_GRANTED].concat() {
        install(&tenants.join("unloaded"), name, &weir_pack::hostile(name).unwrap());
    }
}

/// What readiness has to say of each file in a hostile folder.
fn told(gateway: &Gateway, folder: &HostileFolder) {
    for (file, words) in folder.said {
        let at = format!("tenants/{}/{file}", folder.tenant);
        until(&format!("{at}: {words}"), || {
            let ready = gateway.ready();
            let lines = [&ready["problems"], &ready["compiling"]].map(|lines| lines.as_array().unwrap().clone());
            let of = |line: &serde_json::Value| line.as_str().unwrap().contains(&at);
            let [problems, compiling] = lines;
            let is_said = problems.iter().any(|line| of(line) && line.as_str().unwrap().contains(words));
            (is_said || (*words == "being compiled" && compiling.iter().any(of))).then_some(())
        });
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

/// Requests of the attackers' tenant until it is over; how many were answered or refused.
fn flood(gateway: &Gateway, over: &AtomicBool, asked: &AtomicUsize) {
    while !over.load(Relaxed) {
        let stream = asked.fetch_add(1, Relaxed) % 2 == 1;
        let body = if stream { chat_stream("hi") } else { chat("hi") };
        // Whatever comes of it: an attacker may refuse what it is asked.
        let _reply = post(gateway.address, ACME, &body);
    }
}

/// A gateway with a tenant that behaves, one with every attacker that loads, one whose folder is broken, and one whose guard was
/// signed by `signer`.
fn started(upstream: &Upstream, tenants: &str, signer: &Signer) -> Gateway {
    let count = Guest::default().observe(r#"(call $counters.add @"seen" (i64.const 1))"#);
    let policy = Guest::on("policy", "(call $pass)");
    let only = "tenants = [\"globex\"]";
    let bound = [("count", &count, only), ("policy", &policy, only)];
    let keys = format!("[plugins]\nkeys = [\"{}\"]\n", signer.public);
    let chain = chain(&bound).replacen("[plugins]\n", &keys, 1);
    let config = format!("{}{tenants}{chain}", config(upstream.address));
    let guard = support::root().join("plugins/installed/prompt-guard.wasm");
    Gateway::start_with(&config, |folder| {
        install(folder, "count", &count.build());
        install(folder, "policy", &policy.build());
        lay_attackers(&folder.join("tenants/acme"));
        let deny = "config = { deny = [\"hi\"] }\n";
        signer.put((&guard, Some(deny)), ("strict", "strict"), &folder.join("tenants")).unwrap();
        broken().lay(&folder.join("tenants"), 0).unwrap();
    })
}

fn broken() -> &'static HostileFolder {
    HOSTILE_FOLDERS.iter().find(|folder| folder.tenant == "broken").unwrap()
}

#[test]
fn with_every_attacker_at_work_nothing_of_another_tenant_is_lost_and_memory_comes_back() {
    let (upstream, own) = (Upstream::chat_or_stream(), tempfile::tempdir().unwrap());
    let signer = Signer::new(Path::new(env!("CARGO_BIN_EXE_weir")), own.path()).unwrap();
    let (toml, keys) = tenants();
    let gateway = started(&upstream, &toml, &signer);
    let tenants = gateway.plugins().join("tenants");
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).content(), "hello");
    let closed = post(gateway.address, &keys["broken"], &chat("hi"));
    assert_eq!((closed.status, closed.code().as_str()), (503, "tenant_closed"), "{}", closed.text());
    told(&gateway, broken());
    let before = resident(gateway.pid());
    let (over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let _end = Over(&over);
        for _ in 0..6 {
            scope.spawn(|| flood(&gateway, &over, &asked));
        }
        let works = |name: &str| gateway.metric("weir_plugin_calls_total", &[&format!("/{name}\"")]) > 0.0;
        until("the attackers are at work", || {
            let some = ["bulk-memory", "endless-loop", "hold-forever", "instance-hog", "spinning-observer", "trap"];
            some.into_iter().all(works).then_some(())
        });
        HOSTILE_FOLDERS.iter().for_each(|folder| folder.lay(&tenants, 1).unwrap());
        lay_unloaded(&tenants);
        let tap = support::root().join("plugins/installed/usage-tap.wasm");
        signer.put((&tap, None), ("usage-tap", "strict"), &tenants).unwrap();
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
        HOSTILE_FOLDERS.iter().chain([&RENAMED]).for_each(|folder| told(&gateway, folder));
        let denied = post(gateway.address, &keys[RENAMED.tenant], &chat("hi"));
        assert_eq!((denied.status, denied.code().as_str()), (400, "content_filter"), "{}", denied.text());
        no_configuration(&gateway, &keys[RENAMED.tenant]);
    });
    let all = (2 * REQUESTS + 1) as f64;
    let of = |metric: &str| gateway.metric(metric, &["tenant=\"globex\""]);
    until("all are seen", || (of("weir_plugin_counter_total") == all).then_some(()));
    soon_eq!((of("weir_requests_total"), of("weir_plugin_faults_total")), (all, 0.0));
    soon_eq!((of("weir_plugin_observe_skipped_total"), of("weir_refusals_total")), (0.0, 0.0));
    let (most, limit) = ("weir_plugin_memory_bytes", "weir_plugin_memory_limit_bytes");
    assert!(gateway.metric(most, &[]) <= gateway.metric(limit, &[]));
    fs::remove_dir_all(&tenants).unwrap();
    until("what compiled is ended", || {
        (gateway.metric("weir_plugin_compiles_total", &["dropped"]) > 0.0).then_some(())
    });
    let after = until("memory comes back", || Some(resident(gateway.pid())).filter(|after| *after <= before + GROWTH));
    eprintln!("{} requests of the attackers; {before} MiB before, {after} after", asked.load(Relaxed));
    assert!(!gateway.log().contains("panicked"), "{}", gateway.log());
}

/// A pipe, and a file without an end, in the place of the configuration: the gateway says so and serves on.
fn no_configuration(gateway: &Gateway, key: &str) {
    let (file, kept) = (gateway.config_file(), gateway.config_file().with_extension("kept"));
    fs::rename(&file, &kept).unwrap();
    for (put, words) in [(pipe as fn(&Path) -> _, "it is a pipe"), (endless_file, "it is a device")] {
        put(&file).unwrap();
        until(words, || gateway.ready()["problems"].to_string().contains(words).then_some(()));
        assert_eq!(post(gateway.address, key, &chat("hi")).status, 400, "{words}");
        fs::remove_file(&file).unwrap();
    }
    fs::rename(kept, file).unwrap();
}
