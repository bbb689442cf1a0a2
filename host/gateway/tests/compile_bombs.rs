//! Plugins that are compiled without end: they hurt nobody but themselves, whatever of compiling it is that grows.

use crate::support;

use crate::guest::policies::{code, refusing};
use crate::guest::{Guest, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, chat, config, post, until};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use weir_pack::{Bomb, bomb};

/// Minutes of work that needs little memory: many functions, none of them remarkable.
fn endless() -> Vec<u8> {
    bomb(Bomb { functions: 2_000, locals: 200, branches: 500, ..Bomb::default() }).unwrap()
}

/// One function, 50,000 locals, 300,000 small branches: a compiler that is let takes 8 GiB in a minute.
fn greedy() -> Vec<u8> {
    bomb(Bomb { functions: 1, locals: 50_000, branches: 300_000, ..Bomb::default() }).unwrap()
}

/// Bounds that let a plugin like [`greedy`] come as far as the compiler.
const LET_IN: &str = "locals = 50_000\nfunction_bytes = \"16MiB\"";

/// A configuration with these bounds of compiling, and a cache of its own in `folder`.
fn bounded(upstream: &Upstream, folder: &Path, bounds: &str) -> String {
    let cache = folder.join("compiled");
    let plugins = format!("[plugins]\nfolder = \"plugins\"\ncache = \"{}\"\n", cache.display());
    format!("{}\n{plugins}[plugins.compile]\n{bounds}\n", config(upstream.address))
}

/// Processes that compile for a gateway.
fn compiling(gateway: &Gateway) -> Vec<PathBuf> {
    let parent = format!("--parent={}", gateway.pid());
    let is_ours = |path: &PathBuf| {
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == parent.as_bytes())
    };
    fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()).filter(is_ours).collect()
}

