//! `kind` of a provider: every name of the catalogue, where it is, and the key that is sent there.

use std::path::Path;

use weir_config::{
    Loaded, Overrides, Problems, ProviderKind, Quirk, catalog_row, catalogue, diff, not_asked_yet, parse,
};

fn read(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Loaded, Problems> {
    parse(text, Path::new("weir.toml"), env, &Overrides::default())
}

fn nothing(_: &str) -> Option<String> {
    None
}

/// What the environment has, each variable with a value of its own.
fn all(name: &str) -> Option<String> {
    Some(format!("key-of-{name}"))
}

fn problem(text: &str, env: &dyn Fn(&str) -> Option<String>) -> String {
    let problems = read(text, env).map(|loaded| panic!("no problem: {:?}", loaded.config.providers)).unwrap_err();
    assert_eq!(problems.0.len(), 1, "{problems}");
    problems.to_string()
}

#[test]
fn a_provider_of_the_catalogue_needs_its_kind_and_its_key_in_the_environment_and_no_more() {
    let env = |name: &str| (name == "GROQ_API_KEY").then(|| "gsk_1".to_owned());
    let loaded = read("[providers.groq]\nkind = \"groq\"", &env).unwrap();
    assert_eq!(loaded.warnings, []);
    let groq = &loaded.config.providers[0];
    assert_eq!(groq.base_url, "https://api.groq.com/openai/v1");
    assert_eq!(groq.api_key.as_ref().unwrap().expose(), "gsk_1");
    assert_eq!((groq.kind.word(), groq.kind), ("groq", ProviderKind::Listed(catalog_row("groq").unwrap())));
    assert!(groq.ask_usage && groq.kind.quirks().has(Quirk::NoN));
}

#[test]
fn every_kind_of_the_catalogue_can_be_asked_or_says_in_one_problem_that_it_cannot_yet() {
    let mut asked = 0;
    for row in catalogue().iter().filter(|row| *row.name != *"openai") {
        let text = format!("[providers.p]\nkind = \"{}\"", row.name);
        match (not_asked_yet(row), row.base_url()) {
            (Some(why), _) => {
                for env in [nothing as fn(&str) -> Option<String>, all] {
                    let said = problem(&text, &env);
                    let wanted = format!("weir.toml:2: providers.p.kind: `{}` {why}; ", row.name);
                    assert!(said.starts_with(&wanted), "{said}");
                }
            }
            (None, None) => {
                let said = problem(&text, &all);
                let wanted =
                    "weir.toml:1: providers.p.base_url: is missing; give it, with what stands between braces: ";
                assert_eq!(said, format!("{wanted}\"{}\"", row.base_url_form()));
                assert!(read(&format!("{text}\nbase_url = \"https://me.example/v1\""), &all).is_ok());
            }
            (None, Some(url)) => {
                let loaded = read(&text, &all).unwrap_or_else(|problems| panic!("{problems}"));
                let provider = &loaded.config.providers[0];
                assert_eq!(loaded.warnings, [], "{}", row.name);
                assert!(provider.base_url == url || provider.base_url == format!("{url}/v1"), "{}", row.name);
                let key = provider.api_key.as_ref().map(|key| key.expose().to_owned());
                assert_eq!(key, row.key_env.first().map(|name| format!("key-of-{name}")), "{}", row.name);
                asked += 1;
            }
        }
    }
    assert!(asked >= 40, "{asked}");
}

#[test]
fn a_key_that_is_demanded_and_not_there_is_a_problem_that_names_its_variables() {
    let one = problem("[providers.g]\nkind = \"groq\"", &nothing);
    let wanted = "weir.toml:1: providers.g.api_key: is missing, and the environment has nothing in GROQ_API_KEY; set GROQ_API_KEY, or give api_key";
    assert_eq!(one, wanted);
    let two = problem("[providers.z]\nkind = \"zai\"", &nothing);
    assert!(two.contains("has nothing in ZAI_API_KEY or ZHIPU_API_KEY; set ZAI_API_KEY, or"), "{two}");
    let empty = |_: &str| Some(String::new());
    assert_eq!(problem("[providers.g]\nkind = \"groq\"", &empty), wanted, "one that is empty holds no key");
    let broken = |_: &str| Some("s3cret\n".to_owned());
    let said = problem("[providers.g]\nkind = \"groq\"", &broken);
    assert!(said.contains("api_key: the environment variable GROQ_API_KEY holds a control character"), "{said}");
    assert!(!said.contains("s3cret"));
}

#[test]
fn the_first_variable_that_is_set_has_the_key_and_what_the_file_says_goes_before_it() {
    let key = |text: &str, env: &dyn Fn(&str) -> Option<String>| {
        let config = read(text, env).unwrap_or_else(|problems| panic!("{problems}")).config;
        config.providers[0].api_key.as_ref().map(|key| key.expose().to_owned())
    };
    let zai = "[providers.z]\nkind = \"zai\"";
    assert_eq!(key(zai, &all).unwrap(), "key-of-ZAI_API_KEY");
    let second = |name: &str| (name == "ZHIPU_API_KEY").then(|| "2".to_owned());
    assert_eq!(key(zai, &second).unwrap(), "2");
    assert_eq!(key(&format!("{zai}\napi_key = \"mine\""), &all).unwrap(), "mine");
    assert_eq!(key(&format!("{zai}\napi_key = \"${{OTHER}}\""), &all).unwrap(), "key-of-OTHER");
    // A header of the operator's own is the key, then.
    for env in [nothing as fn(&str) -> Option<String>, all] {
        assert_eq!(key(&format!("{zai}\nheaders.Authorization = \"Token x\""), &env), None);
    }
}

#[test]
fn what_runs_on_ones_own_machines_needs_no_key_and_takes_one() {
    for (kind, url) in [
        ("ollama", "http://127.0.0.1:11434"),
        ("vllm", "http://127.0.0.1:8000/v1"),
        ("lmstudio", "http://127.0.0.1:1234/v1"),
    ] {
        let text = format!("[providers.p]\nkind = \"{kind}\"");
        let provider =
            |text: &str| read(text, &all).unwrap_or_else(|problems| panic!("{problems}")).config.providers[0].clone();
        assert_eq!((provider(&text).api_key, provider(&text).base_url.as_str()), (None, url), "{kind}");
        let keyed = provider(&format!("{text}\napi_key = \"k\""));
        assert_eq!(keyed.api_key.unwrap().expose(), "k", "{kind}");
    }
}

#[test]
fn of_a_server_that_speaks_openai_s_api_nothing_is_taken_from_the_environment() {
    let loaded = read("[providers.o]\nkind = \"openai\"\n", &all).unwrap();
    let openai = &loaded.config.providers[0];
    assert_eq!((openai.kind, &openai.api_key), (ProviderKind::OpenAi, &None));
    assert_eq!(openai.base_url, "https://api.openai.com/v1");
}

#[test]
fn a_base_url_keeps_its_prefix_and_loses_one_slash_and_is_the_one_that_the_vendors_sdk_takes() {
    for (kind, given, used) in [
        ("groq", "https://proxy.example/groq/v1/", "https://proxy.example/groq/v1"),
        ("groq", "https://proxy.example/a/b", "https://proxy.example/a/b"),
        ("mistral", "https://api.mistral.ai", "https://api.mistral.ai/v1"),
        ("mistral", "https://api.mistral.ai/", "https://api.mistral.ai/v1"),
        ("mistral", "https://api.mistral.ai/v1/", "https://api.mistral.ai/v1"),
        ("mistral", "https://proxy.example/mistral", "https://proxy.example/mistral/v1"),
        ("ollama", "http://127.0.0.1:11434/", "http://127.0.0.1:11434"),
        ("deepseek", "https://api.deepseek.com", "https://api.deepseek.com"),
        ("deepseek", "https://api.deepseek.com/v1", "https://api.deepseek.com/v1"),
        (
            "snowflake",
            "https://me.snowflakecomputing.com/api/v2/cortex/v1",
            "https://me.snowflakecomputing.com/api/v2/cortex/v1",
        ),
    ] {
        let text = format!("[providers.p]\nkind = \"{kind}\"\nbase_url = \"{given}\"");
        let loaded = read(&text, &all).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(loaded.config.providers[0].base_url, used, "{kind} {given}");
        assert_eq!(loaded.warnings, [], "{kind} {given}");
    }
    let said =
        problem("[providers.p]\nkind = \"groq\"\nbase_url = \"https://api.groq.com/openai/v1/chat/completions\"", &all);
    assert!(said.contains("leave that path out, as in \"https://api.groq.com/openai/v1\""), "{said}");
    let problems =
        read("[providers.p]\nkind = \"anthropic\"\nbase_url = \"https://x.example/v1/messages\"", &all).unwrap_err();
    assert!(problems.to_string().contains("leave that path out, as in \"https://api.anthropic.com\""), "{problems}");
    let root = read("[providers.p]\nkind = \"groq\"\nbase_url = \"https://proxy.example\"", &all).unwrap();
    assert_eq!(root.warnings.len(), 1, "Groq does not serve at the root");
}

#[test]
fn what_a_path_begins_with_is_taken_from_the_end_of_a_base_url_and_said() {
    for (kind, given, used) in [
        ("cohere", "https://proxy.example/cohere/v2", "https://proxy.example/cohere"),
        ("ollama", "http://127.0.0.1:11434/api", "http://127.0.0.1:11434"),
        ("ollama", "http://127.0.0.1:11434/v1/", "http://127.0.0.1:11434"),
    ] {
        let loaded = read(&format!("[providers.p]\nkind = \"{kind}\"\nbase_url = \"{given}\""), &all).unwrap();
        assert_eq!((loaded.config.providers[0].base_url.as_str(), loaded.warnings.len()), (used, 1), "{kind} {given}");
    }
}

#[test]
fn a_kind_that_is_not_asked_for_its_usage_is_asked_once_the_file_says_so() {
    let asks = |line: &str| {
        let text = format!("[providers.m]\nkind = \"mistral\"\n{line}");
        read(&text, &all).unwrap().config.providers[0].ask_usage
    };
    assert_eq!((asks(""), asks("ask_usage = true"), asks("ask_usage = false")), (false, true, false));
}

#[test]
fn azure_is_asked_with_the_newest_version_of_its_api_that_is_dated_unless_the_file_says_another() {
    let azure = "[providers.a]\nkind = \"azure\"\n";
    for (line, url, version) in [
        ("base_url = \"https://corp.openai.azure.com\"", "https://corp.openai.azure.com", "2024-10-21"),
        ("base_url = \"https://corp.openai.azure.com/\"", "https://corp.openai.azure.com", "2024-10-21"),
        (
            "base_url = \"https://proxy.example/azure\"\napi_version = \"2025-04-01-preview\"",
            "https://proxy.example/azure",
            "2025-04-01-preview",
        ),
    ] {
        let loaded = read(&format!("{azure}{line}"), &all).unwrap_or_else(|problems| panic!("{problems}"));
        let provider = &loaded.config.providers[0];
        assert_eq!((&*provider.base_url, &*provider.api_version), (url, version));
        assert_eq!(provider.api_key.as_ref().unwrap().expose(), "key-of-AZURE_OPENAI_API_KEY");
        assert_eq!(loaded.warnings, [], "{line}");
    }
    for end in ["/openai", "/openai/v1", "/openai/v1/"] {
        let loaded = read(&format!("{azure}base_url = \"https://c.example{end}\""), &all).unwrap();
        assert_eq!((&*loaded.config.providers[0].base_url, loaded.warnings.len()), ("https://c.example", 1), "{end}");
    }
    let other = read("[providers.o]\nkind = \"openai\"", &all).unwrap();
    assert_eq!(other.config.providers[0].api_version, "");
}

#[test]
fn another_kind_and_another_key_in_the_environment_are_told() {
    let config = |kind: &str, key: &str| {
        let env = |_: &str| Some(key.to_owned());
        read(&format!("[providers.p]\nkind = \"{kind}\"\nbase_url = \"https://x.example/v1\""), &env).unwrap().config
    };
    assert_eq!(diff(&config("groq", "s3cret-1"), &config("groq", "s3cret-2")), ["providers.p.api_key: changed"]);
    assert_eq!(diff(&config("groq", "k"), &config("xai", "k")), ["providers.p.kind: groq → xai"]);
}
