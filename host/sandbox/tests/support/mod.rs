//! What tests of the sandbox have at hand: a configuration, a request, and something to run them on.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub)]

use bytes::Bytes;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use weir_config::{Config, Overrides};
use weir_dialect::{DialectCall, Document};
use weir_sandbox::{About, Exchange, Facts};

/// A configuration with one model and these tenants, of whom nobody asks by their keys. `plugins` is what `[plugins]` says beside
/// the folder, and what stands behind it.
pub fn config(folder: &Path, tenants: &[&str], plugins: &str) -> Config {
    const HASH: &str = "blake3:1bded87ba73119e12f66b6082296d59328603a3d9e558fa7cbe2a70ddedb1675";
    let mut text = "[providers.demo]\nkind = \"demo\"\n[models.m]\ntargets = [\"demo/m\"]\n".to_owned();
    for name in tenants {
        text += &format!(
            "[tenants.{name}]\nmodels = [\"*\"]\n[[tenants.{name}.keys]]\nid = \"{name}\"\nhash = \"{HASH}\"\n"
        );
    }
    text += &format!("[plugins]\nfolder = \"{}\"\n{plugins}\n", folder.display());
    let loaded = weir_config::parse(&text, Path::new("weir.toml"), &|_| None, &Overrides::default());
    loaded.unwrap_or_else(|problems| panic!("{problems}")).config
}

/// A request of a tenant's, with an empty object for its body.
pub fn exchange(tenant: &str) -> Box<Exchange> {
    let about = About {
        tenant: tenant.into(),
        request_id: "id".into(),
        model: "m".into(),
        dialect: "openai.chat",
        facts: Facts { streaming: false, body_bytes: 2 },
    };
    let body = Document::request(DialectCall::OPENAI_CHAT, Bytes::from_static(b"{}"));
    Box::new(Exchange::new(Arc::new(about), http::HeaderMap::new(), body))
}

pub fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}
