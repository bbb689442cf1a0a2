//! `[server]`, `[limits]`, `[metrics]` and `[log]`.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::Overrides;
use crate::listen::listen_address;
use crate::table::ConfigTable;
use crate::units::{LONGEST, SHORTEST};
use crate::value::ConfigValue;

/// What all requests together may hold: as much as a machine may have.
const MEMORY: RangeInclusive<u64> = 1..=1 << 44;

/// `[server]`: where Weir listens and how it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Where clients connect; 127.0.0.1:8080 by default. Port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// Where metrics, health and the admin API are; 127.0.0.1:9090 by default, and always on loopback.
    pub admin: SocketAddr,
    /// Worker threads, 0 to 1,024; 0, the default, is one per core.
    pub workers: usize,
    /// How long requests in flight may take to end after Weir was told to stop; 30 s by default, 0 to 24 h.
    pub drain: Duration,
    /// What this gateway calls itself in `Via`, by which it knows a request that comes back to it; `weir` by default.
    pub name: String,
    /// Whether a proxy that can be trusted speaks TLS with the clients, so that requests for `https` resources are
    /// meant for this gateway (RFC 9110 section 7.4); false by default.
    pub behind_tls: bool,
    /// Whether answers say in `x-weir-generation` which generation of plugins served them; false by default.
    pub debug_headers: bool,
    /// Whether the system may back the heap with pages of 2 MiB; false by default: they take some CPU off a busy gateway, and
    /// cost tens of MiB.
    pub huge_pages: bool,
}

/// `[limits]`: what one client, and all together, can make Weir hold, and for how long. None of them may be zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// `head`: bytes of a request's head; 32 KiB by default, at least 8 KiB.
    pub head_bytes: usize,
    /// `headers`: header fields of a request; 100 by default.
    pub headers: usize,
    /// `body`: bytes of a request's body; 32 MiB by default.
    pub body_bytes: usize,
    /// `body_ratio`: how many times as large as it was sent a compressed body may become; 100 by default. Its first
    /// MiB may.
    pub body_ratio: usize,
    /// `response`: bytes of a whole (not streamed) response; 32 MiB by default.
    pub response_bytes: usize,
    /// `request_memory`: bytes of the bodies of all requests together; 256 MiB by default.
    pub request_memory: usize,
    /// `response_memory`: bytes of all whole responses together that clients have not taken yet; 256 MiB by default.
    pub response_memory: usize,
    /// `event`: bytes of one event of a stream; 8 MiB by default, for an image comes in one.
    pub event_bytes: usize,
    /// `held`: bytes of text of one choice of a stream that a plugin may hold back; 64 KiB by default.
    pub held_bytes: usize,
    /// `held_events`: bytes of all events of a stream that wait for a plugin; 16 MiB by default, for with `logprobs` an event
    /// of one word has some kilobytes, and there are up to 128 choices.
    pub held_events: usize,
    /// Connections of clients at once; 10,000 by default.
    pub connections: usize,
    /// Requests being answered at once; 5,000 by default.
    pub in_flight: usize,
    /// `series`: combinations of labels for which each kind of figure by tenant is kept; 4,000 by default. Those that come
    /// later are counted together.
    pub series: usize,
    /// `observe_waiting`: finished requests that wait on one worker for plugins to see them; 4,096 by default.
    pub observe_waiting: usize,
    /// `observe_memory`: bytes of all of these together, on all workers; 64 MiB by default.
    pub observe_memory: usize,
    /// How long a request's head may take to arrive; 10 s by default.
    pub head_timeout: Duration,
    /// How long a request's body may take to arrive; 30 s by default.
    pub body_timeout: Duration,
    /// How long a connection may lie idle between requests; 75 s by default: longer than load balancers keep theirs, which
    /// would else send a request just when it is closed here.
    pub keep_alive_timeout: Duration,
    /// How long a client may take no byte that is ready for it; 30 s by default.
    pub write_timeout: Duration,
    /// Concurrent streams of one HTTP/2 connection (RFC 9113 section 5.1.2); 100 by default.
    pub h2_streams: u32,
    /// Further attempts for a hundred requests of one model, where the next one is not known to be well; 20 by
    /// default, 0 to 1,000.
    pub retry_budget: u32,
    /// Frames of one HTTP/2 connection at once that bring no request; 500 by default.
    pub h2_control_frames: u32,
}

