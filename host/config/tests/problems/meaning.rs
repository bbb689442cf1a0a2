//! Mistakes of meaning, section by section.

use super::{each_is, problems};

#[test]
fn listeners() {
    each_is(&[
        (
            "[server]\nlisten = \"localhost:8080\"",
            "weir.toml:17: server.listen: `localhost:8080` is not an address to listen on; ",
        ),
        (
            "[server]\nlisten = \"127.0.0.1\"",
            "weir.toml:17: server.listen: `127.0.0.1` is not an address to listen on; ",
        ),
        (
            "[server]\nadmin = \"127.0.0.1:99999\"",
            "weir.toml:17: server.admin: `127.0.0.1:99999` is not an address to listen on; ",
        ),
        (
            "[server]\nadmin = \"0.0.0.0:9090\"",
            "weir.toml:17: server.admin: the admin listener asks for no token yet, and 0.0.0.0:9090 ",
        ),
        (
            "[server]\nadmin = \"[2001:db8::1]:9090\"",
            "weir.toml:17: server.admin: the admin listener asks for no token yet, ",
        ),
        ("[server]\nadmin = \"127.0.0.1:8080\"", "weir.toml:17: server.admin: 127.0.0.1:8080 is also server.listen; "),
    ]);
}

#[test]
fn providers() {
    let openai = |line: &str| format!("[providers.x]\nkind = \"openai\"\n{line}");
    let cases = [
        ("base_url = \"api.openai.com\"", "base_url: is not an http:// or https:// URL; "),
        ("base_url = \"https://u:s3cret@host\"", "base_url: holds a user name or password; "),
        ("base_url = \"https://host/v1?key=s3cret\"", "base_url: has a query or a fragment; "),
        (
            "base_url = \"https://host/v1/chat/completions\"",
            "base_url: ends in the path of an endpoint, which Weir puts behind it by itself; ",
        ),
        (
            "base_url = \"https://host/v1/embeddings/\"",
            "base_url: ends in the path of an endpoint, which Weir puts behind it by itself; ",
        ),
        ("base_url = \"https://ho st\"", "base_url: has a host that is not one; "),
        ("base_url = \"https://host:0\"", "base_url: has a port that is not one; "),
        ("api_key = \"${UNSET_KEY}\"", "api_key: the environment variable UNSET_KEY is not set; set it, "),
        ("api_key = \"${UNSET_KEY\"", "api_key: `${` has no closing `}`; "),
        ("api_key = \"${}\"", "api_key: `${…}` holds no name of an environment variable; "),
        ("api_key = \"\"", "api_key: is empty; "),
        ("api_key = \"${UNSET_KEY:-}\"", "api_key: is empty; "),
        ("api_key = \"s3cret\\n\"", "api_key: holds a control character, such as a line end; "),
        ("api_key = \"file:no/such/file\"", "api_key: its file /"),
        ("ca_file = \"no/such.pem\"", "ca_file: /"),
        ("headers = { \"x y\" = \"1\" }", "headers.\"x y\": is not a name that a header can have; "),
        ("headers = { \"\" = \"1\" }", "headers.\"\": is not a name that a header can have; "),
        ("headers = { Host = \"1\" }", "headers.Host: is a header that Weir sets itself; "),
        ("headers = { Transfer-Encoding = \"1\" }", "headers.Transfer-Encoding: is a header that Weir sets itself; "),
        ("headers = { X-A = \"1\", x-a = \"2\" }", "headers.x-a: stands there twice, for case does not matter; "),
        ("headers = { x-a = \"s3cret\\r\\nx: y\" }", "headers.x-a: holds a control character, such as a line end; "),
        ("headers = { x-a = \"${UNSET_KEY}\" }", "headers.x-a: the environment variable UNSET_KEY is not set; "),
    ];
    for (line, wanted) in cases {
        each_is(&[(&openai(line), &format!("weir.toml:18: providers.x.{wanted}"))]);
    }
    each_is(&[
        ("[providers.x]\nretries = 1", "weir.toml:16: providers.x.kind: is missing; give kind = "),
        ("[providers.\"a/b\"]\nkind = \"demo\"", "weir.toml:16: providers.\"a/b\": is not a name that can be used; "),
        (
            "[providers.x]\nkind = \"demo\"\nbase_url = \"https://a\"",
            "weir.toml:18: providers.x.base_url: means nothing for a provider of kind \"demo\"; ",
        ),
        (
            "[providers.x]\nkind = \"groq\"\napi_key = \"${SET}\"\nspeaks = \"gemini\"",
            "weir.toml:19: providers.x.speaks: is for a provider of kind \"demo\", and one of kind \"groq\" speaks what it does; ",
        ),
        (
            "[providers.x]\nkind = \"demo\"\nspeaks = \"latin\"",
            "weir.toml:18: providers.x.speaks: `latin` is not one of its values; ",
        ),
        (
            "[providers.x]\nkind = \"demo\"\nhttp2 = \"never\"",
            "weir.toml:18: providers.x.http2: means nothing for a provider ",
        ),
        (
            "[providers.x]\nkind = \"openai\"\napi_key = \"${SET}\"\nheaders.Authorization = \"${SET}\"",
            "weir.toml:19: providers.x.headers.Authorization: api_key is sent in the same header; ",
        ),
    ]);
}

