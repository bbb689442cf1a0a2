//! HTTP requests to where the operator allows it (WIT `callouts`). A plugin that sends them needs the grant `callouts`
//! and an entry in `callouts.allow` that covers the URL.
//!
//! ```
//! use weir_plugin::callouts::{self, Incoming, Outgoing};
//! use weir_plugin::fake;
//!
//! let verdict = Incoming { status: 200, headers: vec![], body: b"fine".to_vec() };
//! let host = fake::Host::new(fake::Hook::Policy).callout(Ok(verdict)).start();
//!
//! let question = Outgoing::new("POST", "https://policy.example.com/v1/check")
//!     .header("content-type", "text/plain")
//!     .body("may they?")
//!     .timeout_ms(500);
//! let answer = callouts::send(&question)?;
//! assert_eq!((answer.status, answer.body.as_slice()), (200, &b"fine"[..]));
//! assert_eq!(host.callouts(), [question]);
//! # Ok::<(), callouts::Failure>(())
//! ```
//!
//! The call waits for the answer; the plugin's deadline does not run meanwhile. Redirects are not followed. In `init`
//! every callout is denied.

use crate::Refusal;
pub use crate::bindings::policy::weir::plugin::callouts::{Failure, Incoming, Outgoing};
use crate::host::callouts as host;

/// Sends a request and waits for its answer, whatever its status.
///
/// # Errors
/// [`Failure`]: why there is no answer.
pub fn send(outgoing: &Outgoing) -> Result<Incoming, Failure> {
    host::send(outgoing)
}

impl Outgoing {
    /// A request without headers and body. `method` is `GET`, `HEAD`, `POST`, `PUT`, `PATCH` or `DELETE`.
    #[must_use]
    pub fn new(method: &str, url: &str) -> Self {
        Self { method: method.to_owned(), url: url.to_owned(), headers: Vec::new(), body: Vec::new(), timeout_ms: 0 }
    }

    /// The same with another header; one that stands there already is not replaced. At most 100 and 64 KiB of them.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with this body, 1 MiB at most.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The same, waiting no longer than so many milliseconds; 0 means the operator's limit.
    #[must_use]
    pub fn timeout_ms(mut self, timeout: u32) -> Self {
        self.timeout_ms = timeout;
        self
    }
}

impl Incoming {
    /// The value of a header, the first if it stands more than once.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// A callout that fails in the middle of a hook ends the request rather than let it pass unasked: `?` does that. The
/// client is not told why.
impl From<Failure> for Refusal {
    fn from(_: Failure) -> Self {
        Self::new(502, "callout_failed", "a service that a plugin of this gateway asks did not answer")
    }
}