/// `[metrics]`: what is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsConfig {
    /// Whether histograms are kept for each tenant, and not only for each model or plugin; false by default.
    pub tenant_histograms: bool,
    /// How long a scrape shows what was counted of a tenant, model, provider or plugin that the configuration no longer has;
    /// 15 minutes by default, at most a day.
    pub keep_removed: Duration,
}

/// `[log]`: what is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// `info` by default: a level, or directives such as `info,weir_upstream=debug`.
    pub level: String,
    /// Whether lines are JSON objects rather than text; false by default.
    pub json: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin: SocketAddr::from(([127, 0, 0, 1], 9090)),
            workers: 0,
            drain: Duration::from_secs(30),
            name: "weir".to_owned(),
            behind_tls: false,
            debug_headers: false,
            huge_pages: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 32 << 10,
            headers: 100,
            body_bytes: 32 << 20,
            body_ratio: 100,
            response_bytes: 32 << 20,
            request_memory: 256 << 20,
            response_memory: 256 << 20,
            event_bytes: 8 << 20,
            held_bytes: 64 << 10,
            held_events: 16 << 20,
            connections: 10_000,
            in_flight: 5_000,
            series: 4_000,
            observe_waiting: 4_096,
            observe_memory: 64 << 20,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            h2_streams: 100,
            retry_budget: 20,
            h2_control_frames: 500,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), json: false }
    }
}

impl Server {
    pub(crate) fn read(table: ConfigTable<'_>, overrides: &Overrides) -> Self {
        let default = Self::default();
        let listen = table.value("listen");
        let admin = table.value("admin");
        let admin_at = admin.as_ref().map_or_else(|| table.at.child("admin", table.at.line), |value| value.at.clone());
        // What stands in the file is checked even where the command line has its way.
        let listen = listen.and_then(|value| address(&value));
        let admin = admin.and_then(|value| address(&value));
        let server = Self {
            listen: overrides.listen.or(listen).unwrap_or(default.listen),
            admin: overrides.admin.or(admin).unwrap_or(default.admin),
            workers: table.whole("workers", default.workers, 0..=1_024),
            drain: table.duration("drain", default.drain, Duration::ZERO..=LONGEST),
            name: table.value("name").and_then(|value| pseudonym(&value)).unwrap_or(default.name),
            behind_tls: table.flag("behind_tls", default.behind_tls),
            debug_headers: table.flag("debug_headers", default.debug_headers),
            huge_pages: table.flag("huge_pages", default.huge_pages),
        };
        let blame = |option: Option<&str>, what: String, fix: &str| match option {
            Some(option) => table.source.problem_of_option(option, what, fix),
            None => table.source.problem(&admin_at, what, fix),
        };
        let admin_option = overrides.admin.map(|_| "--admin");
        if !server.admin.ip().is_loopback() {
            let what =
                format!("the admin listener asks for no token yet, and {} can be reached by others", server.admin);
            blame(admin_option, what, "use a loopback address such as \"127.0.0.1:9090\"");
        }
        if server.listen == server.admin && server.listen.port() != 0 {
            let fix = "give the two listeners different ports";
            match (admin_option, overrides.listen) {
                (None, Some(listen)) => blame(Some("--listen"), format!("{listen} is also server.admin"), fix),
                (option, _) => blame(option, format!("{} is also server.listen", server.admin), fix),
            }
        }
        table.finish();
        server
    }
}

fn address(value: &ConfigValue<'_>) -> Option<SocketAddr> {
    if let Some(port) = value.toml.as_integer() {
        let fix = listen_address(port.as_str()).err().unwrap_or_default();
        value.problem("is an integer, and a string is due", fix);
        return None;
    }
    let text = value.text()?;
    // What the environment holds is not repeated.
    let general = || "give an IP address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"".to_owned();
    let address = listen_address(&text.value).map_err(|fix| if text.is_as_written() { fix } else { general() });
    address.inspect_err(|fix| value.problem(format!("{} is not an address to listen on", text.quote()), fix)).ok()
}

/// A name that can stand in `Via` (RFC 9110 section 7.6.3).
fn pseudonym(value: &ConfigValue<'_>) -> Option<String> {
    let text = value.text()?;
    if (1..=64).contains(&text.value.len()) && text.value.bytes().all(crate::provider::is_token) {
        return Some(text.value);
    }
    value.problem(
        format!("{} is not a name for `Via`", text.quote()),
        "use 1 to 64 letters, digits and `-`, such as \"weir-europe\"",
    );
    None
}

