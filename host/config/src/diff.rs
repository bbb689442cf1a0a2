//! What differs between two configurations, for the log line of a reload.

use std::collections::HashMap;

use crate::authorities::Authorities;
use crate::binding::Binding;
use crate::compile::CompileLimits;
use crate::config::Config;
use crate::cors::Cors;
use crate::grants::Grant;
use crate::model::{self, ModelConfig};
use crate::plugin_limits::PluginLimits;
use crate::plugin_settings::OnFailure;
use crate::plugins::Plugins;
use crate::provider::{Http2, ProviderConfig, ProviderKind};
use crate::server::{Limits, Log, MetricsConfig, Server};
use crate::syntax::quoted;
use crate::tenant::{KeyConfig, TenantConfig};
use crate::units::{show_duration, show_size};

/// What differs between two configurations, one line for each key, in the order of the new one; what is gone comes
/// last. `tenants.acme.requests_per_minute: 600 → 1200`; `tenants.globex: added`. Of secrets, hashes and plugins' own
/// settings it says only that they changed. The file that a configuration came from makes no difference.
pub fn diff(old: &Config, new: &Config) -> Vec<String> {
    let (old, new) = (groups(old), groups(new));
    let before: HashMap<&str, &Group> = old.iter().map(|group| (group.id.as_str(), group)).collect();
    let mut lines = Vec::new();
    for group in &new {
        match before.get(group.id.as_str()) {
            Some(before) => before.compare(group, &mut lines),
            None => lines.push(format!("{}: added", group.label())),
        }
    }
    for group in &old {
        if !new.iter().any(|after| after.id == group.id) {
            lines.push(format!("{}: removed", group.label()));
        }
    }
    lines
}

/// A table of the file, as keys and what they say.
struct Group {
    /// What the table is recognised by.
    id: String,
    /// Where it stands.
    path: String,
    /// What is said of it when it is added or removed, where its path does not say enough.
    name: Option<String>,
    facts: Vec<(String, Fact)>,
}

/// What a key says.
#[derive(PartialEq)]
enum Fact {
    /// May be shown.
    Open(String),
    /// May be compared, and is never shown.
    Hidden(String),
    /// A file: its path is shown, and what stands in it is compared.
    File(Option<Authorities>),
}

impl Group {
    fn new(path: String) -> Self {
        Self { id: path.clone(), path, name: None, facts: Vec::new() }
    }

    fn open(mut self, key: &str, shown: impl ToString) -> Self {
        self.facts.push((key.to_owned(), Fact::Open(shown.to_string())));
        self
    }

    fn hidden(mut self, key: &str, value: impl Into<String>) -> Self {
        self.facts.push((key.to_owned(), Fact::Hidden(value.into())));
        self
    }

    fn file(mut self, key: &str, file: Option<&Authorities>) -> Self {
        self.facts.push((key.to_owned(), Fact::File(file.cloned())));
        self
    }

    fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("{} ({name})", self.path),
            None => self.path.clone(),
        }
    }

    fn fact(&self, key: &str) -> Option<&Fact> {
        self.facts.iter().find(|(name, _)| name == key).map(|(_, fact)| fact)
    }

    /// Adds a line for each key of which `self` and the newer `after` say different things.
    fn compare(&self, after: &Self, lines: &mut Vec<String>) {
        let path = |key: &str| if after.path.is_empty() { key.to_owned() } else { format!("{}.{key}", after.path) };
        for (key, now) in &after.facts {
            match (self.fact(key), now) {
                (None, _) => lines.push(format!("{}: added", path(key))),
                (Some(before), now) if before == now => {}
                (Some(Fact::Open(before)), Fact::Open(now)) => {
                    lines.push(format!("{}: {before} → {now}", path(key)));
                }
                (Some(Fact::File(before)), Fact::File(now)) => {
                    let (old, new) = (shown(before.as_ref()), shown(now.as_ref()));
                    let line =
                        if old == new { "what stands in it changed".to_owned() } else { format!("{old} → {new}") };
                    lines.push(format!("{}: {line}", path(key)));
                }
                (Some(_), _) => lines.push(format!("{}: changed", path(key))),
            }
        }
        for (key, _) in &self.facts {
            if after.fact(key).is_none() {
                lines.push(format!("{}: removed", path(key)));
            }
        }
    }
}