#[test]
fn several_keys() {
    let openai = |line: &str| format!("[providers.x]\nkind = \"openai\"\n{line}");
    let cases = [
        ("api_keys = []", "api_keys: names no key; give at least one, as in api_keys = [{ key = \"${KEY_A}\" }], "),
        ("api_keys = [{ weight = 1 }]", "api_keys[0].key: is missing; give the key, as in key = \"${KEY_A}\""),
        ("api_keys = [{ key = \"\" }]", "api_keys[0].key: is empty; "),
        ("api_keys = [{ key = \"${UNSET_KEY}\" }]", "api_keys[0].key: the environment variable UNSET_KEY is not set; "),
        ("api_keys = [{ key = \"s3cret\", weight = 1001 }]", "api_keys[0].weight: 1001 is out of range; "),
        (
            "api_keys = [{ key = \"s3cret\", weight = 0 }, { key = \"s3cret-2\", weight = 0 }]",
            "api_keys: has weight 0 everywhere, so that no key would be sent; give one of them a weight of 1 or more",
        ),
        (
            "api_keys = [{ key = \"s3cret\", name = \"b\" }, { key = \"s3cret-2\", name = \"b\" }]",
            "api_keys[1].name: is the name of two keys; give each a name of its own",
        ),
        (
            "api_keys = [{ key = \"s3cret\", name = \"key-2\" }, { key = \"s3cret-2\" }]",
            "api_keys[1]: is the name of two keys; ",
        ),
        (
            "api_keys = [{ key = \"s3cret\" }, { key = \"s3cret\" }]",
            "api_keys[1]: holds the same key as key-1; remove one of them; ",
        ),
        ("api_keys = [{ key = \"s3cret\", name = \"a b\" }]", "api_keys[0].name: is not a name that can be used; "),
        (
            "api_keys = [{ key = \"s3cret\", name = \"sk-s3cret\" }]",
            "api_keys[0].name: looks like a secret, and names stand in logs and metrics; ",
        ),
        ("api_keys = [{ key = \"s3cret\", wieght = 2 }]", "api_keys[0].wieght: is not known; did you mean `weight`? "),
        (
            "headers.authorization = \"s3cret\"\napi_keys = [{ key = \"s3cret\" }]",
            "headers.authorization: api_keys is sent in the same header; ",
        ),
        (
            "api_keys = [{ key = \"s3cret-2\" }]\napi_key = \"s3cret\"",
            "api_keys: stands beside api_key; keep one of the two; ",
        ),
    ];
    for (line, wanted) in cases {
        each_is(&[(&openai(line), &format!("weir.toml:18: providers.x.{wanted}"))]);
    }
    let many: Vec<String> = (0..33).map(|n| format!("{{ key = \"s3cret-{n}\" }}")).collect();
    let many = openai(&format!("api_keys = [{}]", many.join(", ")));
    each_is(&[
        (&many, "weir.toml:18: providers.x.api_keys: holds 33 keys, and 32 is the most; "),
        (
            "[providers.x]\nkind = \"demo\"\napi_keys = [{ key = \"s3cret\" }]",
            "weir.toml:18: providers.x.api_keys: means nothing for a provider of kind \"demo\"; ",
        ),
        (
            "[providers.x]\nkind = \"anthropic\"\nheaders.X-Api-Key = \"s3cret\"\napi_keys = [{ key = \"s3cret\" }]",
            "weir.toml:18: providers.x.headers.X-Api-Key: api_keys is sent in the same header; ",
        ),
    ]);
}

