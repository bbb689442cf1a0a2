//! Requests that are signed as AWS' SDKs sign them: whose they are is known when their body is, which the signature covers.

use crate::request::language::ClientLanguage;
use crate::request::read_body;
use crate::request::record::Record;
use crate::request::refusal::Refusal;
use bytes::Bytes;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use std::rc::Rc;
use std::time::SystemTime;
use weir_dialect::WireFormat;
use weir_server::RequestBody;
use weir_tenancy::Caller;

/// So many bodies are read at once of whom nobody knows yet whose they are.
const MOST: usize = 64;
/// What the `authorization` of such a request begins with.
const SCHEME: &[u8] = b"AWS4-HMAC-SHA256";

/// The body of a request: to be read, or read already, to find out whose it is.
pub(crate) enum SentBody {
    ToCome(RequestBody),
    Read(Bytes),
    /// It was taken.
    Taken,
}

impl SentBody {
    /// Takes it out.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Taken)
    }
}

/// Whether a request is signed. Clients of Bedrock alone do that.
pub(crate) fn is_signed(client: ClientLanguage, headers: &HeaderMap) -> bool {
    client.wire == WireFormat::Converse
        && headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(SCHEME))
}

/// Whose a signed request is. Its body is read for that, one of few at once, and as long as all are.
pub(crate) async fn prove(record: &mut Record, parts: &mut Parts, body: &mut SentBody) -> Result<Caller, Refusal> {
    let held = Rc::clone(&record.held);
    let snapshot = &*held.snapshot;
    let claimed = snapshot.tenants.claimed(&parts.headers).map_err(Refusal::NotSigned)?;
    let SentBody::ToCome(sent) = body.take() else { return Err(Refusal::Internal) };
    let _place = record.worker().shared.unverified.enter(MOST).ok_or(Refusal::Overloaded)?;
    let head = parts.clone();
    let bytes = read_body::whole(&mut parts.headers, sent, &snapshot.config.limits, record).await?;
    let caller = claimed.proven(&head, &bytes, SystemTime::now()).map_err(Refusal::NotSigned)?;
    *body = SentBody::Read(bytes);
    Ok(caller)
}
