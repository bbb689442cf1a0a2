//! A whole response, as the journey lends it.

use http::HeaderMap;
use std::sync::Arc;
use weir_dialect::Document;
use weir_http::ExtraHeaders;

/// Headers of a reply that are put among the others only if a plugin asks for any: most plugins ask for none.
pub type LateHeaders = Arc<dyn ExtraHeaders + Send + Sync>;

/// A whole response on its way to the client.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its headers.
    pub headers: HeaderMap,
    /// More of its headers; none if they are among the others.
    pub late: Option<LateHeaders>,
    /// Its body.
    pub body: Document,
}

impl Reply {
    /// All of its headers.
    pub(crate) fn headers(&mut self) -> &mut HeaderMap {
        if let Some(late) = self.late.take() {
            late.add_to(&mut self.headers);
        }
        &mut self.headers
    }
}