fn groups(config: &Config) -> Vec<Group> {
    let mut groups = vec![Group::new(String::new()).hidden("pepper", config.pepper.expose())];
    groups.push(server(&config.server));
    groups.push(limits(&config.limits));
    groups.push(metrics(&config.metrics));
    groups.push(cors(&config.cors));
    groups.push(log(&config.log));
    groups.extend(config.providers.iter().map(provider));
    groups.extend(config.models.iter().map(|model| of_model(model, &config.providers)));
    for tenant in &config.tenants {
        groups.push(of_tenant(tenant));
        groups.extend(tenant.keys.iter().map(|key| of_key(tenant, key)));
    }
    groups.extend(plugins(&config.plugins));
    groups
}

fn server(server: &Server) -> Group {
    Group::new("server".to_owned())
        .open("listen", server.listen)
        .open("admin", server.admin)
        .open("workers", server.workers)
        .open("drain", show_duration(server.drain))
        .open("name", &server.name)
        .open("behind_tls", server.behind_tls)
        .open("debug_headers", server.debug_headers)
        .open("huge_pages", server.huge_pages)
}

fn cors(cors: &Cors) -> Group {
    Group::new("cors".to_owned()).open("origins", cors.origins.join(", ")).open("max_age", show_duration(cors.max_age))
}

fn limits(limits: &Limits) -> Group {
    // All of them, so that one that is added cannot be left out.
    let Limits {
        head_bytes,
        headers,
        body_bytes,
        body_ratio,
        response_bytes,
        request_memory,
        response_memory,
        event_bytes,
        held_bytes,
        held_events,
        connections,
        in_flight,
        series,
        observe_waiting,
        observe_memory,
        head_timeout,
        body_timeout,
        keep_alive_timeout,
        write_timeout,
        h2_streams,
        retry_budget,
        h2_control_frames,
    } = *limits;
    Group::new("limits".to_owned())
        .open("head", bytes(head_bytes))
        .open("headers", headers)
        .open("body", bytes(body_bytes))
        .open("body_ratio", body_ratio)
        .open("response", bytes(response_bytes))
        .open("request_memory", bytes(request_memory))
        .open("response_memory", bytes(response_memory))
        .open("event", bytes(event_bytes))
        .open("held", bytes(held_bytes))
        .open("held_events", bytes(held_events))
        .open("connections", connections)
        .open("in_flight", in_flight)
        .open("series", series)
        .open("observe_waiting", observe_waiting)
        .open("observe_memory", bytes(observe_memory))
        .open("head_timeout", show_duration(head_timeout))
        .open("body_timeout", show_duration(body_timeout))
        .open("keep_alive_timeout", show_duration(keep_alive_timeout))
        .open("write_timeout", show_duration(write_timeout))
        .open("h2_streams", h2_streams)
        .open("retry_budget", retry_budget)
        .open("h2_control_frames", h2_control_frames)
}

fn metrics(metrics: &MetricsConfig) -> Group {
    Group::new("metrics".to_owned())
        .open("tenant_histograms", metrics.tenant_histograms)
        .open("keep_removed", show_duration(metrics.keep_removed))
}

fn log(log: &Log) -> Group {
    Group::new("log".to_owned()).open("level", &log.level).open("json", log.json)
}

