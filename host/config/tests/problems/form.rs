//! Mistakes of form: syntax, keys, types, bounds.

use super::{each_is, problems};

#[test]
fn broken_syntax() {
    each_is(&[
        ("[server", "weir.toml:16: not TOML: "),
        ("[server]\nlisten = ", "weir.toml:17: not TOML: "),
        ("[server]\nlisten = \"a", "weir.toml:17: not TOML: "),
        ("[server]\n[server]", "weir.toml:17: not TOML: the table [server] stands in line 16 already; "),
        ("[tenants.acme]", "weir.toml:16: not TOML: the table [tenants.acme] stands in line 7 already; "),
        ("[log]\njson = yes", "weir.toml:17: not TOML: "),
    ]);
}

#[test]
fn every_broken_line_is_reported() {
    let found = problems("a = \n\nb = 1\nb = 2\n[c\n");
    let lines: Vec<&str> = found.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
    assert_eq!(lines, ["weir.toml:1", "weir.toml:4", "weir.toml:5"], "{found:#?}");
}

#[test]
fn unknown_keys() {
    each_is(&[
        (
            "[server]\nlissten = \"127.0.0.1:1\"",
            "weir.toml:17: server.lissten: is not known; did you mean `listen`? known here: admin, behind_tls, debug_headers, drain, huge_pages, listen, name, workers",
        ),
        (
            "[sever]\nx = 1",
            "weir.toml:16: sever: is not known; did you mean `server`? known here: cors, limits, log, metrics, models, ",
        ),
        (
            "[limits]\nHead-Timeout = \"1s\"",
            "weir.toml:17: limits.Head-Timeout: is not known; did you mean `head_timeout`?",
        ),
        ("[log]\nfrobnicate = 1", "weir.toml:17: log.frobnicate: is not known; known here: json, level"),
        (
            "[providers.x]\nkind = \"demo\"\nretry = 1",
            "weir.toml:18: providers.x.retry: is not known; did you mean `retries`?",
        ),
        (
            "[models.m]\ntargets = [{ provider = \"demo\", model = \"m\", cost = 1 }]",
            "weir.toml:17: models.m.targets[0].cost: is not known; known here: model, price, provider",
        ),
        ("[models.\"gpt-4.1\"]\ntargets = [\"demo/m\"]\nx = 1", "weir.toml:18: models.\"gpt-4.1\".x: is not known"),
        (
            "[models.m]\ntargets = [\"demo/m\"]\nprice = { input = 1, output = 1, x = 1 }",
            "weir.toml:18: models.m.price.x: ",
        ),
        (
            "[[tenants.acme.keys]]\nid = \"b\"\nhsah = 1\nhash = \"blake3:1111111111111111111111111111111111111111111111111111111111111111\"",
            "weir.toml:18: tenants.acme.keys[1].hsah: is not known; did you mean `hash`?",
        ),
        ("[plugins]\nfoldr = \"x\"", "weir.toml:17: plugins.foldr: is not known; did you mean `folder`?"),
        ("[plugins.defaults]\nmem = 1", "weir.toml:17: plugins.defaults.mem: is not known"),
        (
            "[[plugins.chain]]\nplugin = \"a\"\nlimits = { dedline = \"1ms\" }",
            "weir.toml:18: plugins.chain[0].limits.dedline: is not known; did you mean `deadline`?",
        ),
        (
            "[[plugins.chain]]\nplugin = \"a\"\non_failur = \"open\"",
            "weir.toml:18: plugins.chain[0].on_failur: is not known; did you mean `on_failure`?",
        ),
    ]);
}

#[test]
fn wrong_types() {
    each_is(&[
        ("[server]\nlisten = 8080", "weir.toml:17: server.listen: is an integer, and a string is due; write "),
        ("[server]\nworkers = \"4\"", "weir.toml:17: server.workers: is a string; give a whole number from 0 to 1024"),
        ("[server]\ndrain = 30", "weir.toml:17: server.drain: is an integer; give a duration "),
        ("[log]\njson = \"true\"", "weir.toml:17: log.json: is a string; write json = true, without quotes"),
        ("[limits]\nbody = 1.5", "weir.toml:17: limits.body: is a float; give a size "),
        (
            "[models.m]\ntargets = \"demo/m\"",
            "weir.toml:17: models.m.targets: is a string, and a list is due; write targets = [\"demo/m\"]",
        ),
        ("[models.m]\ntargets = [1]", "weir.toml:17: models.m.targets[0]: is an integer; give \"provider/model\""),
        ("[models]\nm = 1", "weir.toml:17: models.m: is an integer; give a table"),
        ("[tenants]\nm = 1", "weir.toml:17: tenants.m: is an integer; give a table"),
        ("plugins = 1", "weir.toml:16: tenants.acme.keys[0].plugins: is not known"),
        ("[plugins]\nchain = 1", "weir.toml:17: plugins.chain: is an integer; give an array"),
        ("[plugins]\nchain = [1]", "weir.toml:17: plugins.chain[0]: is an integer; give a table"),
        (
            "[[plugins.chain]]\nplugin = \"a\"\nconfig = 1",
            "weir.toml:18: plugins.chain[0].config: is an integer; give a table",
        ),
    ]);
}

