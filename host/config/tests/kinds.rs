//! `kind` of a provider: every name of the catalogue, where it is, and the key that is sent there.

use std::path::Path;

use weir_config::{
    AuthStyle, Loaded, Overrides, Problems, ProviderKind, Quirk, catalog_row, catalogue, diff, not_asked_yet, parse,
};

fn read(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Loaded, Problems> {
    parse(text, Path::new("weir.toml"), env, &Overrides::default())
}

fn nothing(_: &str) -> Option<String> {
    None
}

/// What the environment has, each variable with a value of its own.
fn all(name: &str) -> Option<String> {
    Some(match name {
        "AWS_REGION" => "eu-central-1".to_owned(),
        "GOOGLE_APPLICATION_CREDENTIALS" => KEY_FILE.to_owned(),
        _ => format!("key-of-{name}"),
    })
}

/// A service account's key file, of which the key is none.
const KEY_FILE: &str = r#"{"type":"service_account","client_email":"weir@p.example","project_id":"of-file","private_key":"-----BEGIN PRIVATE KEY-----\nczNjcmV0\n-----END PRIVATE KEY-----\n"}"#;

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
            (None, None) if matches!(row.auth, AuthStyle::SigV4 | AuthStyle::Gcp) => {
                let loaded = read(&text, &all).unwrap_or_else(|problems| panic!("{problems}"));
                let url = &loaded.config.providers[0].base_url;
                let host = row.base_url_form().rsplit_once('}').unwrap().1;
                assert!(url.starts_with("https://") && url.ends_with(host), "{}: {url}", row.name);
                asked += 1;
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

/// What the environment has, of these alone.
fn these<'v>(variables: &'v [(&'v str, &'v str)]) -> impl Fn(&str) -> Option<String> + 'v {
    |name| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned())
}

#[test]
fn bedrock_takes_a_token_before_it_signs_and_the_file_before_the_environment() {
    const SIGNING: [(&str, &str); 3] =
        [("AWS_ACCESS_KEY_ID", "AK"), ("AWS_SECRET_ACCESS_KEY", "s3cret"), ("AWS_SESSION_TOKEN", "t0ken")];
    let with = |lines: &str, variables: &[(&str, &str)]| {
        let text = format!("[providers.b]\nkind = \"bedrock\"\nregion = \"eu-central-1\"\n{lines}");
        let loaded = read(&text, &these(variables)).unwrap_or_else(|problems| panic!("{problems}"));
        let provider = &loaded.config.providers[0];
        let text =
            |secret: &Option<weir_config::Secret>| secret.as_ref().map_or("-".to_owned(), |s| s.expose().to_owned());
        let cloud = &provider.cloud;
        let parts = [&provider.api_key, &cloud.access_key_id, &cloud.secret_access_key, &cloud.session_token];
        assert!(!format!("{provider:?}").contains("s3cret") && !format!("{provider:?}").contains("t0ken"));
        parts.map(text).join(" ")
    };
    let both = [&SIGNING[..], &[("AWS_BEARER_TOKEN_BEDROCK", "bearer")]].concat();
    let file = "access_key_id = \"FILE\"\nsecret_access_key = \"other\"";
    for (lines, variables, wanted) in [
        ("", &SIGNING[..], "- AK s3cret t0ken"),
        ("", &SIGNING[..2], "- AK s3cret -"),
        ("", &both, "bearer - - -"),
        (file, &both, "- FILE other -"),
        (&format!("{file}\nsession_token = \"mine\""), &both, "- FILE other mine"),
        ("api_key = \"k\"", &SIGNING, "k - - -"),
        ("headers.authorization = \"Bearer x\"", &both, "- - - -"),
    ] {
        assert_eq!(with(lines, variables), wanted, "{lines}");
    }
    let loaded =
        read("[providers.b]\nkind = \"bedrock\"", &these(&[&both[..], &[("AWS_REGION", "us-west-2")]].concat()))
            .unwrap();
    assert_eq!(loaded.config.providers[0].base_url, "https://bedrock-runtime.us-west-2.amazonaws.com");
    // A token needs no region where somebody says where it is sent.
    let text = "[providers.b]\nkind = \"bedrock\"\nbase_url = \"https://b.example\"\napi_key = \"k\"";
    assert_eq!(read(text, &nothing).unwrap().config.providers[0].cloud.region, "");
}

#[test]
fn what_bedrock_lacks_is_named_with_its_variable() {
    let region = "region = \"eu-central-1\"\n";
    let signing = [("AWS_ACCESS_KEY_ID", "AK"), ("AWS_SECRET_ACCESS_KEY", "s3cret")];
    for (lines, variables, wanted) in [
        (
            region,
            &[][..],
            "b.api_key: is missing, and the environment has nothing in AWS_BEARER_TOKEN_BEDROCK; set AWS_BEARER_TOKEN_BEDROCK, or give api_key, or access_key_id and secret_access_key",
        ),
        (
            region,
            &signing[..1],
            "b.secret_access_key: is missing, and the environment has nothing to sign with in AWS_SECRET_ACCESS_KEY; give both",
        ),
        (
            "",
            &signing,
            "b.region: is missing, and the environment has no region's name in AWS_REGION or AWS_DEFAULT_REGION; give one such as \"eu-central-1\", or set AWS_REGION",
        ),
        ("base_url = \"https://b.example\"\n", &signing, "b.region: is missing"),
        ("region = \"Frankfurt\"\n", &signing, "b.region: \"Frankfurt\" is not a region's name; give one such as"),
        (
            "region = \"eu-central-1\"\naccess_key_id = \"AK\"",
            &[],
            "b.secret_access_key: is missing, and requests are signed with it",
        ),
        ("region = \"eu-central-1\"\nsecret_access_key = \"s3cret\"", &[], "b.access_key_id: is missing"),
        (
            "region = \"eu-central-1\"\napi_key = \"k\"\nsecret_access_key = \"s3cret\"",
            &[],
            "b.secret_access_key: signs nothing where a key",
        ),
    ] {
        let said = problem(&format!("[providers.b]\nkind = \"bedrock\"\n{lines}"), &these(variables));
        assert!(said.contains(wanted) && !said.contains("s3cret"), "{lines}: {said}");
    }
    let said = problem("[providers.o]\nkind = \"openai\"\nregion = \"eu-central-1\"", &nothing);
    assert!(
        said.contains(
            "o.region: means nothing for a provider of kind \"openai\"; remove it, or give kind = \"bedrock\""
        ),
        "{said}"
    );
}

