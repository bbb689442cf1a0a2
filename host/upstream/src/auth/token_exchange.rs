//! Exchanging a service account's key for a token (RFC 7523; Google's "Using OAuth 2.0 for Server to Server Applications").

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, StatusCode, Uri};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use weir_config::{Authorities, ServiceAccount};

use crate::egress::Egress;

/// What is asked for: as much as the account may.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// How long an exchange may take.
const WITHIN: Duration = Duration::from_secs(10);
/// Bytes of an answer.
const MOST: usize = 64 << 10;
/// How long a token holds at most, whatever is said of it.
const LONGEST: u64 = 24 * 60 * 60;

/// A token that was just exchanged.
pub(crate) struct NewToken {
    /// `Bearer …`, marked sensitive.
    pub(crate) header: HeaderValue,
    /// How long it holds, from when it was asked for.
    pub(crate) life: Duration,
    /// When it no longer does.
    pub(crate) until: Instant,
}

/// A key, and where it is exchanged. `Debug` shows neither.
pub(crate) struct TokenExchange {
    account: ServiceAccount,
    key: RsaKeyPair,
    uri: Uri,
    out: Egress,
}

impl fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchange").finish_non_exhaustive()
    }
}

impl TokenExchange {
    /// Of this account, at a server that these authorities vouch for, or the public ones if there are none.
    ///
    /// # Errors
    /// What is wrong, in words for the operator: no RSA key of 2,048 bits or more, no URL, no TLS.
    pub(crate) fn new(account: &ServiceAccount, authorities: Option<&Authorities>) -> Result<Self, String> {
        let pem = account.private_key.expose().as_bytes();
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| "its private_key is no PEM".to_owned())?;
        let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
            .map_err(|why| format!("its private_key is no RSA key that can be used ({why})"))?;
        let uri = Uri::try_from(&account.token_uri).map_err(|_| "its token_uri is no URL".to_owned())?;
        // Where it leads the operator's own file says.
        let out = Egress::new(true, authorities).map_err(|why| why.to_string())?;
        Ok(Self { account: account.clone(), key, uri, out })
    }

    /// Exchanges it once.
    ///
    /// # Errors
    /// Why there is no token, without a word of what was sent.
    pub(crate) async fn exchange(&self) -> Result<NewToken, String> {
        let asked = Instant::now();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let assertion = self.assertion(now)?;
        let body = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
        let mut request = Request::post(self.uri.clone()).body(Bytes::from(body)).map_err(|why| why.to_string())?;
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        let answer = self.out.send(request, MOST, WITHIN).await.map_err(|why| why.to_string())?;
        read(answer.status(), answer.body(), asked)
    }

    /// What says who asks, signed (RFC 7519, RFC 7518 section 3.3).
    fn assertion(&self, now: u64) -> Result<String, String> {
        let mut head = json!({"alg": "RS256", "typ": "JWT"});
        if let (Some(id), Some(head)) = (&self.account.key_id, head.as_object_mut()) {
            head.insert("kid".to_owned(), id.as_str().into());
        }
        let claims = json!({
            "iss": self.account.email,
            "scope": SCOPE,
            "aud": self.account.token_uri,
            "iat": now,
            "exp": now.saturating_add(3_600),
        });
        let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let text = format!("{}.{}", part(&head), part(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| "its private_key does not sign".to_owned())?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The token in an answer (RFC 6749 sections 5.1 and 5.2).
fn read(status: StatusCode, body: &[u8], asked: Instant) -> Result<NewToken, String> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    if status != StatusCode::OK {
        let is_code = |code: &&str| code.len() <= 64 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let code = answer.get("error").and_then(Value::as_str).filter(is_code);
        return Err(format!(
            "the token server answered {status}{}",
            code.map(|code| format!(" ({code})")).unwrap_or_default()
        ));
    }
    let token = answer.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    let is_token = |token: &&str| token.bytes().all(|b| b.is_ascii_graphic());
    let token = token.filter(is_token).ok_or("the token server answered without a token")?;
    let seconds = answer.get("expires_in").and_then(Value::as_u64).filter(|seconds| *seconds > 0);
    let seconds = seconds.ok_or("the token server does not say how long its token holds")?.min(LONGEST);
    let mut header =
        HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| "the token cannot stand in a header")?;
    header.set_sensitive(true);
    let life = Duration::from_secs(seconds);
    Ok(NewToken { header, life, until: asked.checked_add(life).unwrap_or(asked) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
