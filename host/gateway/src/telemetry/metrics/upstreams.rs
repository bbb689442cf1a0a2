//! Connections to providers and what became of attempts.

use super::writer::Writer;
use crate::worker::Shared;
use crate::worker::provider::Provider;
use std::fmt;
use weir_upstream::{AsideReason, KeyFault, UpstreamStats};

pub(super) fn write(out: &mut Writer<'_>, shared: &Shared) -> fmt::Result {
    let snapshot = shared.snapshot.load();
    let providers = &snapshot.providers;
    let gauges: [(&str, &str, fn(&UpstreamStats) -> u64); 3] = [
        ("upstream_connections", "Connections open to the provider", UpstreamStats::open),
        ("upstream_connections_idle", "Connections open and not in use", UpstreamStats::idle),
        ("upstream_waiting", "Requests waiting for a connection", UpstreamStats::waiting),
    ];
    for (name, help, read) in gauges {
        out.gauge(name, help, |g| {
            providers.iter().try_for_each(|p| g.add(&[("provider", &p.name)], read(p.upstream.stats())))
        })?;
    }
    let counters: [(&str, &str, fn(&UpstreamStats) -> u64); 8] = [
        ("upstream_attempts", "Attempts made", UpstreamStats::requests),
        ("upstream_connections_opened", "Connections opened", UpstreamStats::created),
        ("upstream_reused", "Attempts on a connection that had served before", UpstreamStats::reused),
        ("upstream_recovered", "Attempts moved from a connection that had gone stale", UpstreamStats::recovered),
        ("upstream_undelivered", "Attempts that met a connection with nobody at its other end", UpstreamStats::dead),
        ("upstream_waits", "Attempts that had to wait for a connection", UpstreamStats::waits),
        ("upstream_busy", "Attempts refused because connections and queue were full", UpstreamStats::busy),
        ("upstream_connect_errors", "Connections that could not be opened", UpstreamStats::connect_errors),
    ];
    for (name, help, read) in counters {
        out.counter(name, help, |c| {
            providers.iter().try_for_each(|p| c.add(&[("provider", &p.name)], read(p.upstream.stats())))
        })?;
    }
    out.counter("upstream_errors", "Attempts and bodies that failed, by kind", |c| {
        for provider in providers {
            for (kind, count) in provider.upstream.stats().errors() {
                c.add(&[("provider", &provider.name), ("kind", kind)], count)?;
            }
        }
        Ok(())
    })?;
    reach(out, providers)?;
    dropped(out, providers)?;
    out.gauge("upstream_healthy", "1 while the provider is asked in its turn, 0 while it is put aside", |g| {
        providers.iter().try_for_each(|p| g.add(&[("provider", &p.name)], u64::from(p.upstream.healthy())))
    })?;
    keys(out, providers)?;
    out.counter("upstream_put_aside", "How often the provider, or one model of it, was put aside, by reason", |c| {
        for provider in providers {
            let mut add = |model: &str, asides: &mut dyn Iterator<Item = (AsideReason, u64)>| {
                asides.filter(|(_, count)| *count > 0).try_for_each(|(reason, count)| {
                    let labels = [("provider", &*provider.name), ("model", model), ("reason", reason.label())];
                    c.add(&labels, count)
                })
            };
            add("", &mut provider.upstream.asides())?;
            for model in provider.upstream.models() {
                add(model.model(), &mut model.asides())?;
            }
        }
        Ok(())
    })
}

/// Which keys of several are passed over.
fn keys(out: &mut Writer<'_>, providers: &[Provider]) -> fmt::Result {
    let help = "1 while a key of several is passed over for this reason, whatever is asked or at a model, else 0";
    out.gauge("upstream_key_aside", help, |g| {
        for provider in providers {
            let aside = provider.upstream.keys_aside();
            for (key, fault) in provider.upstream.keys().flat_map(|key| KeyFault::ALL.map(|fault| (key, fault))) {
                let is_aside = aside.iter().any(|aside| *aside.key == *key && aside.fault == fault);
                let labels = [("provider", &*provider.name), ("key", key), ("reason", fault.label())];
                g.add(&labels, u64::from(is_aside))?;
            }
        }
        Ok(())
    })
}

/// What could not be told.
fn dropped(out: &mut Writer<'_>, providers: &[Provider]) -> fmt::Result {
    let lost = "Fields of requests that the provider was not told, for its dialect has nothing for them";
    out.counter("fields_dropped", lost, |c| {
        for provider in providers {
            for (field, count) in provider.lost.all() {
                c.add(&[("provider", &provider.name), ("field", field)], count)?;
            }
        }
        Ok(())
    })
}

/// What stands in the way of connections: TLS, and addresses.
fn reach(out: &mut Writer<'_>, providers: &[Provider]) -> fmt::Result {
    out.counter("upstream_tls_failures", "Connections on which TLS was not agreed, by kind", |c| {
        for provider in providers {
            for (kind, count) in provider.upstream.tls_failures().filter(|(_, count)| *count > 0) {
                c.add(&[("provider", &provider.name), ("kind", kind)], count)?;
            }
        }
        Ok(())
    })?;
    out.gauge("upstream_addresses", "Addresses of the provider's name, by whether they accept connections", |g| {
        for provider in providers {
            let (all, dead) = provider.upstream.addresses();
            for (state, count) in [("live", all.saturating_sub(dead)), ("dead", dead)] {
                g.add(&[("provider", &provider.name), ("state", state)], u64::try_from(count).unwrap_or(u64::MAX))?;
            }
        }
        Ok(())
    })
}
