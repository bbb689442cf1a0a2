//! What a signed request says of its signature, before anything of it is checked.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST};

use crate::error::SigV4Error;
use crate::key::{ALGORITHM, SERVICE, TERMINATOR, unhex};

/// When it was signed.
pub(crate) const DATE: &str = "x-amz-date";
/// What belongs to credentials that are given out for a time.
pub(crate) const TOKEN: &str = "x-amz-security-token";
/// The hash of the body, where the client says it.
pub(crate) const CONTENT: &str = "x-amz-content-sha256";
/// So many headers may be signed.
const SIGNED: usize = 64;

/// What `authorization` says.
pub(crate) struct SignatureClaim<'a> {
    pub(crate) day: &'a str,
    pub(crate) region: &'a str,
    /// Names in lower case, sorted, each once; `host` among them.
    pub(crate) signed: Vec<&'a str>,
    pub(crate) signature: [u8; 32],
}

/// The access key id that a request says it was signed with: a key's id, which is public, and of which nothing is proven yet.
/// None where the request has no `authorization` header of this scheme, or more than one header of that name.
#[must_use]
pub fn claimed_key_id(headers: &HeaderMap) -> Option<&str> {
    let parts = parts(headers).ok()?;
    let (id, _) = parts.credential.split_once('/')?;
    Some(id).filter(|id| !id.is_empty())
}

struct ClaimParts<'a> {
    credential: &'a str,
    signed: &'a str,
    signature: &'a str,
}

fn parts(headers: &HeaderMap) -> Result<ClaimParts<'_>, SigV4Error> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(SigV4Error::Absent) };
    let value = value.to_str().map_err(|_| SigV4Error::Absent)?;
    let rest = value.strip_prefix(ALGORITHM).and_then(|rest| rest.strip_prefix(' ')).ok_or(SigV4Error::Absent)?;
    let (mut credential, mut signed, mut signature) = (None, None, None);
    for part in rest.split(',') {
        let (name, value) = part.trim().split_once('=').ok_or(SigV4Error::Malformed("a part has no value"))?;
        let place = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed,
            "Signature" => &mut signature,
            _ => return Err(SigV4Error::Malformed("a part is not known")),
        };
        if place.replace(value).is_some() {
            return Err(SigV4Error::Malformed("a part is there twice"));
        }
    }
    match (credential, signed, signature) {
        (Some(credential), Some(signed), Some(signature)) => Ok(ClaimParts { credential, signed, signature }),
        _ => Err(SigV4Error::Malformed("Credential, SignedHeaders and Signature have to be there")),
    }
}

impl<'a> SignatureClaim<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// [`SigV4Error`]: it is none, is for another service, or leaves `host` or `x-amz-date` unsigned.
    pub(crate) fn of(headers: &'a HeaderMap) -> Result<Self, SigV4Error> {
        let ClaimParts { credential, signed, signature } = parts(headers)?;
        let mut scope = credential.split('/');
        let (Some(_id), Some(day), Some(region), Some(service), Some(TERMINATOR), None) =
            (scope.next(), scope.next(), scope.next(), scope.next(), scope.next(), scope.next())
        else {
            return Err(SigV4Error::Malformed("Credential is not ID/DAY/REGION/SERVICE/aws4_request"));
        };
        if service != SERVICE {
            return Err(SigV4Error::Service);
        }
        let signed: Vec<&str> = signed.split(';').take(SIGNED.saturating_add(1)).collect();
        let is_lower = |name: &&str| !name.is_empty() && !name.bytes().any(|b| b.is_ascii_uppercase());
        let in_order = signed.is_sorted_by(|one, next| one < next);
        if signed.len() > SIGNED || !in_order || !signed.iter().all(is_lower) {
            return Err(SigV4Error::Malformed("SignedHeaders has to be sorted names in lower case, each once"));
        }
        // Of what begins so everything counts, as AWS has it: it changes what a request means.
        let amz = headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
        if let Some(left) = [HOST.as_str(), DATE].into_iter().chain(amz).find(|name| !signed.contains(name)) {
            return Err(SigV4Error::Unsigned(left.into()));
        }
        let signature = unhex(signature).ok_or(SigV4Error::Malformed("Signature is not 64 hexadecimal digits"))?;
        Ok(Self { day, region, signed, signature })
    }
}
