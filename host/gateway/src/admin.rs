//! The admin listener: probes and metrics. On a thread of its own, so that no scrape slows a request, and no reload a probe.

mod connections;
mod plugins;
mod providers;

use crate::control::Status;
use crate::run::descriptors::{Spare, are_used_up};
use crate::telemetry::metrics;
use crate::worker::Shared;
use bytes::Bytes;
use connections::AdminConnections;
use http::header::{ALLOW, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::registry::Registry;
use serde_json::json;
use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions};
use weir_server::Drain;

/// How long a request's head may take, and how long a connection may lie idle.
const HEAD: Duration = Duration::from_secs(10);
/// How long a connection may last in all: a client that asks and does not read keeps its place no longer.
const LONGEST: Duration = Duration::from_secs(60);
/// How long to wait when no connection can be taken in.
const PAUSE: Duration = Duration::from_millis(50);

/// What the listener answers from.
pub(crate) struct Admin {
    pub(crate) shared: Arc<Shared>,
    pub(crate) status: Arc<Status>,
    pub(crate) registry: Registry,
    pub(crate) drain: Drain,
}

/// Serves on a thread of its own, until the process ends.
///
/// # Errors
/// If there is no thread to be had.
pub(crate) fn start(listener: std::net::TcpListener, admin: Admin) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let run = move || -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
        runtime.block_on(async {
            serve(TcpListener::from_std(listener)?, admin).await;
            Ok(())
        })
    };
    std::thread::Builder::new().name("weir-admin".to_owned()).spawn(move || {
        if let Err(why) = run() {
            tracing::error!(%why, "the admin listener ended");
        }
    })?;
    Ok(())
}

async fn serve(listener: TcpListener, admin: Admin) {
    let spare = Rc::new(RefCell::new(Spare::default()));
    let service = Rc::new(AdminService { admin, connections: AdminConnections::default() });
    loop {
        spare.borrow_mut().fill();
        let stream = accept(&listener, &spare, &service.connections).await;
        service.connections.make_room();
        let serving = tokio::time::timeout(LONGEST, connection(Rc::clone(&service), stream));
        let spare = Rc::clone(&spare);
        let task = tokio::task::spawn_local(async move {
            // What this connection had is kept before anybody else can take it.
            let refill = Refill(spare);
            if serving.await.is_err() {
                tracing::debug!("an admin connection lasted too long");
            }
            drop(refill);
        });
        service.connections.take(task.abort_handle());
        // Who has asked already is answered before the next one comes, who may take its place.
        tokio::task::yield_now().await;
    }
}

/// Fills the spare descriptors when a connection has ended, however that came.
struct Refill(Rc<RefCell<Spare>>);

impl Drop for Refill {
    fn drop(&mut self) {
        self.0.borrow_mut().fill();
    }
}

/// The next connection. Where no descriptor is left, a spare one is given up for it, or else the oldest connection.
async fn accept(listener: &TcpListener, spare: &RefCell<Spare>, connections: &AdminConnections) -> TcpStream {
    loop {
        let why = match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(why) => why,
        };
        if are_used_up(&why) && spare.borrow_mut().give() {
            continue;
        }
        if are_used_up(&why) && connections.end_oldest() {
            // It ends in a turn of its own, and what it had becomes a spare.
            tokio::task::yield_now().await;
            continue;
        }
        tracing::debug!(%why, "an admin connection cannot be taken in");
        tokio::time::sleep(PAUSE).await;
    }
}

