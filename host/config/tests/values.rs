//! What the values of a valid configuration become.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use weir_config::{
    Config, Dropped, Grant, Http2, Isolation, Limits, Loaded, Log, ModelAbility, ModelConfig, ModelFact, OnFailure,
    Overrides, PluginLimits, Price, Server, default_path, diff, load, parse, sidecar,
};

fn env(name: &str) -> Option<String> {
    match name {
        "KEY" => Some("s3cret".to_owned()),
        "HOST" => Some("127.0.0.1".to_owned()),
        "ELSEWHERE" => Some("models.example".to_owned()),
        _ => None,
    }
}

fn loaded(text: &str) -> Loaded {
    parse(text, Path::new("/etc/weir/weir.toml"), &env, &Overrides::default()).unwrap_or_else(|p| panic!("{p}"))
}

fn config(text: &str) -> Config {
    loaded(text).config
}

/// A PEM file with an authority that there was not before.
fn authority() -> String {
    rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem()
}

/// The warnings as `line: key`, and what they say.
fn warnings(text: &str) -> Vec<(String, String)> {
    let warnings = loaded(text).warnings;
    warnings.into_iter().map(|warning| (format!("{}: {}", warning.line, warning.key), warning.what)).collect()
}

#[test]
fn an_empty_file_is_all_defaults() {
    let Loaded { config, warnings } = loaded("");
    assert_eq!((config.server, config.limits, config.log), (Server::default(), Limits::default(), Log::default()));
    assert!(config.providers.is_empty() && config.plugins.chain.is_empty() && config.pepper.is_empty());
    assert_eq!(config.plugins.folder, Path::new("/etc/weir/plugins"));
    assert_eq!(config.plugins.defaults, PluginLimits::default());
    assert!(config.plugins.reload);
    assert_eq!(config.file, Path::new("/etc/weir/weir.toml"));
    // That nobody can ask is for whoever serves it to say.
    assert_eq!(warnings, []);
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let limits = Limits::default();
    assert_eq!((limits.head_bytes, limits.headers, limits.body_bytes), (32_768, 100, 33_554_432));
    assert_eq!((limits.response_bytes, limits.event_bytes, limits.held_bytes), (33_554_432, 8_388_608, 65_536));
    assert_eq!(limits.held_events, 16_777_216);
    assert_eq!((limits.connections, limits.in_flight, limits.h2_streams), (10_000, 5_000, 100));
    assert_eq!((limits.series, config("").metrics.tenant_histograms), (4_000, false));
    assert_eq!(limits.retry_budget, 20);
    assert_eq!((limits.h2_control_frames, limits.body_ratio), (500, 100));
    assert_eq!((limits.observe_waiting, limits.observe_memory), (4_096, 67_108_864));
    let shares = config("").plugins.shares;
    assert_eq!((shares.instances, shares.tenant_instances, shares.tenant_reserve), (1_000, 250, 16));
    assert_eq!((shares.memory, shares.tenant_memory, shares.tenant_memory_reserve), (None, 268_435_456, 16_777_216));
    let provider = &config("[providers.x]\nkind = \"openai\"").providers[0];
    assert_eq!(provider.base_url, "https://api.openai.com/v1");
    assert_eq!((provider.max_connections, provider.max_waiting, provider.retries), (1_024, 4_096, 2));
    assert_eq!((provider.http2, provider.ask_usage, provider.api_key.is_none()), (Http2::Auto, true, true));
    assert_eq!((provider.health.failures, provider.health.unanswered), (5, 5));
    let seconds = [
        (provider.wait_timeout, 1),
        (provider.connect_timeout, 5),
        (provider.first_byte(true), 60),
        // A whole answer may think as long as it may take.
        (provider.first_byte(false), 600),
        (provider.idle_timeout, 300),
        (provider.total_timeout, 600),
        (provider.keep_alive_timeout, 55),
        (provider.health.aside, 1),
        (provider.health.aside_limit, 30),
        (provider.health.unanswered_after, 1),
        (provider.health.retry_after_limit, 3_600),
        (limits.head_timeout, 10),
        (limits.body_timeout, 30),
        (limits.keep_alive_timeout, 75),
        (limits.write_timeout, 30),
    ];
    for (found, wanted) in seconds {
        assert_eq!(found, Duration::from_secs(wanted));
    }
    let given = "[providers.x]\nkind = \"openai\"\nfirst_byte_timeout = \"5s\"\ntotal_timeout = \"2s\"";
    let given = &config(given).providers[0];
    assert!(
        [true, false].map(|streaming| given.first_byte(streaming)).iter().all(|set| *set == Duration::from_secs(5))
    );
    let plugin = PluginLimits::default();
    assert_eq!((plugin.deadline, plugin.wait), (Duration::from_millis(50), Duration::from_millis(50)));
    assert_eq!((plugin.memory, plugin.instances, plugin.log_bytes), (64 << 20, 8, 4_096));
    let plugins = config("").plugins;
    assert_eq!((plugin.log_rate, plugins.tenant_log_rate, plugins.tenant_kv_entries), (16_384, 65_536, 65_536));
    assert_eq!(plugins.remember_rolled_back, 64);
    assert_eq!((plugin.deadline_per_mib, plugin.memory_per_mib), (Duration::from_millis(500), 4 << 20));
    assert_eq!(plugin.deadline_for(0), plugin.deadline);
    assert_eq!(plugin.deadline_for(3 << 19), Duration::from_millis(800));
    assert_eq!(plugin.memory_for(32 << 20), 192 << 20);
    assert_eq!((plugin.host_calls_for(31), plugin.host_calls_for(1 << 20)), (10_000, 42_768));
    assert_eq!(plugin.deadline_for(usize::MAX).max(Duration::from_secs(1)), plugin.deadline_for(usize::MAX));
    assert_eq!((plugin.max_calls, plugin.host_calls, plugin.kv_entries), (100_000, 10_000, 10_000));
    assert_eq!((plugin.idle, plugin.kv_ttl), (Duration::from_secs(60), Duration::from_secs(3_600)));
    let settings = &config("[[plugins.chain]]\nplugin = \"a\"").plugins.chain[0].settings;
    assert_eq!((settings.isolation, settings.on_failure), (Isolation::Tenant, OnFailure::Closed));
    assert_eq!((&settings.grants[..], &settings.config), (&[Grant::Log, Grant::Counters][..], &json!({})));
}

