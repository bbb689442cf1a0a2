//! What a policy makes of requests, called in one way or the other.

use bytes::Bytes;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use weir_config::{Config, Overrides};
use weir_dialect::{DialectCall, Document};
use weir_sandbox::{About, Exchange, Facts, Library, Sandbox, SandboxWorker, Stop};

fn config(folder: &Path, direct: bool, settings: &str) -> Config {
    let text = format!(
        "[providers.demo]\nkind = \"demo\"\n[models.m]\ntargets = [\"demo/m\"]\n[tenants.acme]\nmodels = [\"*\"]\n\
         [plugins]\nfolder = \"{}\"\ndirect = {direct}\n[[plugins.chain]]\nplugin = \"it\"\nconfig = {{ a = 1 }}\n{settings}\n",
        folder.display()
    );
    let loaded = weir_config::parse(&text, Path::new("weir.toml"), &|_| None, &Overrides::default());
    loaded.unwrap_or_else(|problems| panic!("{problems}")).config
}

/// What becomes of three requests with this body, called in one of the ways; or why the plugin does not load.
pub(crate) async fn told(sandbox: &Arc<Sandbox>, component: &[u8], body: &str, direct: bool) -> Vec<String> {
    told_with(sandbox, component, body, direct, "").await
}

/// The same under more settings of its chain.
pub(crate) async fn told_with(
    sandbox: &Arc<Sandbox>,
    component: &[u8],
    body: &str,
    direct: bool,
    settings: &str,
) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("it.wasm"), component).unwrap();
    let config = config(folder.path(), direct, settings);
    let mut library = Library::new(Arc::clone(sandbox), None);
    let (chains, problems) = library.build(&config, &mut |_| {}).await;
    if let Some(problem) = problems.first() {
        return vec![problem.error.to_string()];
    }
    let (worker, chain) = (SandboxWorker::new(), Arc::clone(chains.of("acme").unwrap()));
    let mut told = Vec::new();
    for _ in 0..3 {
        let answer = worker.policy(&chain, &mut Some(exchange(body))).await;
        told.push(match answer {
            Ok(()) => "passes".to_owned(),
            Err(Stop::Refused { refusal, .. }) => format!("{refusal:?}"),
            Err(Stop::Failed { fault, .. }) => fault.reason().to_owned(),
        });
    }
    told
}

/// A request of this text.
#[allow(dead_code)] // not all that use this module ask in this way
pub(crate) fn asks(text: &str) -> String {
    serde_json::json!({"model": "mödel", "messages": [{"role": "user", "content": text}]}).to_string()
}

fn exchange(body: &str) -> Box<Exchange> {
    let about = About {
        tenant: "acme".into(),
        request_id: "id".into(),
        model: "mödel".into(),
        dialect: "openai.chat",
        facts: Facts { streaming: false, body_bytes: u32::try_from(body.len()).unwrap() },
    };
    let body = Document::request(DialectCall::OPENAI_CHAT, Bytes::copy_from_slice(body.as_bytes()));
    Box::new(Exchange::new(Arc::new(about), http::HeaderMap::new(), body))
}