/// Bytes that a process holds.
fn resident(process: &Path) -> u64 {
    let status = fs::read_to_string(process.join("status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() << 10
}

/// Bytes that a process has read, from wherever.
fn has_read(process: &Path) -> u64 {
    let counts = fs::read_to_string(process.join("io")).unwrap();
    counts.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}

fn of(gateway: &Gateway) -> PathBuf {
    Path::new("/proc").join(gateway.pid().to_string())
}

fn words(gateway: &Gateway, member: &str) -> String {
    gateway.ready()[member].to_string()
}

/// The process that compiles a tenant's plugin without end, once it is at it.
fn begun(gateway: &Gateway) -> PathBuf {
    until("it is being compiled", || {
        let is_said = words(gateway, "compiling").contains("tenants/globex/slow.wasm");
        compiling(gateway).into_iter().next().filter(|_| is_said)
    })
}

#[test]
fn a_plugin_that_compiles_without_end_holds_up_nobody_and_is_given_up_when_its_file_changes() {
    let (upstream, folder) = (Upstream::chat(), tempfile::tempdir().unwrap());
    let gateway = Gateway::start(&bounded(&upstream, folder.path(), "cpu = \"50m\"\ntime = \"1h\""));
    let (acme, globex) = (gateway.plugins().join("tenants/acme"), gateway.plugins().join("tenants/globex"));
    install(&globex, "slow", &endless());
    gateway.says("compiling source=tenants/globex/slow.wasm");
    // Another tenant's plugin, its settings, its removal; a plugin of everybody's, and the configuration.
    install(&acme, "own", &refusing("own").build());
    until("another tenant's plugin is live", || (code(&gateway, ACME) == "own").then_some(()));
    let process = begun(&gateway);
    soon_eq!(gateway.metric("weir_plugin_compiling", &["running"]), 1.0);
    fs::write(acme.join("own.toml"), "grants = []\n").unwrap();
    until("its settings are", || gateway.log().contains("plugin has new settings").then_some(()));
    fs::remove_file(acme.join("own.toml")).unwrap();
    fs::remove_file(acme.join("own.wasm")).unwrap();
    until("its removal is", || code(&gateway, ACME).is_empty().then_some(()));
    install(&gateway.plugins().join("all"), "every", &refusing("every").build());
    until("everybody's is", || (code(&gateway, ACME) == "every" && code(&gateway, GLOBEX) == "every").then_some(()));
    fs::remove_file(gateway.plugins().join("all/every.wasm")).unwrap();
    let changed = fs::read_to_string(gateway.config_file()).unwrap() + "\n[models.new]\ntargets = [\"up/new\"]\n";
    gateway.write_config(&changed);
    let listed = || support::get(gateway.address, "/v1/models", Some(ACME)).text();
    until("the configuration is", || listed().contains("\"new\"").then_some(()));
    until("what applied before does", || code(&gateway, GLOBEX).is_empty().then_some(()));
    assert!(process.exists() && compiling(&gateway).contains(&process), "it was given up");
    assert!(words(&gateway, "compiling").contains("slow.wasm"), "{}", gateway.ready());
    assert_eq!(words(&gateway, "problems"), "[]");
    assert!(gateway.admin_get("/admin/v1/plugins").text().contains("slow.wasm: is being compiled"));
    // The file is replaced by a good one.
    install(&globex, "slow", &refusing("good").build());
    until("the good one is live", || (code(&gateway, GLOBEX) == "good").then_some(()));
    until("the process is gone", || (!process.exists()).then_some(()));
    until("nothing is compiled any more", || (words(&gateway, "compiling") == "[]").then_some(()));
    soon_eq!(gateway.metric("weir_plugin_compiles_total", &["dropped"]), 1.0);
}

#[test]
fn a_long_file_that_is_being_compiled_is_not_read_again_whenever_something_else_changes() {
    let (upstream, folder) = (Upstream::chat(), tempfile::tempdir().unwrap());
    let gateway = Gateway::start(&bounded(&upstream, folder.path(), "cpu = \"50m\"\ntime = \"1h\""));
    let (acme, slow) = (gateway.plugins().join("tenants/acme"), endless());
    install(&gateway.plugins().join("tenants/globex"), "slow", &slow);
    begun(&gateway);
    let mut rounds = 0..;
    // Not at once: of a file that was written just now nobody can tell by looking that it is the same.
    until("a change beside it is live, and the file was not read for it", || {
        let (name, before) = (format!("own{}", rounds.next()?), has_read(&of(&gateway)));
        install(&acme, "own", &refusing(&name).build());
        until("a change beside it is live", || (code(&gateway, ACME) == name).then_some(()));
        (has_read(&of(&gateway)) - before < slow.len() as u64).then_some(())
    });
    assert_eq!(compiling(&gateway).len(), 1);
}

#[test]
fn a_file_that_is_replaced_or_removed_while_it_compiles_and_a_signal_wait_for_no_compiler() {
    let (upstream, folder) = (Upstream::chat(), tempfile::tempdir().unwrap());
    for what in ["replaced", "removed", "a signal"] {
        let mut gateway = Gateway::start(&bounded(&upstream, folder.path(), ""));
        let globex = gateway.plugins().join("tenants/globex");
        install(&globex, "own", &refusing("own").build());
        until("it refuses", || (code(&gateway, GLOBEX) == "own").then_some(()));
        install(&globex, "a-slow-one", &endless());
        gateway.says("compiling source=tenants/globex/a-slow-one.wasm");
        match what {
            "replaced" => {
                install(&globex, "a-slow-one", &refusing("good").build());
                until("the good one is live", || (code(&gateway, GLOBEX) == "good").then_some(()));
            }
            "removed" => {
                fs::remove_dir_all(&globex).unwrap();
                until("nothing applies", || code(&gateway, GLOBEX).is_empty().then_some(()));
            }
            _ => {
                gateway.signal("TERM");
                assert!(gateway.wait().success());
            }
        }
    }
}

#[test]
fn a_signal_ends_the_gateway_at_once_while_a_plugin_is_compiled_and_its_process_with_it() {
    let (upstream, folder) = (Upstream::chat(), tempfile::tempdir().unwrap());
    for signal in ["TERM", "KILL"] {
        let mut gateway = Gateway::start(&bounded(&upstream, folder.path(), ""));
        install(&gateway.plugins().join("tenants/globex"), "slow", &endless());
        let process = begun(&gateway);
        gateway.signal(signal);
        let begin = std::time::Instant::now();
        let status = gateway.wait();
        assert_eq!(status.success(), signal == "TERM", "{status:?}");
        // Compiling it would take minutes.
        assert!(begin.elapsed().as_secs() < 20, "it took {:?}", begin.elapsed());
        until("the process is gone", || (!process.exists()).then_some(()));
    }
}

/// Waits until a plugin is not served for this reason; answers the most that the gateway and those who compile held together.
fn refused(gateway: &Gateway, why: &str) -> u64 {
    let mut most = 0;
    until(&format!("it is refused: {why}"), || {
        let children: u64 = compiling(gateway).iter().map(|process| resident(process)).sum();
        most = most.max(resident(&of(gateway)) + children);
        words(gateway, "problems").contains(why).then_some(())
    });
    most
}

fn ended(gateway: &Gateway, result: &str) -> f64 {
    gateway.metric("weir_plugin_compiles_total", &[&format!("result=\"{result}\"")])
}

#[test]
fn a_plugin_that_takes_memory_without_end_is_ended_at_its_bound_and_named() {
    let (upstream, folder) = (Upstream::chat(), tempfile::tempdir().unwrap());
    let bounds = format!("{LET_IN}\nmemory = \"192MiB\"");
    let gateway = Gateway::start(&bounded(&upstream, folder.path(), &bounds));
    let before = resident(&of(&gateway));
    install(&gateway.plugins().join("tenants/globex"), "slow", &greedy());
    install(&gateway.plugins().join("tenants/acme"), "own", &refusing("own").build());
    let most = refused(&gateway, "192 MiB of memory (plugins.compile.memory)");
    // Two processes at most, with their programs and what they read; and the gateway.
    assert!(most < before + ((2 * 192 + 256) << 20), "{most} bytes, {before} before");
    until("another tenant's plugin is live", || (code(&gateway, ACME) == "own").then_some(()));
    assert!(resident(&of(&gateway)) < before + (64 << 20), "what the compiler held is not the gateway's");
    // The same bytes are not compiled again, whatever else changes.
    install(&gateway.plugins().join("tenants/globex"), "other", &refusing("other").build());
    until("it goes live beside it", || (code(&gateway, GLOBEX) == "other").then_some(()));
    soon_eq!(ended(&gateway, "memory"), 1.0);
    assert!(words(&gateway, "problems").contains("slow.wasm"), "{}", gateway.ready());
}

#[test]
fn every_bound_of_compiling_ends_it_and_is_named() {
    let (upstream, folder) = (Upstream::chat(), tempfile::tempdir().unwrap());
    let large = || bomb(Bomb { data: 3 << 20, ..Bomb::default() }).unwrap();
    let cases: [(&str, &str, Vec<u8>); 3] = [
        ("cpu", "memory = \"4GiB\"\ncpu = \"1s\"", endless()),
        ("time", "time = \"1s\"", endless()),
        ("output", "output = \"1MiB\"", large()),
    ];
    for (key, bounds, plugin) in cases {
        let gateway = Gateway::start(&bounded(&upstream, folder.path(), bounds));
        install(&gateway.plugins().join("tenants/globex"), "slow", &plugin);
        refused(&gateway, &format!("(plugins.compile.{key})"));
        soon_eq!(ended(&gateway, key), 1.0, "{key}");
        assert_eq!(code(&gateway, GLOBEX), "", "what does not load changes nothing");
        // With a bound that is no bound it is tried again.
        let other = bounded(&upstream, folder.path(), "cpu = \"50m\"\ntime = \"1h\"");
        gateway.write_config(&other);
        until("it is tried again", || words(&gateway, "problems").eq("[]").then_some(()));
    }
}

#[test]
fn what_there_is_too_much_of_is_refused_before_a_compiler_sees_it() {
    let (upstream, folder) = (Upstream::chat(), tempfile::tempdir().unwrap());
    let gateway = Gateway::start(&bounded(&upstream, folder.path(), ""));
    let of = |bomb: Bomb| weir_pack::bomb(bomb).unwrap();
    let cases = [
        ("locals", greedy()),
        ("functions", of(Bomb { functions: 200_001, ..Bomb::default() })),
        ("function_bytes", of(Bomb { functions: 1, locals: 100, branches: 300_000, ..Bomb::default() })),
        ("items", of(Bomb { items: 40_000, ..Bomb::default() })),
        ("modules", weir_pack::of_many_modules(1_000)),
    ];
    for (key, plugin) in cases {
        install(&gateway.plugins().join("tenants/globex"), "much", &plugin);
        refused(&gateway, &format!("(plugins.compile.{key})"));
        assert_eq!(code(&gateway, GLOBEX), "", "{key}");
    }
    let all: f64 =
        ["ok", "invalid", "memory", "cpu", "time", "failed"].iter().map(|result| ended(&gateway, result)).sum();
    assert_eq!(all, 0.0, "nothing of it was compiled");
}

#[test]
fn what_is_deep_or_leads_to_many_places_is_compiled_within_bounds_or_refused() {
    let (upstream, folder) = (Upstream::chat(), tempfile::tempdir().unwrap());
    let gateway =
        Gateway::start(&bounded(&upstream, folder.path(), "memory = \"512MiB\"\ncpu = \"10s\"\ntime = \"40s\""));
    let before = resident(&of(&gateway));
    let of_bomb = |bomb: Bomb| weir_pack::bomb(bomb).unwrap();
    let cases = [
        of_bomb(Bomb { functions: 1, locals: 100, depth: 100_000, ..Bomb::default() }),
        of_bomb(Bomb { functions: 1, locals: 10, targets: 500_000, ..Bomb::default() }),
        of_bomb(Bomb { functions: 4, locals: 2_000, branches: 20_000, ..Bomb::default() }),
        of_bomb(Bomb { functions: 1, locals: 10, items: 30_000, ..Bomb::default() }),
    ];
    for (n, plugin) in cases.iter().enumerate() {
        install(&gateway.plugins().join("tenants/globex"), &format!("n{n}"), plugin);
    }
    install(&gateway.plugins().join("tenants/acme"), "own", &refusing("own").build());
    until("another tenant's plugin is live", || (code(&gateway, ACME) == "own").then_some(()));
    // One after the other: each has its time at most.
    for (n, _) in cases.iter().enumerate() {
        until(&format!("n{n} is over"), || {
            (!words(&gateway, "compiling").contains(&format!("n{n}.wasm"))).then_some(())
        });
    }
    assert_eq!(code(&gateway, GLOBEX), "", "all that serves of it lets pass");
    assert!(resident(&of(&gateway)) < before + (128 << 20), "{} bytes", resident(&of(&gateway)));
}

#[test]
fn a_process_that_compiles_has_nothing_of_the_gateway_and_a_low_priority() {
    let (upstream, folder) = (Upstream::chat(), tempfile::tempdir().unwrap());
    let config = bounded(&upstream, folder.path(), "");
    let gateway = Gateway::start_by(&config, |mut command| {
        command.env("PROVIDER_SECRET", "hush");
        command
    });
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    install(&gateway.plugins().join("tenants/globex"), "slow", &endless());
    let process = begun(&gateway);
    let environment = String::from_utf8_lossy(&fs::read(process.join("environ")).unwrap()).into_owned();
    assert!(!environment.contains("hush") && !environment.contains("PATH="), "{environment}");
    let open = fs::read_dir(process.join("fd")).unwrap().filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    let open: Vec<String> = open.map(|path| path.display().to_string()).collect();
    assert!(open.iter().any(|name| name.starts_with("/memfd:weir-plugin")), "{open:?}");
    assert!(open.iter().all(|name| !name.contains("socket") && !name.contains("weir.toml")), "{open:?}");
    // The 19th of its figures, of which the name may hold anything: 19 is the lowest priority.
    let nice = |process: &Path| {
        let stat = fs::read_to_string(process.join("stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1.split(' ').nth(16).unwrap().parse::<i32>().unwrap()
    };
    assert_eq!(nice(&process), (nice(&of(&gateway)) + 10).min(19));
    let limits = fs::read_to_string(process.join("limits")).unwrap();
    let line = |name: &str| limits.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("Max data size").contains("1073741824"), "{limits}");
    assert!(line("Max cpu time").contains("120"), "{limits}");
}

#[test]
fn a_process_that_is_ended_by_somebody_else_says_nothing_of_the_plugin() {
    let (upstream, folder) = (Upstream::chat(), tempfile::tempdir().unwrap());
    let gateway = Gateway::start(&bounded(&upstream, folder.path(), ""));
    let globex = gateway.plugins().join("tenants/globex");
    install(&globex, "slow", &refusing("good").build());
    until("it is live", || (code(&gateway, GLOBEX) == "good").then_some(()));
    install(&globex, "slow", &endless());
    let process = begun(&gateway);
    let id = process.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
    refused(&gateway, "its process ended by SIGKILL");
    assert_eq!(code(&gateway, GLOBEX), "good", "its last good version serves on");
    install(&gateway.plugins().join("tenants/acme"), "own", &refusing("own").build());
    assert_ne!(begun(&gateway), process, "it is tried again");
}

#[test]
fn check_compiles_within_the_same_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = "[plugins]\nfolder = \"plugins\"\n[[plugins.chain]]\nplugin = \"much\"\n";
    let text = format!("{}\n{plugins}[plugins.compile]\n{LET_IN}\nmemory = \"192MiB\"\n", support::demo_config(""));
    fs::write(folder.path().join("weir.toml"), text).unwrap();
    install(&folder.path().join("plugins"), "much", &greedy());
    let mut command = Command::new(support::weir());
    command.args(["check", "--config"]).arg(folder.path().join("weir.toml")).env_remove("WEIR_CONFIG");
    let output = command.env("XDG_CACHE_HOME", folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("plugins.compile.memory"), "{said}");
}

#[test]
fn a_start_waits_for_nobody_but_the_chain_and_closes_whom_it_cannot_guard_yet() {
    let (upstream, folder) = (Upstream::chat(), tempfile::tempdir().unwrap());
    let config = bounded(&upstream, folder.path(), "cpu = \"50m\"\ntime = \"1h\"");
    let config = config.replacen("[plugins.compile]", "[[plugins.chain]]\nplugin = \"chained\"\n[plugins.compile]", 1);
    let gateway = Gateway::start_with(&config, |plugins| {
        install(plugins, "chained", &Guest::on("policy", "(call $pass)").build());
        install(&plugins.join("tenants/globex"), "slow", &endless());
    });
    begun(&gateway);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).status, 503, "nobody can tell what its plugin would refuse");
    install(&gateway.plugins().join("tenants/globex"), "slow", &refusing("good").build());
    until("it is open, and guarded", || (code(&gateway, GLOBEX) == "good").then_some(()));
}

#[test]
fn a_configuration_that_names_a_plugin_goes_live_once_that_is_compiled() {
    let (upstream, folder) = (Upstream::chat(), tempfile::tempdir().unwrap());
    let config = bounded(&upstream, folder.path(), "");
    let gateway = Gateway::start(&config);
    let kept = |result: &str| gateway.metric("weir_reloads_total", &[result]);
    let large = bomb(Bomb { functions: 60, locals: 200, branches: 500, ..Bomb::default() }).unwrap();
    install(&gateway.plugins(), "large", &large);
    let chain = "[[plugins.chain]]\nplugin = \"large\"\n[plugins.compile]";
    let more = "[models.new]\ntargets = [\"up/new\"]\n[plugins]\n";
    gateway.write_config(&config.replacen("[plugins.compile]", chain, 1).replacen("[plugins]\n", more, 1));
    let listed = || support::get(gateway.address, "/v1/models", Some(ACME)).text();
    until("it is live as a whole", || {
        let is_live = listed().contains("\"new\"");
        let serves = gateway.ready()["plugins"].to_string().contains("large");
        assert!(serves || !is_live, "it went live without its plugin");
        is_live.then_some(())
    });
    soon_eq!((kept("refused"), kept("held")), (0.0, 0.0));
}