#[test]
fn a_limit_of_one_that_is_past_the_limit_of_all_is_warned_of() {
    let of = |limits: &str| {
        let served =
            "[providers.a]\nkind = \"demo\"\n[models.m]\ntargets = [\"a/m\"]\n[[tenants.t.keys]]\nid = \"k\"\n";
        let hash = format!("hash = \"blake3:{}\"\n", "0".repeat(64));
        warnings(&format!("{served}{hash}[tenants.t]\nmodels = [\"*\"]\n[limits]\n{limits}"))
    };
    for (limits, key) in [
        ("request_memory = \"1MiB\"", "limits.request_memory"),
        ("body = \"300MiB\"", "limits.request_memory"),
        ("response_memory = \"64KiB\"\nresponse = \"1MiB\"", "limits.response_memory"),
    ] {
        let found = of(limits);
        assert!(
            found.iter().any(|(place, what)| place.ends_with(key) && what.contains("limits.")),
            "{limits}: {found:?}"
        );
    }
    for limits in ["", "response_memory = \"1MiB\"\nresponse = \"1MiB\"", "body = \"1MiB\"\nrequest_memory = \"2MiB\""]
    {
        let found = of(limits);
        assert!(found.iter().all(|(place, _)| !place.contains("_memory")), "{limits}: {found:?}");
    }
}

#[test]
fn order_is_that_of_the_file() {
    let text = "[models.z]\ntargets = [\"b/m\", \"a/m\"]\n[models.a]\ntargets = [\"a/x/y\"]\n\
                [providers.b]\nkind = \"demo\"\n[providers.a]\nkind = \"demo\"\n";
    let config = config(text);
    let names: Vec<&str> = config.providers.iter().map(|provider| provider.name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    let names: Vec<&str> = config.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["z", "a"]);
    let targets: Vec<usize> = config.models[0].targets.iter().map(|target| target.provider).collect();
    assert_eq!(targets, [0, 1]);
    assert_eq!(config.models[1].targets[0].model, "x/y", "the first slash parts provider and model");
}

