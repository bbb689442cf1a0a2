//! Tokens that hold for a while, and are there before they are needed.
//!
//! A thread of each provider that wants them exchanges its key when the first request comes, again at four fifths of each
//! token's life, and after a failure within a second, two, four and so on. Requests read what it has, without a lock.

use std::fmt;
use std::sync::{Arc, Once, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use http::HeaderValue;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::token_exchange::{NewToken, TokenExchange};

/// The longest pause between two attempts that failed, and the shortest between any two.
const PAUSES: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(1));

/// What is known of a token.
#[derive(Default)]
enum TokenState {
    /// The first exchange has not ended.
    #[default]
    Awaited,
    Held(NewToken),
    /// There is none that holds, for this reason.
    Failed(String),
}

/// The tokens of one provider.
pub(crate) struct AccessTokens {
    provider: String,
    exchange: Arc<TokenExchange>,
    state: ArcSwap<TokenState>,
    /// Told when the state is another one.
    news: Notify,
    begun: Once,
    /// Told when nobody wants tokens any more.
    gone: Arc<Notify>,
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokens").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl Drop for AccessTokens {
    fn drop(&mut self) {
        self.gone.notify_one();
    }
}

impl AccessTokens {
    /// None yet.
    pub(crate) fn new(provider: &str, exchange: TokenExchange) -> Self {
        Self {
            provider: provider.to_owned(),
            exchange: Arc::new(exchange),
            state: ArcSwap::default(),
            news: Notify::new(),
            begun: Once::new(),
            gone: Arc::default(),
        }
    }

    /// `Bearer …`; none where there is none, or the first one is not there within this time.
    pub(crate) async fn get(self: &Arc<Self>, within: Duration) -> Option<HeaderValue> {
        self.begun.call_once(|| self.begin());
        let waited = timeout(within, async {
            loop {
                // Before the look, so that nothing that comes behind it is missed.
                let mut news = std::pin::pin!(self.news.notified());
                news.as_mut().enable();
                if let Some(found) = self.look() {
                    return found;
                }
                news.await;
            }
        });
        match self.look() {
            Some(found) => found,
            None => waited.await.ok().flatten(),
        }
    }

    /// The token, or that there is none; nothing while that is not known.
    fn look(&self) -> Option<Option<HeaderValue>> {
        match &**self.state.load() {
            TokenState::Awaited => None,
            TokenState::Held(token) if token.until > Instant::now() => Some(Some(token.header.clone())),
            TokenState::Held(_) | TokenState::Failed(_) => Some(None),
        }
    }

    /// The token's own bytes, if there is one.
    pub(crate) fn now(&self) -> Option<Vec<u8>> {
        match &**self.state.load() {
            TokenState::Held(token) => token.header.as_bytes().strip_prefix(b"Bearer ").map(<[u8]>::to_vec),
            TokenState::Awaited | TokenState::Failed(_) => None,
        }
    }

    /// Why there is no token.
    pub(crate) fn trouble(&self) -> Option<String> {
        match &**self.state.load() {
            TokenState::Failed(why) => Some(format!("there is no access token: {why}")),
            TokenState::Awaited | TokenState::Held(_) => None,
        }
    }

    fn begin(self: &Arc<Self>) {
        let (tokens, exchange, gone) = (Arc::downgrade(self), Arc::clone(&self.exchange), Arc::clone(&self.gone));
        let begun = tokio::runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
            let keep = move || runtime.block_on(keep(&tokens, &exchange, &gone));
            std::thread::Builder::new().name("weir-tokens".to_owned()).spawn(keep)
        });
        if let Err(why) = begun {
            self.put(TokenState::Failed(format!("no thread can be had for it ({why})")));
        }
    }

    fn put(&self, state: TokenState) {
        self.state.store(Arc::new(state));
        self.news.notify_waiters();
    }

    /// Takes note of what an exchange came to; how long to wait for the next one.
    fn take(&self, came: Result<NewToken, String>, failures: &mut u32) -> Duration {
        let (longest, shortest) = PAUSES;
        match came {
            Ok(token) => {
                *failures = 0;
                let refresh = token.life / 5 * 4;
                self.put(TokenState::Held(token));
                refresh.max(shortest)
            }
            Err(why) => {
                let provider = self.provider.as_str();
                tracing::warn!(provider, "no access token: {why}");
                let pause = shortest.saturating_mul(1_u32.checked_shl((*failures).min(16)).unwrap_or(u32::MAX));
                *failures = failures.saturating_add(1);
                let still_held =
                    matches!(&**self.state.load(), TokenState::Held(token) if token.until > Instant::now());
                if !still_held {
                    self.put(TokenState::Failed(why));
                }
                pause.min(longest)
            }
        }
    }
}

/// Exchanges again and again, until nobody has the tokens any more.
async fn keep(tokens: &Weak<AccessTokens>, exchange: &TokenExchange, gone: &Notify) {
    let mut failures = 0;
    loop {
        let came = exchange.exchange().await;
        let Some(pause) = tokens.upgrade().map(|tokens| tokens.take(came, &mut failures)) else { return };
        if timeout(pause, gone.notified()).await.is_ok() {
            return;
        }
    }
}
