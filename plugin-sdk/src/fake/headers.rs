//! Which headers a plugin may see and set.

use super::state::Message;

/// Never shown to a plugin and never set by one, with those whose names end as [`CREDENTIAL_ENDS`] say.
const CREDENTIALS: [&str; 11] = [
    "cookie",
    "set-cookie",
    "set-cookie2",
    "dpop",
    "cf-access-jwt-assertion",
    "helicone-auth",
    "private-token",
    "x-vault-token",
    "x-functions-key",
    "x-amz-security-token",
    "x-goog-iam-authorization-token",
];
const CREDENTIAL_ENDS: [&str; 9] = [
    "api-key",
    "api_key",
    "apikey",
    "access-key",
    "subscription-key",
    "authorization",
    "access-token",
    "auth-token",
    "client-secret",
];
/// What the gateway says in answers itself.
const SAID: [&str; 9] = [
    "x-request-id",
    "x-client-request-id",
    "x-upstream-request-id",
    "x-should-retry",
    "retry-after",
    "retry-after-ms",
    "via",
    "server-timing",
    "location",
];

/// Whether a header carries a credential.
pub(super) fn is_credential(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    CREDENTIALS.contains(&lower.as_str()) || CREDENTIAL_ENDS.iter().any(|end| lower.ends_with(end))
}

/// The host's own: framing and hop-by-hop.
const HOSTS_OWN: [&str; 10] = [
    "content-length",
    "transfer-encoding",
    "host",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "proxy-connection",
];

fn may_set(name: &str, value: &str) -> Result<(), String> {
    if is_credential(name) {
        return Err(format!("the header `{name}` is the gateway's own and cannot be changed"));
    }
    may_send(name, value)
}

/// Why a header cannot be set by a plugin in any message: not lawful, or framing.
pub(super) fn may_send(name: &str, value: &str) -> Result<(), String> {
    let lower = name.to_ascii_lowercase();
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if lower.is_empty() || !lower.bytes().all(token) {
        return Err(format!("`{name}` is not the name of a header"));
    }
    if HOSTS_OWN.contains(&lower.as_str()) {
        return Err(format!("the header `{lower}` is the gateway's own and cannot be changed"));
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(format!("the value of `{lower}` has a control character in it"));
    }
    Ok(())
}

pub(super) fn put_header(message: &mut Message, name: &str, value: Option<&str>) -> Result<(), String> {
    may_set(name, value.unwrap_or_default())?;
    message.headers.retain(|(have, _)| !have.eq_ignore_ascii_case(name));
    if let Some(value) = value {
        message.headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    Ok(())
}

/// The same of the answer, in which the gateway says some things itself.
pub(super) fn put_reply_header(message: &mut Message, name: &str, value: &str) -> Result<(), String> {
    let lower = name.to_ascii_lowercase();
    if SAID.contains(&lower.as_str()) || lower.starts_with("x-weir-") || lower.starts_with("x-ratelimit-") {
        return Err(format!("the header `{lower}` is the gateway's own and cannot be changed"));
    }
    put_header(message, name, Some(value))
}