#[test]
fn prices_are_exact_millionths_and_a_target_may_have_its_own() {
    let text = "[providers.p]\nkind = \"demo\"\n[models.m]\nprice = { input = 0.000001, output = 1_000_000 }\n\
                targets = [\"p/a\", { provider = \"p\", model = \"b\", price = { input = 2.675, output = 0 } }]\n\
                [models.free]\ntargets = [\"p/c\"]\n";
    let models = config(text).models;
    assert_eq!(models[0].targets[0].price, Price { input_micro: 1, output_micro: 1_000_000_000_000 });
    assert_eq!(models[0].targets[1].price, Price { input_micro: 2_675_000, output_micro: 0 });
    assert_eq!(models[1].targets[0].price, Price::default());
}

#[test]
fn plugins_get_their_settings_as_json() {
    let text = "[[plugins.chain]]\nplugin = \"a\"\n[plugins.chain.config]\ns = \"${KEY}\"\ni = -0x0\nb = true\n\
                f = 1.5\nwhen = 2026-01-02T03:04:05Z\nday = 2026-01-02\nlist = [1, [2], {x = 3}]\nhex = 0xff\n\
                big = 9223372036854775807\n[plugins.chain.config.t]\nk = \"$${KEY}\"\n"
        .replace("-0x0", "-7");
    let wanted = json!({
        "s": "s3cret", "i": -7, "b": true, "f": 1.5, "when": "2026-01-02T03:04:05Z", "day": "2026-01-02",
        "list": [1, [2], {"x": 3}], "hex": 255, "big": 9_223_372_036_854_775_807_i64, "t": {"k": "${KEY}"},
    });
    let config = config(&text);
    assert_eq!(config.plugins.chain[0].settings.config, wanted);
    assert_eq!((config.plugins.chain[0].line, config.plugins.chain[0].file.as_path()), (1, config.file.as_path()));
}

#[test]
fn debug_shows_no_secret() {
    let text = "pepper = \"s3cret-p\"\n[providers.x]\nkind = \"openai\"\napi_key = \"s3cret-k\"\n\
                headers.x-a = \"s3cret-h\"\n[[plugins.chain]]\nplugin = \"a\"\nconfig = { token = \"s3cret-c\" }\n\
                [tenants.t]\nmodels = [\"*\"]\n[[tenants.t.keys]]\nid = \"k\"\nhash = \"blake3:HASH\"\n";
    let config = config(&text.replace("HASH", &"ab".repeat(32)));
    let shown = format!("{config:?} {config:#?}");
    assert!(!shown.contains("s3cret") && !shown.contains("171, 171"), "{shown}");
    assert!(shown.contains("***") && shown.contains("token"));
    assert_eq!(config.pepper.expose(), "s3cret-p");
    assert_eq!(config.tenants[0].keys[0].hash, [0xab; 32]);
}

#[test]
fn secrets_come_from_files_and_paths_start_from_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), "from-a-file\r\n").unwrap();
    let pem = authority();
    std::fs::write(folder.path().join("ca.pem"), &pem).unwrap();
    let file = folder.path().join("weir.toml");
    let absolute = folder.path().join("key").display().to_string();
    let text = format!(
        "pepper = 'file:{absolute}'\n[providers.x]\nkind = \"openai\"\napi_key = \"file:key\"\nca_file = \"ca.pem\"\n\
         [plugins]\nfolder = \"p\"\ncache = \"/var/cache/weir\"\n"
    );
    std::fs::write(&file, text).unwrap();
    let config = load(&file, &Overrides::default()).unwrap().config;
    assert_eq!(config.pepper.expose(), "from-a-file");
    assert_eq!(config.providers[0].api_key.as_ref().unwrap().expose(), "from-a-file");
    let ca = config.providers[0].ca_file.as_ref().unwrap();
    assert_eq!((ca.file(), ca.pem()), (folder.path().join("ca.pem").as_path(), pem.as_bytes()));
    assert_eq!(config.files, [folder.path().join("ca.pem"), folder.path().join("key")]);
    assert_eq!(config.plugins.folder, folder.path().join("p"));
    assert_eq!(config.plugins.cache.as_deref(), Some(Path::new("/var/cache/weir")));
    assert_eq!(config.file, file);
}

