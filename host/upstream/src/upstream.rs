//! One provider as all workers share it: where it is, how to speak to it, how it fares.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderValue, Request, Uri};
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use weir_config::{Http2, ProviderConfig};

use crate::auth::AuthScheme;
use crate::deadlines::Deadlines;
use crate::dial::address::UpstreamUrl;
use crate::dial::name::ResolvedHost;
use crate::dial::names::HostNames;
use crate::dial::sockets::Sockets;
use crate::dial::tls;
use crate::dial::trouble::TlsTrouble;
use crate::error::{AttemptError, UpstreamError};
use crate::health::{Aside, AsideReason, HealthStanding, ModelHealth, ProviderHealth};
use crate::http2::Pings;
use crate::key_ring::{KeyAside, KeyRing};
use crate::stats::UpstreamStats;

mod credentials;

pub use credentials::RepeatedSecret;

/// Tells upstreams apart even when one takes the place, or the memory, of another.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// What is spoken on a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speak {
    Http1,
    Http2,
    /// What the upstream prefers, by ALPN.
    Either,
}

/// A provider's endpoint, shared by all workers.
pub struct Upstream {
    id: u64,
    provider: ProviderConfig,
    place: UpstreamUrl,
    host: HeaderValue,
    defaults: HeaderMap,
    auth: AuthScheme,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    looked_up: Arc<ResolvedHost>,
    sockets: Sockets,
    pings: Arc<Pings>,
    health: Arc<ProviderHealth>,
    /// The keys that take turns, where there are several.
    keys: Option<Arc<KeyRing>>,
    /// Locked when a configuration is read, and for metrics.
    models: Mutex<Vec<Weak<ModelHealth>>>,
    stats: UpstreamStats,
    trouble: TlsTrouble,
}

impl Upstream {
    /// Checks and prepares everything that can be wrong before the first request, without any network access. Its name
    /// is put among `names`, to be looked up by whoever runs [`HostNames::keep`]; requests that come before the first
    /// look-up has ended wait for it, `connect_timeout` at most.
    ///
    /// `address_override` is dialled in place of what `base_url` names (the demo provider inside this process); when
    /// `base_url` is empty, it is the URL as well.
    ///
    /// # Errors
    /// [`UpstreamError`]: a URL, header or CA file that cannot be used.
    pub fn new(
        provider: &ProviderConfig,
        address_override: Option<SocketAddr>,
        names: &HostNames,
    ) -> Result<Arc<Self>, UpstreamError> {
        Self::in_place_of(None, provider, address_override, names)
    }