fn provider(provider: &ProviderConfig) -> Group {
    let kind = match provider.kind {
        ProviderKind::OpenAi => "openai",
        ProviderKind::Demo => "demo",
    };
    let http2 = match provider.http2 {
        Http2::Auto => "auto",
        Http2::Never => "never",
        Http2::Always => "always",
    };
    let mut group = Group::new(format!("providers.{}", quoted(&provider.name)))
        .open("kind", kind)
        .open("base_url", &provider.base_url)
        .open("http2", http2)
        .open("max_connections", provider.max_connections)
        .open("max_waiting", provider.max_waiting)
        .open("wait_timeout", show_duration(provider.wait_timeout))
        .open("connect_timeout", show_duration(provider.connect_timeout))
        .open("first_byte_timeout", provider.first_byte_timeout.map_or_else(|| "default".to_owned(), show_duration))
        .open("idle_timeout", show_duration(provider.idle_timeout))
        .open("total_timeout", show_duration(provider.total_timeout))
        .open("keep_alive_timeout", show_duration(provider.keep_alive_timeout))
        .open("tcp_keep_alive", show_duration(provider.tcp_keep_alive))
        .open("tcp_user_timeout", show_duration(provider.tcp_user_timeout))
        .open("http2_ping_interval", show_duration(provider.http2_pings.interval))
        .open("http2_ping_idle", show_duration(provider.http2_pings.idle))
        .open("http2_ping_timeout", show_duration(provider.http2_pings.timeout))
        .open("max_connection_age", show_duration(provider.max_connection_age))
        .open("retries", provider.retries)
        .open("ask_usage", provider.ask_usage);
    for (key, shown) in provider.health.facts() {
        group = group.open(key, shown);
    }
    if let Some(key) = &provider.api_key {
        group = group.hidden("api_key", key.expose());
    }
    if provider.ca_file.is_some() {
        group = group.file("ca_file", provider.ca_file.as_ref());
    }
    for (name, value) in &provider.headers {
        group = group.hidden(&format!("headers.{}", quoted(name)), value.expose());
    }
    group
}

fn of_model(model: &ModelConfig, providers: &[ProviderConfig]) -> Group {
    let targets = model.targets.iter().map(|target| model::show_target(target, providers));
    let prices = model.targets.iter().map(|target| model::show_price(target.price));
    Group::new(format!("models.{}", quoted(&model.name))).open("targets", list(targets)).open("price", list(prices))
}

fn of_tenant(tenant: &TenantConfig) -> Group {
    Group::new(format!("tenants.{}", quoted(&tenant.name)))
        .open("models", names(&tenant.models))
        .open("requests_per_minute", limit(tenant.requests_per_minute))
        .open("concurrency", limit(tenant.concurrency))
}

fn of_key(tenant: &TenantConfig, key: &KeyConfig) -> Group {
    let hash: String = key.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Group::new(format!("tenants.{}.keys.{}", quoted(&tenant.name), quoted(&key.id)))
        .hidden("hash", hash)
        .open("requests_per_minute", limit(key.requests_per_minute))
        .open("concurrency", limit(key.concurrency))
        .open("models", key.models.as_ref().map_or_else(|| "the tenant's".to_owned(), |models| names(models)))
}

fn plugins(plugins: &Plugins) -> Vec<Group> {
    let cache = plugins.cache.as_ref().map_or_else(|| "none".to_owned(), |cache| cache.display().to_string());
    let group = Group::new("plugins".to_owned())
        .open("folder", plugins.folder.display())
        .open("cache", cache)
        .open("cache_size", bytes(plugins.cache_size))
        .open("reload", plugins.reload)
        .open("direct", plugins.direct)
        .open("require_signature", plugins.require_signature)
        .open("keys", list(plugins.keys.iter().cloned()))
        .open("remember_rolled_back", plugins.remember_rolled_back)
        .open("tenant_log_rate", bytes(plugins.tenant_log_rate))
        .open("tenant_kv_entries", plugins.tenant_kv_entries)
        .open("instances", plugins.shares.instances)
        .open("tenant_instances", plugins.shares.tenant_instances)
        .open("tenant_reserve", plugins.shares.tenant_reserve)
        .open("memory", plugins.shares.memory.map_or_else(|| "by the machine".to_owned(), bytes))
        .open("tenant_memory", bytes(plugins.shares.tenant_memory))
        .open("tenant_memory_reserve", bytes(plugins.shares.tenant_memory_reserve))
        .open("allow_older", names(&plugins.allow_older))
        .open("chain", list(plugins.chain.iter().map(Binding::label)));
    let dropped = Group::new("plugins.dropped".to_owned())
        .open("isolation", plugins.dropped.isolation.name())
        .open("grants", granted(&plugins.dropped.grants));
    let mut groups = vec![
        group,
        plugin_limits(Group::new("plugins.defaults".to_owned()), "", &plugins.defaults),
        plugin_limits(dropped, "limits.", &plugins.dropped.limits),
        of_compile(&plugins.compile),
    ];
    // A plugin may stand in the chain more than once: its first place is compared with its first, and so on.
    let mut places: HashMap<String, usize> = HashMap::new();
    for (index, binding) in plugins.chain.iter().enumerate() {
        let place = places.entry(binding.label()).and_modify(|place| *place += 1).or_default();
        groups.push(of_binding(binding, index, *place));
    }
    groups
}