#[test]
fn what_stands_in_a_file_that_is_named_is_part_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weir.toml");
    let text = "[providers.x]\nkind = \"openai\"\napi_key = \"file:key\"\nca_file = \"ca.pem\"\n\
                [[plugins.chain]]\nplugin = \"p\"\ngrants = [\"callouts\"]\n\
                callouts = { allow = [\"https://a.example\"], ca_file = \"other.pem\" }\n";
    std::fs::write(&file, text).unwrap();
    let read = || load(&file, &Overrides::default()).map(|loaded| loaded.config);
    let content = |name: &str, key: &str| if name == "key" { key.to_owned() } else { authority() };
    for name in ["key", "ca.pem", "other.pem"] {
        std::fs::write(folder.path().join(name), content(name, "one")).unwrap();
    }
    let first = read().unwrap();
    assert_eq!(first, read().unwrap());
    for (name, line) in [
        ("key", "providers.x.api_key: changed"),
        ("ca.pem", "providers.x.ca_file: what stands in it changed"),
        ("other.pem", "plugins.chain[0].callouts.ca_file: what stands in it changed"),
    ] {
        let before = std::fs::read(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name), content(name, "two")).unwrap();
        assert_eq!(diff(&first, &read().unwrap()), [line], "{name}");
        std::fs::remove_file(folder.path().join(name)).unwrap();
        // What is missing is waited for.
        let files = read().unwrap_err().files().to_vec();
        assert!(files.contains(&folder.path().join(name)) && files.len() == 3, "{files:?}");
        std::fs::write(folder.path().join(name), before).unwrap();
    }
    assert_eq!(first, read().unwrap());
}

#[test]
fn a_file_of_authorities_that_holds_none_is_a_mistake_with_its_place_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (file, pem) = (folder.path().join("weir.toml"), authority());
    let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let provider = "[providers.x]\nkind = \"openai\"\nca_file = \"ca.pem\"\n";
    let callouts = "[[plugins.chain]]\nplugin = \"p\"\ngrants = [\"callouts\"]\n\
                    callouts = { allow = [\"https://a.example\"], ca_file = \"ca.pem\" }\n";
    for (held, why) in [
        ("", "there is no certificate in it"),
        ("no certificate", "there is no certificate in it"),
        (pem[..pem.len() / 2].as_ref(), "certificate 1 is no PEM"),
        (other, "certificate 1 cannot be read"),
        (&*format!("{pem}{other}"), "certificate 2 cannot be read"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "there is no certificate in it"),
    ] {
        std::fs::write(folder.path().join("ca.pem"), held).unwrap();
        for (text, key) in [(provider, "3: providers.x.ca_file"), (callouts, "4: plugins.chain[0].callouts.ca_file")] {
            std::fs::write(&file, text).unwrap();
            let problem = load(&file, &Overrides::default()).unwrap_err().to_string();
            let place = format!("{}:{key}: `ca.pem`: {why}", file.display());
            assert!(problem.contains(&place) && problem.contains("give a PEM file"), "no {place:?} in: {problem}");
        }
    }
    std::fs::write(folder.path().join("ca.pem"), format!("{pem}{}", authority())).unwrap();
    assert!(load(&file, &Overrides::default()).is_ok(), "two of them");
}

#[test]
fn a_relative_file_gives_absolute_paths() {
    let loaded = parse("", Path::new("conf/weir.toml"), &env, &Overrides::default()).unwrap();
    let here = std::env::current_dir().unwrap();
    assert_eq!(loaded.config.file, here.join("conf/weir.toml"));
    assert_eq!(loaded.config.plugins.folder, here.join("conf/plugins"));
    let problems = parse("x = 1\n", Path::new("conf/weir.toml"), &env, &Overrides::default()).unwrap_err();
    assert_eq!(problems.0[0].file, Path::new("conf/weir.toml"), "messages name it as it was given");
}