#[test]
fn models() {
    each_is(&[
        ("[models.m]", "weir.toml:16: models.m.targets: is missing; "),
        ("[models.m]\ntargets = []", "weir.toml:17: models.m.targets: names no target; "),
        (
            "[models.\"a b\"]\ntargets = [\"demo/m\"]",
            "weir.toml:16: models.\"a b\": is not a name that a model can have; ",
        ),
        (
            "[models.\"gpt-*\"]\ntargets = [\"demo/m\"]",
            "weir.toml:16: models.\"gpt-*\": is not a name that a model can have; ",
        ),
        ("[models.m]\ntargets = [\"demo\"]", "weir.toml:17: models.m.targets[0]: `demo` has no provider; "),
        (
            "[models.m]\ntargets = [\"demo/\"]",
            "weir.toml:17: models.m.targets[0]: is not a name that a model can have; ",
        ),
        (
            "[models.m]\ntargets = [\n  \"demo/m\",\n  \"dmeo/m\",\n]",
            "weir.toml:19: models.m.targets[1]: `dmeo/m` names no provider; did you mean `demo`? providers: demo",
        ),
        ("[models.m]\ntargets = [\"demo/m\", \"demo/m\"]", "weir.toml:17: models.m.targets[1]: stands there twice; "),
        (
            "[models.m]\ntargets = [{ provider = \"x\", model = \"m\" }]",
            "weir.toml:17: models.m.targets[0].provider: `x` names no provider; ",
        ),
        ("[models.m]\ntargets = [{ provider = \"demo\" }]", "weir.toml:17: models.m.targets[0].model: is missing; "),
        (
            "[models.m]\ntargets = [\"demo/m\"]\nprice = { input = 1 }",
            "weir.toml:18: models.m.price.output: is missing; ",
        ),
    ]);
}

#[test]
fn tenants() {
    let zeros = "0".repeat(64);
    let key = |id: &str, hash: &str| {
        format!("[tenants.b]\nmodels = [\"*\"]\n[[tenants.b.keys]]\nid = \"{id}\"\nhash = \"{hash}\"")
    };
    let hash = format!("blake3:{zeros}");
    each_is(&[
        ("[tenants.b]", "weir.toml:16: tenants.b.models: is missing; "),
        ("[tenants.\"../b\"]\nmodels = [\"*\"]", "weir.toml:16: tenants.\"../b\": is not a name that can be used; "),
        ("[tenants.b]\nmodels = []", "weir.toml:17: tenants.b.models: names no model; "),
        ("[tenants.b]\nmodels = [\"*\", \"*\"]", "weir.toml:17: tenants.b.models[1]: `*` stands there twice; "),
        ("[tenants.b]\nmodels = [\"\"]", "weir.toml:17: tenants.b.models[0]: the pattern `` is empty; "),
        (
            "[tenants.b]\nmodels = [\"demo-?\"]",
            "weir.toml:17: tenants.b.models[0]: the pattern `demo-?` has a character that ",
        ),
        ("[tenants.b]\nmodels = [\"demo**\"]", "weir.toml:17: tenants.b.models[0]: the pattern `demo**` has `**`; "),
        (
            "[tenants.b]\nmodels = [\"demo *\"]",
            "weir.toml:17: tenants.b.models[0]: the pattern `demo *` has white space in it; ",
        ),
        (
            &key("acme", &hash),
            "weir.toml:19: tenants.b.keys[0].id: `acme` is also the id of a key of tenant `acme`, in line 11; ",
        ),
        (&key("B", &hash), "weir.toml:19: tenants.b.keys[0].id: `B` is not a key's id; "),
        (&key("b-c", &hash), "weir.toml:19: tenants.b.keys[0].id: `b-c` is not a key's id; "),
        (&key("", &hash), "weir.toml:19: tenants.b.keys[0].id: `` is not a key's id; "),
        (&key("b", "s3cret"), "weir.toml:20: tenants.b.keys[0].hash: is not a key's hash; "),
        (&key("b", &zeros), "weir.toml:20: tenants.b.keys[0].hash: is not a key's hash; "),
        (&key("b", &format!("blake3:{}", &zeros[1..])), "weir.toml:20: tenants.b.keys[0].hash: is not a key's hash; "),
        (&key("b", &format!("blake3:{}g", &zeros[1..])), "weir.toml:20: tenants.b.keys[0].hash: is not a key's hash; "),
        (&key("b", &format!("sha256:{zeros}")), "weir.toml:20: tenants.b.keys[0].hash: is not a key's hash; "),
        (
            &format!("[[tenants.acme.keys]]\nid = \"b\"\nhash = \"{hash}\"\nmodels = []"),
            "weir.toml:19: tenants.acme.keys[1].models: names no model; ",
        ),
        ("[[tenants.acme.keys]]\nid = \"b\"", "weir.toml:16: tenants.acme.keys[1].hash: is missing; "),
    ]);
}

