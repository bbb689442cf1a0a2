//! An answer as it goes to a connection.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::response_body::ResponseBody;

/// An answer: its head and its body. The version is the connection's business.
#[derive(Debug)]
pub struct OutgoingResponse<X> {
    /// Its status, 200 or above.
    pub status: StatusCode,
    /// Its headers. What frames the body and what is said of the connection is the server's, whatever they say.
    pub headers: HeaderMap,
    /// What is said beside its headers, where it has not been put among them.
    pub extra: Option<X>,
    /// Its body, and what is to be told when that was sent.
    pub body: ResponseBody,
    /// Whether a model gave it. One of the gateway's own is no request in flight, so that few of them wait for one client.
    pub is_models: bool,
}

/// What is said in the head of an answer beside its headers. Writing it down is cheaper than finding each of its names a place
/// in a map first.
pub trait ExtraHeaders {
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