fn of_compile(compile: &CompileLimits) -> Group {
    Group::new("plugins.compile".to_owned())
        .open("memory", show_size(compile.memory))
        .open("cpu", show_duration(compile.cpu))
        .open("time", show_duration(compile.time))
        .open("processes", compile.processes)
        .open("output", show_size(compile.output))
        .open("modules", compile.modules)
        .open("functions", compile.functions)
        .open("locals", compile.locals)
        .open("function_bytes", show_size(compile.function_bytes))
        .open("code_bytes", show_size(compile.code_bytes))
        .open("items", compile.items)
}

fn of_binding(binding: &Binding, index: usize, place: usize) -> Group {
    let settings = &binding.settings;
    let on_failure = match settings.on_failure {
        OnFailure::Closed => "closed",
        OnFailure::Open => "open",
    };
    let group = Group {
        id: format!("plugins.chain.{}.{place}", binding.label()),
        path: format!("plugins.chain[{index}]"),
        name: Some(binding.label()),
        facts: Vec::new(),
    };
    let mut group = group
        .open("tenants", names(&binding.tenants))
        .open("models", names(&binding.models))
        .open("isolation", settings.isolation.name())
        .open("on_failure", on_failure)
        .open("grants", granted(&settings.grants));
    for (key, value) in settings.config.as_object().into_iter().flatten() {
        group = group.hidden(&format!("config.{}", quoted(key)), value.to_string());
    }
    for (name, secret) in &settings.secrets {
        group = group.hidden(&format!("secrets.{}", quoted(name)), secret.expose());
    }
    for (key, shown) in settings.callouts.iter().flat_map(|callouts| callouts.facts()) {
        group = group.open(&format!("callouts.{key}"), shown);
    }
    if let Some(callouts) = &settings.callouts {
        group = group.file("callouts.ca_file", callouts.ca_file.as_ref());
    }
    let window = settings.window.map_or_else(
        || "none".to_owned(),
        |w| format!("{} + {}, {}", bytes(w.size), bytes(w.overlap), show_duration(w.keep_alive)),
    );
    let canary = settings.canary.map_or_else(
        || "none".to_owned(),
        |c| {
            let refusals = c.more_refusals.map(|more| format!(", {more} % more refusals")).unwrap_or_default();
            format!("{} %, {}, {} calls{refusals}", c.percent, show_duration(c.lasts), c.calls)
        },
    );
    let hash = settings.blake3.as_deref().unwrap_or("any");
    let group = group.open("window", window).open("canary", canary).open("blake3", hash);
    plugin_limits(group, "limits.", &settings.limits)
}

fn plugin_limits(group: Group, under: &str, limits: &PluginLimits) -> Group {
    limits.facts().into_iter().fold(group, |group, (key, shown)| group.open(&format!("{under}{key}"), shown))
}

fn shown(file: Option<&Authorities>) -> String {
    file.map_or_else(|| "none".to_owned(), |file| file.file().display().to_string())
}

fn bytes(bytes: usize) -> String {
    show_size(u64::try_from(bytes).unwrap_or(u64::MAX))
}

fn limit(limit: Option<u32>) -> String {
    limit.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string())
}

fn granted(grants: &[Grant]) -> String {
    list(grants.iter().map(|grant| grant.name().to_owned()))
}

fn names(names: &[String]) -> String {
    list(names.iter().map(|name| format!("{name:?}")))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
