//! An answer as it goes to a connection.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::response_body::ResponseBody;

/// An answer: its head and its body. The version is the connection's business.
pub(crate) struct OutgoingResponse<X> {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// What is said beside its headers, where it has not been put among them.
    pub(crate) extra: Option<X>,
    pub(crate) body: ResponseBody,
    /// Whether a model gave it. One of the gateway's own is no request in flight, so that few of them wait for one client.
    pub(crate) is_models: bool,
}

/// What is said in the head of an answer beside its headers. Writing it down is cheaper than finding each of its names a place
/// in a map first.
pub(crate) trait ExtraHeaders {
    /// Gives every name with its value.
    fn each(&self, put: impl FnMut(&'static str, &[u8]));

    /// Puts all of it among other headers, in the place of what had the same names.
    fn add_to(&self, headers: &mut HeaderMap) {
        self.each(|name, value| {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        });
    }
}
