//! The configurations that come with Weir.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use weir_config::{
    DemoDialect, Grant, Http2, Isolation, Loaded, OnFailure, Overrides, Price, ProviderKind, load, parse,
};

fn config_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config")
}

/// Loads a shipped file with the variables that it asks for, and no others.
fn shipped(name: &str) -> Loaded {
    let file = config_folder().join(name);
    let text = std::fs::read_to_string(&file).unwrap();
    let env = |name: &str| name.ends_with("_API_KEY").then(|| format!("sk-test-{name}"));
    parse(&text, &file, &env, &Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn the_default_configuration_loads_without_problem_or_warning() {
    let Loaded { config, warnings } =
        load(&config_folder().join("weir.toml"), &Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(warnings, []);
    assert_eq!(config.server.listen, SocketAddr::from(([127, 0, 0, 1], 8080)));
    assert_eq!(config.server.admin, SocketAddr::from(([127, 0, 0, 1], 9090)));
    assert!(
        config.providers.iter().all(|provider| provider.kind == ProviderKind::Demo),
        "none needs a key or a network"
    );
    let spoken: Vec<DemoDialect> = config.providers.iter().map(|provider| provider.speaks).collect();
    let due = [
        DemoDialect::OpenAi,
        DemoDialect::Anthropic,
        DemoDialect::Gemini,
        DemoDialect::Responses,
        DemoDialect::Bedrock,
    ];
    assert_eq!(spoken, due);
    let models: Vec<&str> = config.models.iter().map(|model| model.name.as_str()).collect();
    let others = ["demo-claude", "demo-gemini", "demo-gpt", "demo-nova"];
    assert_eq!(models, [&["demo-small", "demo-large", "demo-auto"][..], &others].concat());
    let small = Price { input_micro: 100_000, output_micro: 400_000 };
    let large = Price { input_micro: 2_000_000, output_micro: 8_000_000 };
    let auto: Vec<_> = config.models[2].targets.iter().map(|target| (target.model.as_str(), target.price)).collect();
    assert_eq!(auto, [("demo-large", large), ("demo-small", small)]);
    assert_eq!(config.models[0].targets[0].price, small);
    assert_eq!(config.tenants[0].requests_per_minute, Some(600_000));
    assert_eq!(config.tenants[0].concurrency, Some(2_000));
    assert_eq!(config.tenants[1].models, ["demo-small"]);
    assert!(config.plugins.folder.is_absolute() && config.plugins.folder.ends_with("plugins/installed"));
    let chain: Vec<&str> = config.plugins.chain.iter().map(|binding| binding.plugin.as_str()).collect();
    assert_eq!(chain, ["prompt-guard", "redact-pii", "route-by-cost", "usage-tap"]);
    let rules = serde_json::json!({"rules": [{"max_input_bytes": 2000, "prefer": "cheapest"}], "default": "keep"});
    assert_eq!(config.plugins.chain[2].settings.config, rules);
    assert_eq!(config.plugins.chain[3].settings.grants, [Grant::Counters]);
}

#[test]
fn every_example_loads_without_problem_or_warning() {
    let mut examples = 0;
    for entry in std::fs::read_dir(config_folder().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            examples += 1;
            assert_eq!(shipped(path.to_str().unwrap()).warnings, [], "{}", path.display());
        }
    }
    assert!(examples >= 4, "{examples}");
}

#[test]
fn the_openai_example_takes_its_key_from_the_environment() {
    let config = shipped("examples/openai.toml").config;
    let openai = &config.providers[0];
    assert_eq!(openai.base_url, "https://api.openai.com/v1");
    assert_eq!(openai.api_key.as_ref().unwrap().expose(), "sk-test-OPENAI_API_KEY");
    assert_eq!((openai.total_timeout, openai.first_byte(false)), (Duration::from_secs(900), Duration::from_secs(900)));
    assert_eq!(config.models[2].targets[0].provider, 1);
    assert_eq!(config.models[2].targets[0].model, "meta-llama/Llama-3.1-8B-Instruct");
    assert_eq!(config.providers[1].http2, Http2::Never);
}

#[test]
fn the_catalogue_example_names_its_providers_and_no_more() {
    let config = shipped("examples/catalogue.toml").config;
    let providers = config.providers.iter().map(|provider| {
        let key = provider.api_key.as_ref().map(|key| key.expose().to_owned());
        (provider.kind.word(), provider.base_url.as_str(), key)
    });
    let key = |name: &str| Some(format!("sk-test-{name}"));
    let wanted = [
        ("groq", "https://api.groq.com/openai/v1", key("GROQ_API_KEY")),
        ("mistral", "https://api.mistral.ai/v1", key("MISTRAL_API_KEY")),
        ("anthropic", "https://api.anthropic.com", key("ANTHROPIC_API_KEY")),
        ("ollama", "http://127.0.0.1:11434", None),
    ];
    assert_eq!(providers.collect::<Vec<_>>(), wanted);
    let facts: Vec<_> = config.models.iter().map(|model| model.fact()).collect();
    assert!(facts.iter().all(|fact| fact.context.is_some() && fact.output.is_some()), "{facts:#?}");
    assert_eq!((facts[2].context, facts[2].output), (Some(16_384), Some(4_096)));
}

#[test]
fn nothing_made_up_is_sent_to_a_provider_and_what_may_be_sent_is_good_once_it_is_given() {
    for name in [
        "weir.toml",
        "examples/openai.toml",
        "examples/catalogue.toml",
        "examples/failover.toml",
        "examples/two-teams.toml",
    ] {
        for provider in shipped(name).config.providers {
            assert_eq!(provider.headers, [], "{name}: {}", provider.name);
            // Every key is the one that the environment gave.
            let given = provider.api_key.is_none_or(|key| key.expose().starts_with("sk-test-"));
            assert!(given, "{name}: {}", provider.name);
        }
    }
    let file = config_folder().join("examples/openai.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let offered = text.replace("# headers.openai-organization = ", "headers.openai-organization = ");
    assert_ne!(offered, text);
    let with = |organisation: Option<&str>| {
        let env = |name: &str| match name {
            "OPENAI_ORG" => organisation.map(str::to_owned),
            _ => Some("set".to_owned()),
        };
        parse(&offered, &file, &env, &Overrides::default())
    };
    let headers = &with(Some("org-mine")).unwrap().config.providers[0].headers;
    assert_eq!((headers[0].0.as_str(), headers[0].1.expose()), ("openai-organization", "org-mine"));
    assert!(with(None).unwrap_err().to_string().contains("OPENAI_ORG"), "it is asked for by its name");
}

#[test]
fn the_failover_example_has_two_providers_for_one_model() {
    let config = shipped("examples/failover.toml").config;
    for model in &config.models {
        let providers: Vec<usize> = model.targets.iter().map(|target| target.provider).collect();
        assert_eq!(providers, [0, 1]);
    }
    assert_eq!(config.models[0].targets[1].price, Price { input_micro: 3_000_000, output_micro: 12_000_000 });
    assert!(!config.providers[1].ask_usage);
}

#[test]
fn the_two_teams_example_limits_teams_and_keys() {
    let config = shipped("examples/two-teams.toml").config;
    let search = &config.tenants[0];
    assert_eq!((search.requests_per_minute, search.concurrency), (Some(6_000), Some(200)));
    assert_eq!(search.keys[0].models, None);
    assert_eq!(search.keys[1].models.as_deref().unwrap(), ["demo-small"]);
    assert_eq!(search.keys[1].requests_per_minute, Some(60));
    assert_eq!(config.limits.body_bytes, 4 << 20);
    assert_eq!(config.server.drain, Duration::from_secs(60));
}

#[test]
fn the_plugins_example_shows_every_kind_of_binding() {
    let plugins = shipped("examples/plugins.toml").config.plugins;
    assert_eq!(plugins.defaults.deadline, Duration::from_millis(20));
    let [guard, again, tap] = &plugins.chain[..] else { panic!("{} bindings", plugins.chain.len()) };
    assert_eq!(guard.settings.isolation, Isolation::Request);
    assert_eq!(guard.settings.grants, [Grant::Log]);
    assert_eq!(guard.settings.limits, plugins.defaults);
    assert_eq!((&again.tenants[..], &again.models[..]), (&["globex".to_owned()][..], &["*-large".to_owned()][..]));
    assert_eq!(tap.settings.on_failure, OnFailure::Open);
    assert_eq!(tap.settings.limits.deadline, Duration::from_millis(5));
    assert_eq!(tap.settings.limits.wait, plugins.defaults.wait);
}

/// The hash of a key as the tenants' crate defines it, without a pepper.
fn hash(id: &str, secret: &str) -> [u8; 32] {
    let key = blake3::derive_key("weir tenant key v1", &[b"\0", id.as_bytes()].concat());
    *blake3::keyed_hash(&key, secret.as_bytes()).as_bytes()
}

#[test]
fn shipped_keys_all_have_the_secret_demo_and_are_warned_of_where_others_can_reach_them() {
    for name in [
        "weir.toml",
        "examples/two-teams.toml",
        "examples/plugins.toml",
        "examples/catalogue.toml",
        "examples/failover.toml",
    ] {
        let keys: Vec<_> = shipped(name).config.tenants.into_iter().flat_map(|tenant| tenant.keys).collect();
        for key in &keys {
            assert_eq!(key.hash, hash(&key.id, "demo"), "{name}: {}", key.id);
        }
        let overrides = Overrides { listen: Some("0.0.0.0:8080".parse().unwrap()), ..Overrides::default() };
        let file = config_folder().join(name);
        let text = std::fs::read_to_string(&file).unwrap();
        let loaded = parse(&text, &file, &|_| Some("set".to_owned()), &overrides).unwrap();
        let warned = loaded.warnings.iter().filter(|warning| warning.what.contains("demo key")).count();
        assert_eq!(warned, keys.len(), "{name}");
        let peppered = parse(&format!("pepper = \"x\"\n{text}"), &file, &|_| Some("set".to_owned()), &overrides);
        assert_eq!(peppered.unwrap().warnings, [], "{name}: under a pepper the demo keys open nothing");
    }
}
