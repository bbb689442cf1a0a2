//! Answers that web pages of other origins may read (<https://fetch.spec.whatwg.org/#http-cors-protocol>), for the origins
//! that the configuration names. Keys travel in a header that pages set themselves, so credentials of the browser are
//! never asked for.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use weir_config::Cors;
use weir_dialect::ApiPath;

/// Which pages may read an answer.
pub(crate) enum AllowedOrigin {
    /// Every page.
    Any,
    /// The page that asked.
    Page(HeaderValue),
    /// Another page than that which asked, if one did.
    Other,
}

/// Who may read the answer to a request with these headers; none where it is all the same who asks.
pub(crate) fn reader(cors: &Cors, headers: &HeaderMap) -> Option<AllowedOrigin> {
    if cors.origins.is_empty() {
        return None;
    }
    let origin = headers.get(ORIGIN);
    if cors.origins.iter().any(|known| known == "*") {
        return origin.map(|_| AllowedOrigin::Any);
    }
    let known = origin.filter(|origin| cors.origins.iter().any(|known| known.as_bytes() == origin.as_bytes()));
    Some(known.map_or(AllowedOrigin::Other, |origin| AllowedOrigin::Page(origin.clone())))
}

/// Says in an answer who may read it. Where that hangs on who asks, every answer says so, or a cache would give the answer
/// for one page to another.
pub(crate) fn add(headers: &mut HeaderMap, reader: AllowedOrigin) {
    if !matches!(reader, AllowedOrigin::Any) {
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
    let origin = match reader {
        AllowedOrigin::Any => HeaderValue::from_static("*"),
        AllowedOrigin::Page(origin) => origin,
        AllowedOrigin::Other => return,
    };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
}

/// What a page is told that asks beforehand whether it may ask: the methods of the path, and the headers that it names.
/// Nothing if it is no such question, or not for this page.
pub(crate) fn preflight(cors: &Cors, path: Option<&ApiPath<'_>>, parts: &Parts) -> Option<HeaderMap> {
    if parts.method != Method::OPTIONS || !parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    if let AllowedOrigin::Other = reader(cors, &parts.headers)? {
        return None;
    }
    let methods = path?.methods;
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    if let Some(asked) = parts.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(cors.max_age.as_secs()));
    Some(headers)
}