impl Limits {
    pub(crate) fn read(table: ConfigTable<'_>) -> Self {
        let default = Self::default();
        let any = 1..=1 << 30;
        let timeout = SHORTEST..=LONGEST;
        let limits = Self {
            // 8 KiB is the least that the HTTP/1 reader takes for its buffer.
            head_bytes: table.size("head", default.head_bytes, 8 << 10..=1 << 20),
            headers: table.whole("headers", default.headers, 1..=1_000),
            body_bytes: table.size("body", default.body_bytes, any.clone()),
            body_ratio: table.whole("body_ratio", default.body_ratio, 1..=10_000),
            response_bytes: table.size("response", default.response_bytes, any.clone()),
            request_memory: table.size("request_memory", default.request_memory, MEMORY),
            response_memory: table.size("response_memory", default.response_memory, MEMORY),
            event_bytes: table.size("event", default.event_bytes, any.clone()),
            held_bytes: table.size("held", default.held_bytes, any.clone()),
            held_events: table.size("held_events", default.held_events, any),
            connections: table.whole("connections", default.connections, 1..=1_000_000),
            in_flight: table.whole("in_flight", default.in_flight, 1..=1_000_000),
            series: table.whole("series", default.series, 1..=1_000_000),
            observe_waiting: table.whole("observe_waiting", default.observe_waiting, 16..=1_000_000),
            observe_memory: table.size("observe_memory", default.observe_memory, MEMORY),
            head_timeout: table.duration("head_timeout", default.head_timeout, timeout.clone()),
            body_timeout: table.duration("body_timeout", default.body_timeout, timeout.clone()),
            keep_alive_timeout: table.duration("keep_alive_timeout", default.keep_alive_timeout, timeout.clone()),
            write_timeout: table.duration("write_timeout", default.write_timeout, timeout),
            h2_streams: table.whole("h2_streams", default.h2_streams, 1..=10_000),
            retry_budget: table.whole("retry_budget", default.retry_budget, 0..=1_000),
            h2_control_frames: table.whole("h2_control_frames", default.h2_control_frames, 100..=1_000_000),
        };
        let memory = [
            ("request_memory", limits.request_memory, "body", limits.body_bytes),
            ("response_memory", limits.response_memory, "response", limits.response_bytes),
        ];
        for (all, room, one, longest) in memory.into_iter().filter(|(_, room, _, longest)| longest > room) {
            // What can never fit would be refused as if it could in a moment.
            let what = format!("limits.{one} allows {longest} bytes, and all together may hold {room}");
            let fix = format!("make limits.{all} larger, or limits.{one} smaller");
            table.source.warn(&table.at.child(all, table.at.line), what, fix);
        }
        table.finish();
        limits
    }
}

/// The longest that a scrape shows what is no longer there.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for MetricsConfig {
    fn default() -> Self {
        Self { tenant_histograms: false, keep_removed: Duration::from_secs(15 * 60) }
    }
}

impl MetricsConfig {
    pub(crate) fn read(table: ConfigTable<'_>) -> Self {
        let default = Self::default();
        let metrics = Self {
            tenant_histograms: table.flag("tenant_histograms", default.tenant_histograms),
            keep_removed: table.duration("keep_removed", default.keep_removed, Duration::ZERO..=DAY),
        };
        table.finish();
        metrics
    }
}

impl Log {
    pub(crate) fn read(table: ConfigTable<'_>) -> Self {
        let default = Self::default();
        let level = table.value("level").and_then(|value| level(&value));
        let log = Self { level: level.unwrap_or(default.level), json: table.flag("json", default.json) };
        table.finish();
        log
    }
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Whether a text is a level, or directives of which each ends in one: what `log.level` may be.
///
/// # Errors
/// What to write in its place.
pub fn check_log_level(text: &str) -> Result<(), String> {
    let is_level = |level: &str| LEVELS.iter().any(|known| level.trim().eq_ignore_ascii_case(known));
    let is_good = |directive: &str| match directive.rsplit_once('=') {
        Some((target, level)) => !target.trim().is_empty() && is_level(level),
        None => is_level(directive),
    };
    if text.split(',').all(is_good) {
        return Ok(());
    }
    Err(crate::suggest::fix(text, "a level, or `target=level` and commas between", &LEVELS))
}

fn level(value: &ConfigValue<'_>) -> Option<String> {
    let text = value.text()?;
    match check_log_level(&text.value) {
        Ok(()) => Some(text.value),
        Err(fix) => {
            value.problem(format!("{} is not a level", text.quote()), fix);
            None
        }
    }
}
