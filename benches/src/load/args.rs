//! What a load is told on the command line.

use std::time::Duration;

use crate::units;

#[derive(clap::Args, Debug, Clone)]
pub(crate) struct LoadArgs {
    /// Where to, without a path: http://127.0.0.1:8080
    #[arg(long)]
    pub(crate) url: String,
    /// Path of the requests; one that ends in /embeddings gets requests for embeddings
    #[arg(long, default_value = "/v1/chat/completions")]
    pub(crate) path: String,
    /// Sent as `authorization: Bearer <key>`
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// The model to ask for
    #[arg(long, default_value = "mock")]
    pub(crate) model: String,
    /// A header of every request, as NAME:VALUE; may be given several times
    #[arg(long = "header", value_parser = header)]
    pub(crate) headers: Vec<(String, String)>,
    /// Ask for streams, with their usage
    #[arg(long)]
    pub(crate) stream: bool,
    /// Size of the request body in bytes; less than the smallest valid one gives that
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(0..=32 << 20))]
    pub(crate) request_bytes: u32,
    /// Users: connections, each with one request at a time
    #[arg(long, visible_alias = "users", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) connections: u32,
    /// Speak HTTP/2 by prior knowledge
    #[arg(long)]
    pub(crate) http2: bool,
    /// With --http2: requests at a time on each connection, so users are connections times this
    #[arg(long, default_value_t = 1, requires = "http2", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) streams: u32,
    /// Open loop: send at this rate, requests per second, whether or not answers come; latency counts from the moment
    /// at which a request was due. Without it, each user asks again when it has its answer
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) rate: Option<u32>,
    /// Threads that the users are spread over
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) threads: u32,
    /// Time that is not measured, at the start; users begin one after the other in its first half
    #[arg(long, default_value = "1s", value_parser = units::duration)]
    pub(crate) warmup: Duration,
    /// Time that is measured
    #[arg(long, default_value = "5s", value_parser = units::duration)]
    pub(crate) duration: Duration,
    /// End sooner, after this many measured requests
    #[arg(long, default_value_t = 100_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) requests: u64,
    /// Longest time that one request may take
    #[arg(long, default_value = "10s", value_parser = units::duration)]
    pub(crate) timeout: Duration,
    /// The pause between the events of a stream that the provider makes
    #[arg(long, default_value = "0", value_parser = units::duration)]
    pub(crate) gap: Duration,
    /// A pause longer than --gap by this counts as a stall
    #[arg(long, default_value = "5ms", value_parser = units::duration)]
    pub(crate) stall: Duration,
    /// Measure CPU time and memory of this process and its children meanwhile
    #[arg(long)]
    pub(crate) pid: Option<u32>,
    /// Measure CPU time of the mock, too: its process
    #[arg(long)]
    pub(crate) mock_pid: Option<u32>,
    /// How often memory is looked at
    #[arg(long, default_value = "1s", value_parser = units::duration)]
    pub(crate) sample: Duration,
    /// Ask the mock at this URL afterwards whether it saw every request once: http://127.0.0.1:8081
    #[arg(long)]
    pub(crate) journal: Option<String>,
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

impl LoadArgs {
    /// One user, whole replies, everything else as the command line has it by default.
    pub(crate) fn to(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            path: "/v1/chat/completions".to_owned(),
            key: None,
            model: "mock".to_owned(),
            headers: Vec::new(),
            stream: false,
            request_bytes: 512,
            connections: 1,
            http2: false,
            streams: 1,
            rate: None,
            threads: 1,
            warmup: Duration::from_secs(1),
            duration: Duration::from_secs(5),
            requests: u64::MAX,
            timeout: Duration::from_secs(10),
            gap: Duration::ZERO,
            stall: Duration::from_millis(5),
            pid: None,
            mock_pid: None,
            sample: Duration::from_secs(1),
            journal: None,
            json: false,
        }
    }

    pub(super) fn users(&self) -> u32 {
        self.connections * if self.http2 { self.streams } else { 1 }
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or_else(|| format!("`{text}` is not NAME:VALUE"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