#[test]
fn chains() {
    let chain = |line: &str| format!("[[plugins.chain]]\nplugin = \"a\"\n{line}");
    each_is(&[
        ("[[plugins.chain]]\ntenants = [\"acme\"]", "weir.toml:16: plugins.chain[0].plugin: is missing; "),
        (
            "[[plugins.chain]]\nplugin = \"a.wasm\"",
            "weir.toml:17: plugins.chain[0].plugin: `a.wasm` is not a plugin's name; ",
        ),
        (
            "[[plugins.chain]]\nplugin = \"../a\"",
            "weir.toml:17: plugins.chain[0].plugin: `../a` is not a plugin's name; ",
        ),
        (
            &chain("tenants = [\"acmee\"]"),
            "weir.toml:18: plugins.chain[0].tenants[0]: `acmee` is not a tenant; did you mean `acme`? tenants: acme",
        ),
        (&chain("tenants = []"), "weir.toml:18: plugins.chain[0].tenants: names no tenant; "),
        (
            &chain("models = [\"gpt-[4]\"]"),
            "weir.toml:18: plugins.chain[0].models[0]: the pattern `gpt-[4]` has a character ",
        ),
        (
            &chain("config = { a = [1, inf] }"),
            "weir.toml:18: plugins.chain[0].config.a[1]: JSON, in which plugins get their settings, has no number inf; ",
        ),
        (&chain("config = { a = nan }"), "weir.toml:18: plugins.chain[0].config.a: JSON, in which "),
        (&chain("config = { a = 99999999999999999999 }"), "weir.toml:18: "),
        (
            &chain("config = { a = { b = \"${UNSET_KEY}\" } }"),
            "weir.toml:18: plugins.chain[0].config.a.b: the environment variable UNSET_KEY is not set; ",
        ),
        ("[plugins]\nfolder = \"\"", "weir.toml:17: plugins.folder: is not a path; "),
    ]);
}

fn chained(lines: &str) -> String {
    format!("[[plugins.chain]]\nplugin = \"a\"\n{lines}")
}

#[test]
fn secrets_and_callouts() {
    let cases = [
        ("grants = [\"callout\"]", "18: plugins.chain[0].grants[0]: `callout` is not one of its values; did you mean "),
        (
            "secrets = { A = \"s3cret\" }",
            "18: plugins.chain[0].secrets: gives secrets that the plugin may not read; add ",
        ),
        ("grants = [\"secrets\"]\nsecrets = { A = \"\" }", "19: plugins.chain[0].secrets.A: is empty; "),
        (
            "grants = [\"secrets\"]\nsecrets = { \"A B\" = \"s3cret\" }",
            "19: plugins.chain[0].secrets.\"A B\": is not a name that can be used; ",
        ),
        (
            "grants = [\"secrets\"]\nsecrets = { A = \"${UNSET_KEY}\" }",
            "19: plugins.chain[0].secrets.A: the environment variable UNSET_KEY is not set; ",
        ),
        (
            "grants = [\"log\", \"callouts\"]",
            "18: plugins.chain[0].grants[1]: is granted, but there is nowhere to call; say where: callouts = { allow = ",
        ),
        (
            "callouts = { allow = [\"https://a.example\"] }",
            "18: plugins.chain[0].callouts: says where to call, but the plugin may not; add \"callouts\" to its `grants`",
        ),
    ];
    for (lines, wanted) in cases {
        each_is(&[(&chained(lines), &format!("weir.toml:{wanted}"))]);
    }
    let one = "allow = [\"https://a.example\"], ";
    let cases = [
        ("private = true".to_owned(), "allow: is missing; list where the plugin may call: "),
        ("allow = []".to_owned(), "allow: allows nothing; "),
        (format!("{one}timeout = \"0s\""), "timeout: is zero; "),
        (format!("{one}per_call = 0"), "per_call: is zero; "),
        (format!("{one}bytes = \"17MiB\""), "bytes: `17MiB` is "),
        (format!("{one}ca_file = \"no/such.pem\""), "ca_file: /"),
        (format!("{one}hosts = []"), "hosts: is not known; "),
    ];
    for (callouts, wanted) in cases {
        each_is(&[(&calling(&callouts), &format!("weir.toml:19: plugins.chain[0].callouts.{wanted}"))]);
    }
}

