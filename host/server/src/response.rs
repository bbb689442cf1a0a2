//! An answer as it goes to a connection.

use http::{HeaderMap, StatusCode};

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
    pub is_from_model: bool,
}
