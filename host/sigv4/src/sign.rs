//! Signing a request.

use std::time::SystemTime;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use ring::hmac;

use crate::canonical::CanonicalRequest;
use crate::claim::{DATE, TOKEN};
use crate::error::SigV4Error;
use crate::identity::SigningIdentity;
use crate::key::{ALGORITHM, SERVICE, TERMINATOR, hash, hex, signing_key, string_to_sign};
use crate::time::AmzTime;

/// Signs a request, as the last thing that is done to it: puts `x-amz-date`, `authorization` and, for credentials that have
/// one, `x-amz-security-token` into its headers, in place of what stands there. `host` is what its `Host` or `:authority` will
/// be. Signed are the method, the target, the body, `host`, `content-type` and everything of `x-amz-…`; what others may add or
/// change on the way is not.
///
/// # Errors
/// [`SigV4Error::Malformed`]: the identity holds what no header can.
pub fn sign<B: AsRef<[u8]>>(
    request: &mut Request<B>,
    host: &str,
    identity: &SigningIdentity,
    now: SystemTime,
) -> Result<(), SigV4Error> {
    let time = AmzTime::of(now);
    let (day, stamp) = (time.day(), time.text());
    let headers = request.headers_mut();
    headers.remove(AUTHORIZATION);
    headers.insert(DATE, value(&stamp)?);
    match &identity.session_token {
        Some(token) => drop(headers.insert(TOKEN, secret_value(token)?)),
        None => drop(headers.remove(TOKEN)),
    }
    let headers = request.headers();
    let signed = signed(headers);
    let signed: Vec<&str> = signed.iter().map(HeaderName::as_str).collect();
    let canonical = CanonicalRequest {
        method: request.method(),
        uri: request.uri(),
        host: host.as_bytes(),
        headers,
        body: &hash(request.body().as_ref()),
    };
    let text = string_to_sign(&stamp, &day, &identity.region, &canonical.text(&signed)?);
    let key = signing_key(&identity.secret_access_key, &day, &identity.region);
    let (id, region) = (&identity.access_key_id, &identity.region);
    let (names, signature) = (signed.join(";"), hex(hmac::sign(&key, text.as_bytes()).as_ref()));
    let scope = format!("{id}/{day}/{region}/{SERVICE}/{TERMINATOR}");
    let line = format!("{ALGORITHM} Credential={scope}, SignedHeaders={names}, Signature={signature}");
    request.headers_mut().insert(AUTHORIZATION, secret_value(&line)?);
    Ok(())
}

/// The names of what is signed, sorted.
fn signed(headers: &HeaderMap) -> Vec<HeaderName> {
    let is_signed = |name: &&HeaderName| **name == CONTENT_TYPE || name.as_str().starts_with("x-amz-");
    let mut names: Vec<HeaderName> = headers.keys().filter(is_signed).cloned().chain([HOST]).collect();
    names.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    names
}

fn value(text: &str) -> Result<HeaderValue, SigV4Error> {
    HeaderValue::from_str(text).map_err(|_| SigV4Error::Malformed("what is signed with cannot stand in a header"))
}

fn secret_value(text: &str) -> Result<HeaderValue, SigV4Error> {
    let mut value = value(text)?;
    value.set_sensitive(true);
    Ok(value)
}