/// A plugin that may call out, with such a table.
fn calling(callouts: &str) -> String {
    chained(&format!("grants = [\"callouts\"]\ncallouts = {{ {callouts} }}"))
}

#[test]
fn where_plugins_may_call() {
    let cases = [
        ("a.example", "is not an http:// or https:// URL; give an origin"),
        ("*", "is not an http:// or https:// URL; "),
        ("https://*.example", "has a host that is not one; "),
        ("https://u:s3cret@a.example", "holds a user name or password; "),
        ("https://a.example/?a", "has a query or a fragment; "),
        ("https://a.example/v1/../v2", "has a path that could be read in more than one way; "),
        ("https://a.example/v1//v2", "has a path that could be read in more than one way; "),
        ("https://a.example/%76", "has a path that could be read in more than one way; "),
        ("https://a.example/v1;x", "has a path that could be read in more than one way; "),
        ("https://127.1", "has a host that is not one; "),
        ("https://2130706433", "has a host that is not one; "),
        ("https://0x7f000001", "has a host that is not one; "),
        ("https://127.0.0.1.", "has a host that is not one; "),
        ("https://a.example..", "has a host that is not one; "),
    ];
    for (url, wanted) in cases {
        let callouts = calling(&format!("allow = [\"{url}\"]"));
        each_is(&[(&callouts, &format!("weir.toml:19: plugins.chain[0].callouts.allow[0]: {wanted}"))]);
    }
    let twice = calling("allow = [\"https://A.example./\", \"https://a.example:443\"]");
    each_is(&[(&twice, "weir.toml:19: plugins.chain[0].callouts.allow[1]: stands there twice; ")]);
}

#[test]
fn pages_and_names() {
    for origin in [
        "https://app.example.org/",
        "app.example.org",
        "null",
        "https://App.example.org",
        "https://a:443",
        "https://u@a",
        "://a",
    ] {
        let text = format!("[cors]\norigins = [\"{origin}\"]");
        each_is(&[(&text, &format!("weir.toml:17: cors.origins[0]: `{origin}` is not an origin; "))]);
    }
    for name in ["a b", "a,b", "weir/1"] {
        let text = format!("[server]\nname = \"{name}\"");
        each_is(&[(&text, &format!("weir.toml:17: server.name: `{name}` is not a name for `Via`; "))]);
    }
}

#[test]
fn names_of_bindings() {
    for name in ["2", "", "a b", "a#b", "é"] {
        let text = chained(&format!("name = \"{name}\""));
        each_is(&[(&text, &format!("weir.toml:18: plugins.chain[0].name: `{name}` is not a binding's name; "))]);
    }
    let twice = format!("{0}{0}{1}", chained("name = \"eu\"\n"), "[[plugins.chain]]\nplugin = \"b\"\nname = \"eu\"\n");
    let found = problems(&twice);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("what another binding of"), "{found:?}");
}

#[test]
fn a_public_key_that_is_none_is_one_mistake_and_not_that_nobody_may_sign() {
    let text = "[plugins]\nrequire_signature = true\nkeys = [\"ed25519:zz\"]\n";
    let found = problems(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("is no public key"), "{found:?}");
    for none in ["", "keys = []\n"] {
        let found = problems(&format!("[plugins]\nrequire_signature = true\n{none}"));
        assert!(found.len() == 1 && found[0].contains("nobody may sign"), "{found:?}");
    }
}