async fn connection(service: Rc<AdminService>, stream: TcpStream) {
    let service = service_fn(move |request| {
        let service = Rc::clone(&service);
        async move { Ok::<_, Infallible>(service.answer(&request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_headers(50);
    if let Err(why) = builder.serve_connection(TokioIo::new(stream), service).await {
        tracing::trace!(%why, "admin connection ended");
    }
}

/// What answers, and who is connected.
struct AdminService {
    admin: Admin,
    connections: AdminConnections,
}

type Answer = Response<Full<Bytes>>;

impl AdminService {
    async fn answer(&self, request: &Request<Incoming>) -> Answer {
        if !local(request) {
            return text(StatusCode::FORBIDDEN, "loopback hosts only\n");
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        let verbose =
            request.uri().query().is_some_and(|q| q.split('&').any(|p| p.split('=').next() == Some("verbose")));
        match AdminPage::at(request.uri().path()) {
            Some(page) => self.show(page, verbose).await,
            None => text(StatusCode::NOT_FOUND, &AdminPage::list()),
        }
    }

    /// A page that grows with what is configured is one turn of its connection: probes have theirs in between.
    async fn show(&self, page: AdminPage, verbose: bool) -> Answer {
        let admin = &self.admin;
        match page {
            AdminPage::Live => text(StatusCode::OK, "ok\n"),
            AdminPage::Ready => admin.ready(verbose),
            AdminPage::Metrics => {
                tokio::task::yield_now().await;
                match metrics::render(&admin.registry) {
                    Ok(body) => answer(StatusCode::OK, metrics::CONTENT_TYPE, self.connections.hold(body)),
                    Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "metrics could not be written\n"),
                }
            }
            AdminPage::Plugins => {
                tokio::task::yield_now().await;
                let body = format!("{:#}\n", plugins::list(&admin.shared, &admin.status));
                answer(StatusCode::OK, "application/json", self.connections.hold(body))
            }
        }
    }
}

/// What the admin listener shows: a page is a variant, a row of [`AdminPage::ALL`] and an arm in `show`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AdminPage {
    Live,
    Ready,
    Metrics,
    Plugins,
}

impl AdminPage {
    /// Each path, what is there, and how it is called to somebody who asks for anything else; none for a second name.
    const ALL: &[(&'static str, Self, Option<&'static str>)] = &[
        ("/livez", Self::Live, Some("/livez")),
        ("/readyz", Self::Ready, Some("/readyz?verbose")),
        ("/health", Self::Ready, None),
        ("/metrics", Self::Metrics, Some("/metrics")),
        ("/admin/v1/plugins", Self::Plugins, Some("/admin/v1/plugins")),
    ];

    fn at(path: &str) -> Option<Self> {
        Self::ALL.iter().find(|(at, ..)| *at == path).map(|(_, page, _)| *page)
    }

    /// What somebody is told who asks for anything else.
    fn list() -> String {
        let names: Vec<&str> = Self::ALL.iter().filter_map(|(.., name)| *name).collect();
        let (last, others) = names.split_last().map_or(("", &[][..]), |(last, others)| (*last, others));
        format!("{} and {last} are here\n", others.join(", "))
    }
}

impl Admin {
    /// Ready until the drain begins, unless every tenant is closed. A plugin that did not load does not make the gateway
    /// unready otherwise: the last good one serves, and a restart would only make it worse; `?verbose` says what is wrong.
    fn ready(&self, verbose: bool) -> Answer {
        let snapshot = self.shared.snapshot.load();
        let (status, word) = match (self.drain.is_begun(), snapshot.is_shut()) {
            (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
            (false, true) => (StatusCode::SERVICE_UNAVAILABLE, "closed"),
            (false, false) => (StatusCode::OK, "ready"),
        };
        if !verbose {
            return text(status, &format!("{word}\n"));
        }
        let plugins = snapshot.chains.plugins().iter().map(|p| {
            json!({
                "name": &**p.name(),
                "blake3": p.hash(),
                "hooks": p.hooks().map(|h| h.name()).collect::<Vec<_>>(),
            })
        });
        let upstreams = snapshot.providers.iter().map(providers::shown);
        let (live, kept) = self.status.reloads();
        let body = json!({
            "status": word,
            "generation": snapshot.chains.generation,
            "plugins": plugins.collect::<Vec<_>>(),
            "problems": self.status.problems(),
            "compiling": self.status.compiling(),
            "warnings": self.status.warnings(),
            "closed": snapshot.chains.closed().iter().map(|tenant| &**tenant).collect::<Vec<&str>>(),
            "providers": upstreams.collect::<Vec<_>>(),
            "reloads": {"live": live, "refused": kept.refused, "held": kept.held},
            "pooling": self.shared.sandbox.pooling(),
        });
        answer(status, "application/json", Bytes::from(format!("{body:#}\n")))
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
    answer(status, "text/plain; charset=utf-8", Bytes::copy_from_slice(body.as_bytes()))
}

fn answer(status: StatusCode, kind: &'static str, body: Bytes) -> Answer {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