#[test]
fn the_command_line_beats_the_file_and_is_checked_too() {
    let overrides = Overrides {
        listen: Some("0.0.0.0:80".parse().unwrap()),
        admin: Some("127.0.0.1:0".parse().unwrap()),
        plugins: Some(PathBuf::from("here")),
    };
    let text = "[server]\nlisten = \"127.0.0.1:1\"\nadmin = \"0.0.0.0:2\"\n[plugins]\nfolder = \"there\"\n";
    let config = parse(text, Path::new("/etc/weir/weir.toml"), &env, &overrides).unwrap().config;
    assert_eq!(Some(config.server.listen), overrides.listen);
    assert_eq!(Some(config.server.admin), overrides.admin);
    assert_eq!(config.plugins.folder, std::env::current_dir().unwrap().join("here"));
    let exposed = Overrides { admin: Some("0.0.0.0:2".parse().unwrap()), ..Overrides::default() };
    let problems = parse("", Path::new("weir.toml"), &env, &exposed).unwrap_err();
    assert!(problems.to_string().starts_with("--admin: the admin listener asks for no token yet"));
    let same = Overrides { listen: Some("127.0.0.1:9090".parse().unwrap()), ..Overrides::default() };
    let problems = parse("", Path::new("weir.toml"), &env, &same).unwrap_err();
    assert!(problems.to_string().starts_with("--listen: 127.0.0.1:9090 is also server.admin; "), "{problems}");
}

#[test]
fn what_looks_wrong_is_a_warning() {
    let base = "[providers.d]\nkind = \"demo\"\n[models.m]\ntargets = [\"d/m\"]\n[tenants.t]\nmodels = [\"m\"]\n";
    let only = |text: &str, key: &str, what: &str| {
        let found = warnings(text);
        assert!(found.iter().any(|(at, said)| at == key && said.contains(what)), "{found:#?}");
    };
    only(base, "5: tenants.t", "has no keys");
    let plain = "[providers.d]\nkind = \"openai\"\nbase_url = \"http://10.0.0.1:8000/v1\"";
    only(plain, "3: providers.d.base_url", "in the clear");
    let bare = |url: &str| format!("[providers.d]\nkind = \"openai\"\nbase_url = \"{url}\"");
    for host in
        ["https://api.openai.com", "https://api.openai.com:8443", "https://10.0.0.1", "http://vllm.example:8000"]
    {
        only(
            &bare(host),
            "3: providers.d.base_url",
            &format!("no path, so that {host}/chat/completions will be asked"),
        );
    }
    only(&bare("https://${ELSEWHERE}"), "3: providers.d.base_url", "no path, so that its host with /chat/completions");
    for good in ["https://api.openai.com/", "https://api.openai.com/v1", "http://127.0.0.1:8000", "http://localhost:1"]
    {
        assert!(warnings(&bare(good)).iter().all(|(at, _)| !at.contains("base_url")), "{good}");
    }
    only(&base.replace("[\"m\"]", "[\"n-*\"]"), "6: tenants.t.models[0]", "matches no model");
    only(
        &format!("{base}[[plugins.chain]]\nplugin = \"a\"\nmodels = [\"n\"]"),
        "9: plugins.chain[0].models[0]",
        "matches no model",
    );
    let local = plain.replace("10.0.0.1", "${HOST}");
    assert!(warnings(&local).iter().all(|(at, _)| !at.contains("base_url")), "loopback needs no TLS");
}

#[test]
fn settings_beside_a_plugin() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guard.toml");
    let defaults = Dropped::new(PluginLimits { instances: 3, ..PluginLimits::default() });
    let none = sidecar(&file, &defaults).unwrap();
    assert_eq!((none.limits.instances, none.config), (3, json!({})), "there need be none");
    std::fs::write(
        &file,
        "isolation = \"request\"\ngrants = [\"log\"]\nlimits.wait = \"0s\"\n[config]\na = \"$${X}\"\n",
    )
    .unwrap();
    let settings = sidecar(&file, &defaults).unwrap();
    assert_eq!((settings.isolation, &settings.grants[..]), (Isolation::Request, &[Grant::Log][..]));
    assert_eq!((settings.limits.wait, settings.limits.instances), (Duration::ZERO, 3));
    assert_eq!(settings.config, json!({"a": "${X}"}));
    std::fs::write(&file, "plugin = \"x\"\n[config]\na = \"${HOME}\"\nb = \"$${A}${PATH:-x}\"\n").unwrap();
    let found = sidecar(&file, &defaults).unwrap_err().to_string();
    let name = file.display();
    let wanted = [
        format!("{name}:1: plugin: is not known; "),
        format!("{name}:3: config.a: reads the environment, "),
        format!("{name}:4: config.b: reads the environment, "),
    ];
    for (found, wanted) in found.lines().zip(&wanted) {
        assert!(found.starts_with(wanted), "{found}\n{wanted}");
    }
    assert_eq!(found.lines().count(), wanted.len(), "{found}");
    std::fs::write(&file, "isolation = \n").unwrap();
    assert!(sidecar(&file, &defaults).unwrap_err().to_string().starts_with(&format!("{name}:1: not TOML: ")));
}

