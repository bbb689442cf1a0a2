//! The way out for plugins' callouts. The sandbox decides what may be sent; who hands it an [`CalloutOpener`] sends it.

use bytes::Bytes;
use http::{Request, Response};
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use weir_config::Callouts;

/// Opens a way out for each plugin that was granted callouts.
pub trait CalloutOpener: Debug + Send + Sync {
    /// A way out by a plugin's settings; called when the plugin is loaded, never on the way of a request.
    ///
    /// # Errors
    /// What is wrong with the settings and what to do about it.
    fn open(&self, rules: &Callouts) -> Result<Arc<dyn CalloutClient>, String>;
}

/// A way out of one plugin.
pub trait CalloutClient: Debug + Send + Sync {
    /// Sends a request, whose URI is absolute and allowed, and reads the whole answer, of which the body has at most
    /// `most` bytes, `within` this time. Must not follow redirects, must refuse addresses that the settings do not
    /// allow, and must let go of the connection when the future is dropped.
    fn send(&self, request: Request<Bytes>, most: usize, within: Duration) -> CalloutFuture<'_>;
}

/// An answer to come.
pub type CalloutFuture<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, EgressFailure>> + Send + 'a>>;

/// Why there is no answer (`callouts.failure` in the contract). The plugin reads the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EgressFailure {
    /// The operator does not allow the address.
    Denied(String),
    /// It was not answered in time.
    Timeout,
    /// The answer is larger than `most`.
    TooLarge,
    /// No connection, a broken one, or no HTTP.
    Failed(String),
}