    /// The same in the place of another one, of which what is known of keys is taken over: a key that stays is none that might
    /// be well again, whatever it is called now.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn in_place_of(
        before: Option<&Self>,
        provider: &ProviderConfig,
        address_override: Option<SocketAddr>,
        names: &HostNames,
    ) -> Result<Arc<Self>, UpstreamError> {
        let url = match address_override {
            Some(address) if provider.base_url.is_empty() => format!("http://{address}"),
            _ => provider.base_url.clone(),
        };
        let bad_url = || UpstreamError::BadUrl { provider: provider.name.clone(), url: url.clone() };
        let place = UpstreamUrl::parse(&url).ok_or_else(bad_url)?;
        let host = HeaderValue::from_str(place.authority.as_str()).map_err(|_| bad_url())?;
        let tls = if place.is_tls() { Some(connector(provider, &place)?) } else { None };
        let looked_up = match address_override.or_else(|| place.literal()) {
            Some(address) => Arc::new(ResolvedHost::fixed(&place.host, address)),
            None => names.name(&place.host, place.port),
        };
        let keys = KeyRing::of(provider, before.and_then(|before| before.keys.as_deref()));
        let keys = keys.map_err(|header| credentials::bad_header(provider, header))?.map(Arc::new);
        Ok(Arc::new(Self {
            id: NEXT_ID.fetch_add(1, Relaxed),
            provider: provider.clone(),
            defaults: credentials::defaults(provider)?,
            auth: AuthScheme::of(provider)?,
            host,
            tls,
            health: ProviderHealth::new(provider, &looked_up, keys.clone()),
            keys,
            looked_up,
            sockets: Sockets::of(provider),
            pings: Pings::of(provider),
            place,
            models: Mutex::default(),
            stats: UpstreamStats::default(),
            trouble: TlsTrouble::default(),
        }))
    }

    /// Whether it is asked in its turn: false while its name has no address, while it is put aside as a whole, or everything
    /// that is asked of it is.
    pub fn healthy(&self) -> bool {
        let aside: Vec<bool> = self.models().iter().filter_map(|model| model.is_aside()).collect();
        self.health.standing() != HealthStanding::Aside && (aside.is_empty() || aside.contains(&false))
    }

    /// The health of a model of it: the same for all who ask for it. To be asked when a configuration is read, and
    /// kept for as long as the model is a target.
    pub fn model(&self, name: &str) -> Arc<ModelHealth> {
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        models.retain(|model| model.strong_count() > 0);
        if let Some(known) = models.iter().filter_map(Weak::upgrade).find(|model| model.model() == name) {
            return known;
        }
        let model = ModelHealth::new(&self.health, name);
        models.push(Arc::downgrade(&model));
        model
    }

    /// The models that are targets now, in the order in which they came.
    pub fn models(&self) -> Vec<Arc<ModelHealth>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
    }

    /// What is put aside now: the provider as a whole first, then models.
    pub fn aside(&self) -> Vec<Aside> {
        let models = self.models();
        self.health.aside().into_iter().chain(models.iter().flat_map(|model| model.aside())).collect()
    }

    /// How often the provider as a whole was put aside, for each reason.
    pub fn asides(&self) -> impl Iterator<Item = (AsideReason, u64)> + '_ {
        self.health.asides().each()
    }

    /// Counts an attempt that failed. The answer is how many did since the last answer, if it is time to tell of them.
    pub fn attempt_failed(&self) -> Option<u64> {
        self.health.failed_attempts()
    }

    /// What stands in the way of requests to it, in words for the operator: a name that does not resolve, TLS that is not
    /// agreed, a token that is not to be had. Empty if there is nothing.
    pub fn trouble(&self) -> Vec<String> {
        let tls = self.trouble.words().map(|words| format!("TLS is not agreed: {words}"));
        self.looked_up.trouble().into_iter().chain(tls).chain(self.auth.trouble()).collect()
    }

    /// How many addresses its name has, and how many of them accept no connection.
    pub fn addresses(&self) -> (usize, usize) {
        self.looked_up.count()
    }

    /// How often TLS was not agreed, by kind ([`TLS_KINDS`](crate::TLS_KINDS)).
    pub fn tls_failures(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.trouble.counts()
    }

    /// What happened so far, over all workers.
    pub fn stats(&self) -> &UpstreamStats {
        &self.stats
    }

    /// The provider's name in the configuration.
    pub fn name(&self) -> &str {
        &self.provider.name
    }

    /// `host[:port]`, as sent in `Host` and `:authority`.
    pub fn authority(&self) -> &str {
        self.place.authority.as_str()
    }

    /// Whether it was made from just these settings, so that it can outlive a reload with all its connections.
    pub fn is_made_from(&self, provider: &ProviderConfig) -> bool {
        self.provider == *provider
    }

    /// The request target for `path` (which starts with `/`) below `base_url`. Cloning a [`Uri`] is cheap: callers may
    /// make one for each endpoint and keep it.
    ///
    /// # Errors
    /// [`AttemptError::BadTarget`] when `path` is not a path.
    pub fn uri(&self, path: &str) -> Result<Uri, AttemptError> {
        if !path.starts_with('/') {
            return Err(AttemptError::BadTarget);
        }
        let whole = if self.place.prefix.is_empty() { path.to_owned() } else { format!("{}{path}", self.place.prefix) };
        Uri::try_from(whole).map_err(|_| AttemptError::BadTarget)
    }

    /// What its keys are called, in the order of the configuration, where several take turns; else none.
    pub fn keys(&self) -> impl Iterator<Item = &str> + '_ {
        self.keys.iter().flat_map(|keys| keys.names())
    }

    /// Which keys are passed over now, and why. None where it has no several.
    pub fn keys_aside(&self) -> Vec<KeyAside> {
        self.keys.as_ref().map(|keys| keys.aside()).unwrap_or_default()
    }

    /// Puts the headers that go with every request into `headers`, the provider's credential and what the operator added;
    /// what stood there under the same names goes. Of several keys the request's [`Ticket`](crate::Ticket) has one. The credential is marked sensitive, so that neither `Debug` nor an
    /// HTTP/2 header table keeps it.
    pub fn add_head_defaults(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.defaults {
            headers.insert(name, value.clone());
        }
    }

    /// Which of the provider's secrets a text holds, as some providers repeat them in what they say against a request. One of
    /// less than eight bytes may stand there by chance, and is not looked for.
    pub fn secret_in(&self, text: &[u8]) -> Option<RepeatedSecret> {
        let of_cloud = || self.auth.is_secret_in(text).then_some(RepeatedSecret::Key);
        credentials::secret_in(&self.provider, text).or_else(of_cloud)
    }

    /// The deadlines that the configuration sets for one attempt at a whole answer.
    pub fn deadlines(&self) -> Deadlines {
        self.deadlines_for(false)
    }

    /// The deadlines that the configuration sets for one attempt at a stream.
    pub fn stream_deadlines(&self) -> Deadlines {
        self.deadlines_for(true)
    }

    fn deadlines_for(&self, streaming: bool) -> Deadlines {
        Deadlines {
            first_byte: self.provider.first_byte(streaming),
            idle: self.provider.idle_timeout,
            total: self.provider.total_timeout,
        }
    }

    /// How it is told who asks.
    pub(crate) fn auth(&self) -> &AuthScheme {
        &self.auth
    }

    /// Puts on a request what tells who asks, as the last thing.
    pub(crate) async fn authorise(&self, request: &mut Request<Bytes>) -> Result<(), AttemptError> {
        self.auth.authorise(request, self.place.authority.as_str(), self.provider.connect_timeout).await
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn settings(&self) -> &ProviderConfig {
        &self.provider
    }

    pub(crate) fn host_header(&self) -> &HeaderValue {
        &self.host
    }

    pub(crate) fn scheme_and_authority(&self) -> (Scheme, Authority) {
        (self.place.scheme.clone(), self.place.authority.clone())
    }

    /// Its host and what the look-ups of it have found.
    pub(crate) fn name_looked_up(&self) -> &Arc<ResolvedHost> {
        &self.looked_up
    }

    pub(crate) fn sockets(&self) -> Sockets {
        self.sockets
    }

    pub(crate) fn pings(&self) -> &Arc<Pings> {
        &self.pings
    }

    /// Takes note of what an attempt came to, as far as it is about TLS.
    pub(crate) fn note_tls(&self, error: Option<&AttemptError>) {
        match error {
            None => self.trouble.passed(),
            Some(AttemptError::Tls(failure)) => self.trouble.failed(&self.provider, failure),
            Some(_) => {}
        }
    }

    pub(crate) fn tls(&self) -> Option<&(TlsConnector, ServerName<'static>)> {
        self.tls.as_ref()
    }

    pub(crate) fn speaks(&self) -> Speak {
        match self.provider.http2 {
            Http2::Always => Speak::Http2,
            Http2::Never => Speak::Http1,
            Http2::Auto if self.place.is_tls() => Speak::Either,
            Http2::Auto => Speak::Http1,
        }
    }

    /// How long a request may wait for a connection.
    pub(crate) fn wait_timeout(&self) -> Duration {
        self.provider.wait_timeout
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("name", &self.provider.name)
            .field("authority", &self.place.authority)
            .field("healthy", &self.healthy())
            .finish_non_exhaustive()
    }
}

fn connector(
    provider: &ProviderConfig,
    place: &UpstreamUrl,
) -> Result<(TlsConnector, ServerName<'static>), UpstreamError> {
    let name = ServerName::try_from(place.host.to_string())
        .map_err(|_| UpstreamError::BadServerName { provider: provider.name.clone(), host: place.host.to_string() })?;
    let file = provider.ca_file.as_ref();
    let bad = |why: String| UpstreamError::CaFile {
        provider: provider.name.clone(),
        file: file.map(|file| file.file().to_path_buf()).unwrap_or_default(),
        why,
    };
    let roots = tls::roots(file).map_err(bad)?;
    let protocols: &[&[u8]] = match provider.http2 {
        Http2::Auto => &[b"h2", b"http/1.1"],
        Http2::Never => &[b"http/1.1"],
        Http2::Always => &[b"h2"],
    };
    let failed = |source| UpstreamError::Tls { provider: provider.name.clone(), source };
    let config = tls::client(roots, protocols).map_err(failed)?;
    Ok((TlsConnector::from(Arc::new(config)), name))
}