#[test]
fn a_chain_hands_out_secrets_and_says_where_its_plugin_may_call() {
    let chain = r#"[[plugins.chain]]
plugin = "a"
grants = ["clock", "random", "secrets", "callouts", "clock"]
secrets = { TOKEN = "${KEY}", other = "plain" }
callouts = { allow = ["https://Policy.Example.com.", "http://localhost:8080/V1/", "https://[0:0::1]:8443/a/b"] }
"#;
    let settings = &config(chain).plugins.chain[0].settings;
    assert_eq!(settings.grants, [Grant::Clock, Grant::Random, Grant::Secrets, Grant::Callouts]);
    let secrets: Vec<(&str, &str)> = settings.secrets.iter().map(|(n, s)| (n.as_str(), s.expose())).collect();
    assert_eq!(secrets, [("TOKEN", "s3cret"), ("other", "plain")]);
    assert!(!format!("{settings:?}").contains("s3cret") && format!("{settings:?}").contains("TOKEN"));
    let callouts = settings.callouts.as_ref().unwrap();
    assert_eq!((callouts.private, callouts.timeout, callouts.per_call), (false, Duration::from_secs(2), 4));
    assert_eq!((callouts.bytes, &callouts.ca_file), (1 << 20, &None));
    let allowed: Vec<_> = callouts.allow.iter().map(|a| (a.plain, a.host.as_str(), a.port, a.path.as_str())).collect();
    let wanted =
        [(false, "policy.example.com", 443, ""), (true, "localhost", 8080, "/V1"), (false, "[::1]", 8443, "/a/b")];
    assert_eq!(allowed, wanted);
    let shown: Vec<String> = callouts.allow.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["https://policy.example.com", "http://localhost:8080/V1", "https://[::1]:8443/a/b"]);

    let plain = chain.replace("localhost", "policy.example");
    assert!(warnings(&plain).iter().any(|(at, _)| at == "5: plugins.chain[0].callouts.allow[1]"));
    assert!(warnings(chain).iter().all(|(at, _)| !at.contains("callouts")), "loopback needs no TLS");
}

#[test]
fn settings_beside_a_plugin_cannot_open_the_network_or_hand_out_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guard.toml");
    let text = "grants = [\"log\", \"secrets\", \"callouts\"]\nsecrets = { A = \"x\" }\n\
                callouts = { allow = [\"https://a.example\"], private = true }\n";
    std::fs::write(&file, text).unwrap();
    let found = sidecar(&file, &Dropped::new(PluginLimits::default())).unwrap_err().to_string();
    let wanted = [
        "1: grants[1]: grants \"secrets\", which settings beside a plugin may not; put the plugin into a [[plugins.chain]]",
        "1: grants[2]: grants \"callouts\", which settings beside a plugin may not; put the plugin into a [[plugins.chain]]",
        "2: secrets: hands out secrets, which settings beside a plugin may not; put the plugin into a [[plugins.chain]]",
        "3: callouts: opens the network, which settings beside a plugin may not; put the plugin into a [[plugins.chain]]",
    ];
    assert_eq!(found.lines().count(), wanted.len(), "{found}");
    for (found, wanted) in found.lines().zip(wanted) {
        assert!(found.contains(wanted), "{found}\n{wanted}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weir.toml");
    let shown = |file: &Path| load(file, &Overrides::default()).unwrap_err().to_string();
    let name = file.display();
    assert!(shown(&file).starts_with(&format!("{name}: cannot be read: ")), "{}", shown(&file));
    std::fs::write(&file, b"# fine\n# \xff\n").unwrap();
    assert_eq!(shown(&file), format!("{name}:2: is not UTF-8; save the file as UTF-8"));
    std::fs::write(&file, vec![b'#'; (4 << 20) + 1]).unwrap();
    assert!(shown(&file).starts_with(&format!("{name}: is more than 4 MiB long; ")));
    assert!(shown(folder.path()).contains(": cannot be read: "));
}