#[test]
fn values_out_of_bounds() {
    each_is(&[
        (
            "[server]\nworkers = -1",
            "weir.toml:17: server.workers: -1 is out of range; give a whole number from 0 to 1024",
        ),
        ("[server]\nworkers = 99999999999999999999", "weir.toml:17: "),
        (
            "[server]\ndrain = \"25h\"",
            "weir.toml:17: server.drain: `25h` is out of range; give a duration from 0s to 24h",
        ),
        ("[server]\ndrain = \"soon\"", "weir.toml:17: server.drain: `soon` is not a duration; give a duration "),
        (
            "[limits]\nhead = \"4KiB\"",
            "weir.toml:17: limits.head: `4KiB` is out of range; give a size from 8KiB to 1MiB",
        ),
        ("[limits]\nbody = \"10 megabytes\"", "weir.toml:17: limits.body: `10 megabytes` is not a size; "),
        ("[limits]\nbody = -1", "weir.toml:17: limits.body: -1 is out of range; "),
        ("[log]\nlevel = \"infos\"", "weir.toml:17: log.level: `infos` is not a level; did you mean `info`?"),
        ("[log]\nlevel = \"info,x=loud\"", "weir.toml:17: log.level: `info,x=loud` is not a level; "),
        (
            "[providers.x]\nkind = \"opnai\"",
            "weir.toml:17: providers.x.kind: `opnai` is not one of its values; did you mean `openai`? it is openai, demo, or a provider's name of docs/providers.md",
        ),
        (
            "[providers.x]\nkind = \"openai\"\nhttp2 = \"yes\"",
            "weir.toml:18: providers.x.http2: `yes` is not one of its values; it is one of: always, auto, never",
        ),
        ("[providers.x]\nkind = \"openai\"\nretries = 11", "weir.toml:18: providers.x.retries: 11 is out of range; "),
        (
            "[[plugins.chain]]\nplugin = \"a\"\nisolation = \"none\"",
            "weir.toml:18: plugins.chain[0].isolation: `none` is not one of its values; ",
        ),
        (
            "[[plugins.chain]]\nplugin = \"a\"\ngrants = [\"log\", \"counter\"]",
            "weir.toml:18: plugins.chain[0].grants[1]: `counter` is not one of its values; did you mean `counters`?",
        ),
        (
            "[[plugins.chain]]\nplugin = \"a\"\nlimits.deadline = \"2m\"",
            "weir.toml:18: plugins.chain[0].limits.deadline: `2m` is out of range; ",
        ),
        (
            "[models.m]\ntargets = [\"demo/m\"]\nprice = { input = -1, output = 1 }",
            "weir.toml:18: models.m.price.input: is not a price; ",
        ),
        (
            "[models.m]\ntargets = [\"demo/m\"]\nprice = { input = 0.0000001, output = 1 }",
            "weir.toml:18: models.m.price.input: is not a price; ",
        ),
        (
            "[models.m]\ntargets = [\"demo/m\"]\nprice = { input = 1, output = nan }",
            "weir.toml:18: models.m.price.output: is not a price; ",
        ),
        (
            "[models.m]\ntargets = [\"demo/m\"]\nprice = { input = 1, output = \"1\" }",
            "weir.toml:18: models.m.price.output: is a string; ",
        ),
    ]);
}

#[test]
fn limits_of_zero() {
    for key in [
        "head",
        "headers",
        "body",
        "response",
        "event",
        "held",
        "held_events",
        "connections",
        "in_flight",
        "series",
        "observe_waiting",
        "observe_memory",
        "h2_streams",
        "h2_control_frames",
        "body_ratio",
    ] {
        each_is(&[(&format!("[limits]\n{key} = 0"), &format!("weir.toml:17: limits.{key}: is zero; give "))]);
    }
    for key in ["head_timeout", "body_timeout", "keep_alive_timeout", "write_timeout"] {
        each_is(&[(&format!("[limits]\n{key} = \"0s\""), &format!("weir.toml:17: limits.{key}: is zero; give "))]);
    }
    for key in ["connect_timeout", "first_byte_timeout", "idle_timeout", "total_timeout", "keep_alive_timeout"] {
        let text = format!("[providers.x]\nkind = \"demo\"\n{key} = \"0s\"");
        each_is(&[(&text, &format!("weir.toml:18: providers.x.{key}: is zero; give "))]);
    }
    for key in ["memory", "instances", "max_calls", "host_calls", "log_bytes", "log_rate", "kv_entries"] {
        let text = format!("[plugins.defaults]\n{key} = 0");
        each_is(&[(&text, &format!("weir.toml:17: plugins.defaults.{key}: is zero; give "))]);
    }
    each_is(&[
        ("[providers.x]\nkind = \"demo\"\nmax_connections = 0", "weir.toml:18: providers.x.max_connections: is zero; "),
        (
            "[tenants.b]\nmodels = [\"*\"]\nrequests_per_minute = 0",
            "weir.toml:18: tenants.b.requests_per_minute: is zero; ",
        ),
        ("[tenants.b]\nmodels = [\"*\"]\nconcurrency = 0", "weir.toml:18: tenants.b.concurrency: is zero; "),
        ("[plugins.defaults]\ndeadline = \"0ms\"", "weir.toml:17: plugins.defaults.deadline: is zero; "),
    ]);
}
