//! One gateway with many providers: starting one for each case would take longer than the cases.

use super::upstream::Upstream;
use super::{Gateway, chat, chat_stream, config_with};
use std::net::SocketAddr;

/// A gateway with a provider for each of these upstreams, with `lines` in its table, and at each provider `pN` the models
/// `mN`, for which `next` is asked after it, and `nN`, for which nobody is. There is one worker.
pub fn gateway_of<'a>(upstreams: impl IntoIterator<Item = &'a Upstream>, next: &Upstream, lines: &str) -> Gateway {
    let provider = |name: &str, address: SocketAddr, lines: &str| {
        format!("[providers.{name}]\nkind = \"openai\"\nbase_url = \"http://{address}/v1\"\nretries = 0\n{lines}\n")
    };
    let mut rest = provider("next", next.address, "");
    for (n, upstream) in upstreams.into_iter().enumerate() {
        rest += &provider(&format!("p{n}"), upstream.address, lines);
        rest += &format!("[models.m{n}]\ntargets = [\"p{n}/m\", \"next/other\"]\n");
        rest += &format!("[models.n{n}]\ntargets = [\"p{n}/m\"]\n");
    }
    Gateway::start(&config_with(next.address, "", &rest).replace("workers = 2", "workers = 1"))
}

/// A question to a model.
pub fn asking(model: &str, streaming: bool) -> String {
    let body = if streaming { chat_stream("hi") } else { chat("hi") };
    body.replace("\"m\"", &format!("\"{model}\""))
}
