//! The admin listener: probes and metrics. On the control thread, so that no scrape slows a request.

mod plugins;

use crate::control::Status;
use crate::drain::Drain;
use crate::metrics;
use crate::worker::Shared;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::registry::Registry;
use serde_json::json;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections that are served at the same time.
const CONNECTIONS: usize = 64;

/// What the listener answers from.
pub(crate) struct Admin {
    pub(crate) shared: Arc<Shared>,
    pub(crate) status: Arc<Status>,
    pub(crate) registry: Registry,
    pub(crate) drain: Drain,
}

/// Serves until the process ends.
pub(crate) async fn serve(listener: TcpListener, admin: Rc<Admin>) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else { continue };
        let admin = Rc::clone(&admin);
        let service = service_fn(move |request| {
            let response = admin.answer(&request);
            async move { Ok::<_, Infallible>(response) }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10)).max_headers(50);
        let serving = builder.serve_connection(TokioIo::new(stream), service);
        tokio::task::spawn_local(async move {
            if let Err(why) = serving.await {
                tracing::trace!(%why, "admin connection ended");
            }
            drop(seat);
        });
    }
}

type Answer = Response<Full<Bytes>>;

impl Admin {
    fn answer(&self, request: &Request<Incoming>) -> Answer {
        if !local(request) {
            return text(StatusCode::FORBIDDEN, "the admin listener answers to 127.0.0.1 and localhost only\n");
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n");
        }
        let verbose =
            request.uri().query().is_some_and(|q| q.split('&').any(|p| p.split('=').next() == Some("verbose")));
        match request.uri().path() {
            "/livez" => text(StatusCode::OK, "ok\n"),
            "/readyz" | "/health" => self.ready(verbose),
            "/metrics" => match metrics::render(&self.registry) {
                Ok(body) => answer(StatusCode::OK, metrics::CONTENT_TYPE, body),
                Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "metrics could not be written\n"),
            },
            "/admin/v1/plugins" => {
                let body = format!("{:#}\n", plugins::list(&self.shared, &self.status));
                answer(StatusCode::OK, "application/json", body)
            }
            _ => text(StatusCode::NOT_FOUND, "/livez, /readyz?verbose, /metrics and /admin/v1/plugins are here\n"),
        }
    }

    /// Ready until the drain begins. A plugin that did not load does not make the gateway unready: the last good one
    /// serves, and a restart would only make it worse; `?verbose` says what is wrong.
    fn ready(&self, verbose: bool) -> Answer {
        let (status, word) = match self.drain.is_begun() {
            true => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
            false => (StatusCode::OK, "ready"),
        };
        if !verbose {
            return text(status, &format!("{word}\n"));
        }
        let snapshot = self.shared.snapshot.load();
        let plugins = snapshot.chains.plugins().iter().map(|p| {
            json!({
                "name": &**p.name(),
                "blake3": p.hash(),
                "hooks": p.hooks().map(|h| h.name()).collect::<Vec<_>>(),
            })
        });
        let upstreams = snapshot.providers.iter().map(|p| json!({"name": &*p.name, "healthy": p.upstream.healthy()}));
        let (live, refused) = self.status.reloads();
        let body = json!({
            "status": word,
            "generation": snapshot.chains.generation,
            "plugins": plugins.collect::<Vec<_>>(),
            "problems": self.status.problems(),
            "providers": upstreams.collect::<Vec<_>>(),
            "reloads": {"live": live, "refused": refused},
            "pooling": self.shared.sandbox.pooling(),
        });
        answer(status, "application/json", format!("{body:#}\n"))
    }
}

/// A web page in a browser on this machine could point a name of its own at us; our name is an address or `localhost`.
fn local(request: &Request<Incoming>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (Some(Ok(host)), None) = (hosts.next().map(HeaderValue::to_str), hosts.next()) else { return false };
    let name =
        host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(n, _)| n);
    name.eq_ignore_ascii_case("localhost")
        || name == "[::1]"
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

fn text(status: StatusCode, body: &str) -> Answer {
    answer(status, "text/plain; charset=utf-8", body.to_owned())
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