#[test]
fn vertex_is_asked_in_its_location_in_the_name_of_a_service_account() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sa.json"), KEY_FILE).unwrap();
    let file = folder.path().join("sa.json").display().to_string();
    let with = |kind: &str, lines: &str, variables: &[(&str, &str)]| {
        let text = format!("[providers.v]\nkind = \"{kind}\"\n{lines}");
        read(&text, &these(variables)).unwrap_or_else(|problems| panic!("{text}: {problems}")).config.providers[0]
            .clone()
    };
    for (location, host) in [
        ("europe-west4", "https://europe-west4-aiplatform.googleapis.com"),
        ("global", "https://aiplatform.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
    ] {
        for kind in ["vertex", "vertex-anthropic"] {
            let provider = with(kind, &format!("location = \"{location}\"\ncredentials = \"{file}\""), &[]);
            assert_eq!((&*provider.base_url, &*provider.cloud.project), (host, "of-file"));
            assert_eq!((provider.api_key.is_none(), &*provider.cloud.location), (true, location));
            assert_eq!(provider.cloud.credentials.unwrap().email, "weir@p.example");
        }
    }
    let environment = [
        ("GOOGLE_APPLICATION_CREDENTIALS", &*file),
        ("GOOGLE_CLOUD_LOCATION", "us-central1"),
        ("GOOGLE_CLOUD_PROJECT", "of-environment"),
    ];
    let provider = with("vertex", "", &environment);
    assert_eq!((&*provider.cloud.project, &*provider.cloud.location), ("of-environment", "us-central1"));
    assert_eq!(with("vertex", "project = \"mine\"", &environment).cloud.project, "mine");
    let fixed = with("vertex", "project = \"p\"\nlocation = \"l\"\napi_key = \"k\"", &[]);
    assert!(fixed.cloud.credentials.is_none() && fixed.api_key.is_some());
    let same = with("vertex", "", &[("GOOGLE_APPLICATION_CREDENTIALS", &format!("file:{file}")), environment[1]]);
    assert!(same.cloud.credentials == provider.cloud.credentials);
    let base = with("vertex", "base_url = \"https://v.example/v1/\"\nlocation = \"l\"", &environment);
    assert_eq!(base.base_url, "https://v.example");
}

#[test]
fn what_vertex_lacks_is_named_with_its_variable() {
    let place = "project = \"p\"\nlocation = \"l\"\n";
    let short = KEY_FILE.replace("\"project_id\":\"of-file\",", "");
    for (lines, wanted) in [
        (
            place.to_owned(),
            "v.credentials: is missing, and the environment has nothing in GOOGLE_APPLICATION_CREDENTIALS; give the path",
        ),
        (
            format!("location = \"l\"\ncredentials = '{short}'"),
            "v.project: is missing, and the environment has nothing of the kind in GOOGLE_CLOUD_PROJECT; give one such as \"my-project\"",
        ),
        (
            format!("project = \"p\"\ncredentials = '{KEY_FILE}'"),
            "v.location: is missing, and the environment has nothing of the kind in GOOGLE_CLOUD_LOCATION",
        ),
        (
            format!("project = \"p/q\"\nlocation = \"l\"\ncredentials = '{KEY_FILE}'"),
            "v.project: `p/q` cannot stand in a URL",
        ),
        (format!("{place}credentials = \"/no/such/file\""), "v.credentials: its file "),
        (
            format!("{place}credentials = '{{\"type\":\"authorized_user\"}}'"),
            "v.credentials: is a credential of another type than `service_account`; give the JSON file",
        ),
        (
            format!("{place}api_key = \"k\"\ncredentials = '{KEY_FILE}'"),
            "v.credentials: is exchanged for nothing where a key",
        ),
    ] {
        let said = problem(&format!("[providers.v]\nkind = \"vertex\"\n{lines}"), &nothing);
        assert!(said.contains(wanted) && !said.contains("czNjcmV0"), "{lines}: {said}");
    }
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

#[test]
fn several_keys_take_the_place_of_the_environments_and_have_names_and_weights_of_their_own() {
    let env = |name: &str| (name == "KEY_B").then(|| "b-secret".to_owned());
    let text = "[providers.g]\nkind = \"groq\"\napi_keys = [{ key = \"a-secret\" }, { key = \"${KEY_B}\", weight = 3 }, \
                { key = \"c-secret\", weight = 0, name = \"spare\" }]";
    let loaded = read(text, &env).unwrap();
    let groq = &loaded.config.providers[0];
    let keys: Vec<_> = groq.api_keys.iter().map(|key| (&*key.name, key.weight, key.secret.expose())).collect();
    assert_eq!(keys, [("key-1", 1, "a-secret"), ("key-2", 3, "b-secret"), ("spare", 0, "c-secret")]);
    assert_eq!((&groq.api_key, groq.keys_in_turn().count()), (&None, 2));
    assert!(!format!("{groq:?}").contains("-secret"));
}