#[test]
fn the_default_path_is_that_of_the_environment_if_there_is_one() {
    assert_eq!(default_path(&|name| (name == "WEIR_CONFIG").then(|| "/a/b.toml".to_owned())), Path::new("/a/b.toml"));
    // This crate's folder has no `config/weir.toml`.
    assert_eq!(default_path(&|_| None), Path::new("weir.toml"));
    assert_eq!(default_path(&|_| Some(String::new())), Path::new("weir.toml"));
}

#[test]
fn pages_are_named_by_their_origins() {
    let cors =
        config("[cors]\norigins = [\"https://app.example.org\", \"http://localhost:3000\", \"tauri://localhost\"]")
            .cors;
    assert_eq!(cors.origins, ["https://app.example.org", "http://localhost:3000", "tauri://localhost"]);
    assert_eq!(cors.max_age, Duration::from_secs(600));
    assert_eq!(config("[cors]\norigins = [\"*\"]\nmax_age = \"0s\"").cors.origins, ["*"]);
    assert!(config("").cors.origins.is_empty());
}

#[test]
fn what_this_gateway_is_called_among_others_has_a_default() {
    let server = config("").server;
    assert_eq!((server.name.as_str(), server.behind_tls), ("weir", false));
    assert_eq!(config("[server]\nname = \"weir-eu.1\"\nbehind_tls = true").server.name, "weir-eu.1");
}

#[test]
fn what_is_empty_for_its_variable_is_said_but_of_a_plugins_own_settings() {
    let env = |name: &str| (name == "EMPTY").then(String::new);
    let read = |text: &str| parse(text, Path::new("weir.toml"), &env, &Overrides::default());
    for text in ["pepper = \"${EMPTY}\"", "[plugins]\nfolder = \"${EMPTY}\"", "[providers.a]\nkind = \"${EMPTY}\""] {
        let said = read(text).unwrap_err().to_string();
        assert!(said.contains("the environment variable EMPTY is empty"), "{said}");
    }
    assert!(read("pepper = \"${EMPTY:-}\"").unwrap().config.pepper.is_empty());
    let chain =
        "[[plugins.chain]]\nplugin = \"a\"\nconfig = { a = \"${EMPTY}\", b = \"$VARIABLE\", c = \"%PERCENT%\" }";
    let settings = read(chain).unwrap().config.plugins.chain[0].settings.config.clone();
    assert_eq!(settings, serde_json::json!({"a": "", "b": "$VARIABLE", "c": "%PERCENT%"}));
}

#[test]
fn what_is_known_of_a_model_holds_of_all_its_targets_and_the_file_has_the_last_word() {
    let model = |lines: &str| {
        let text = format!("[providers.p]\nkind = \"openai\"\n[models.m]\n{lines}");
        config(&text).models.remove(0)
    };
    let two = "targets = [\"p/gpt-4o\", \"p/claude-sonnet-4-5\", \"p/our-own\"]";
    let fact = model(two).fact();
    assert_eq!((fact.context, fact.output), (Some(128_000), Some(16_384)));
    assert!(fact.can.has(ModelAbility::Tools) && !fact.can.has(ModelAbility::Reasoning));
    let said = model(&format!("{two}\nmax_output_tokens = 5\ncontext_window = 1_000_000_000"));
    assert_eq!((said.fact().context, said.fact().output), (Some(1_000_000_000), Some(5)));
    assert_eq!(said.fact().input, fact.input);
    let at = |model: &ModelConfig, index: usize| model.fact_at(&model.targets[index]).output;
    assert_eq!((at(&model(two), 1), at(&model(two), 2), at(&said, 2)), (Some(64_000), None, Some(5)));
    assert_eq!(model("targets = [\"p/our-own\"]").fact(), ModelFact::default());
}
