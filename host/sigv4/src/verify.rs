//! Checking the signature of a request that came.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::HOST;
use http::request::Parts;
use ring::hmac;

use crate::canonical::CanonicalRequest;
use crate::claim::{CONTENT, DATE, SignatureClaim};
use crate::error::SigV4Error;
use crate::key::{hash, signing_key, string_to_sign};
use crate::time::AmzTime;

/// How far a signature's time may be from ours. For so long one that somebody overheard could be sent again, as it can at AWS.
pub const SKEW: Duration = Duration::from_secs(5 * 60);

/// Checks that whoever has `secret` signed this request, head and body, within [`SKEW`] of `now`. One hash of the body, and
/// the signature is compared in constant time. Whose secret it has to be says [`claimed_key_id`](crate::claimed_key_id); any
/// region will do.
///
/// # Errors
/// [`SigV4Error`], which says what is wrong without a word of what would be right.
pub fn verify(head: &Parts, body: &[u8], secret: &str, now: SystemTime) -> Result<(), SigV4Error> {
    let claim = SignatureClaim::of(&head.headers)?;
    let stamp = only(&head.headers, DATE).ok_or(SigV4Error::Date)?;
    let time = AmzTime::parse(stamp).filter(|time| time.day() == claim.day).ok_or(SigV4Error::Date)?;
    if time.distance(AmzTime::of(now)) > SKEW {
        return Err(SigV4Error::Skew);
    }
    let body = hash(body);
    if head.headers.contains_key(CONTENT) && only(&head.headers, CONTENT) != Some(&body) {
        return Err(SigV4Error::Body);
    }
    let authority = head.uri.authority().map(|authority| authority.as_str().as_bytes());
    let host = head.headers.get(HOST).map(http::HeaderValue::as_bytes).or(authority);
    let canonical = CanonicalRequest {
        method: &head.method,
        uri: &head.uri,
        host: host.ok_or_else(|| SigV4Error::Missing(HOST.as_str().into()))?,
        headers: &head.headers,
        body: &body,
    };
    let text = string_to_sign(stamp, claim.day, claim.region, &canonical.text(&claim.signed)?);
    let key = signing_key(secret, claim.day, claim.region);
    hmac::verify(&key, text.as_bytes(), &claim.signature).map_err(|_| SigV4Error::Mismatch)
}

/// A header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() { None } else { Some(value) }
}
