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
/// Whether a header carries a credential.
pub(super) fn is_credential(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    CREDENTIALS.contains(&lower.as_str()) || CREDENTIAL_ENDS.iter().any(|end| lower.ends_with(end))
}

/// Headers that frame or address a message, or concern one connection: the host's own, whoever the message is for.
const FRAMING: [&str; 12] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "via",
    "expect",
    "http2-settings",
    "proxy-connection",
];
/// More of them in the messages that the host writes itself.
const HOSTS_OWN: [&str; 3] = ["content-encoding", "accept-encoding", "x-request-id"];

fn may_set(name: &str, value: &str) -> Result<(), String> {
    if is_credential(name) || HOSTS_OWN.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!("the header `{name}` is the gateway's own and cannot be changed"));
    }
    may_send(name, value)
}

/// Why a header cannot be set by a plugin in any message: not valid, or framing.
pub(super) fn may_send(name: &str, value: &str) -> Result<(), String> {
    let lower = name.to_ascii_lowercase();
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if lower.is_empty() || !lower.bytes().all(token) {
        return Err(format!("`{name}` is not the name of a header"));
    }
    if FRAMING.contains(&lower.as_str()) {
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
    if is_the_gateways(&lower) {
        return Err(format!("the header `{lower}` is the gateway's own and cannot be changed"));
    }
    put_header(message, name, Some(value))
}

/// Whether a header of the answer, in lower case, is the gateway's to say, or is stripped from what providers say.
fn is_the_gateways(name: &str) -> bool {
    const SAID: [&str; 21] = [
        "x-client-request-id",
        "x-upstream-request-id",
        "x-should-retry",
        "retry-after",
        "retry-after-ms",
        "server-timing",
        "allow",
        "trailers",
        "accept-ch",
        "alt-svc",
        "alt-used",
        "clear-site-data",
        "content-location",
        "critical-ch",
        "expect-ct",
        "feature-policy",
        "link",
        "location",
        "nel",
        "origin-agent-cluster",
        "p3p",
    ];
    const MORE: [&str; 17] = [
        "permissions-policy",
        "referrer-policy",
        "refresh",
        "report-to",
        "reporting-endpoints",
        "service-worker-allowed",
        "sourcemap",
        "speculation-rules",
        "strict-transport-security",
        "supports-loading-mode",
        "timing-allow-origin",
        "x-frame-options",
        "x-sourcemap",
        "x-xss-protection",
        "authentication-control",
        "authentication-info",
        "optional-www-authenticate",
    ];
    const BEGINNINGS: [&str; 8] = [
        "x-weir-",
        "x-ratelimit-",
        "proxy-",
        "access-control-",
        "content-security-policy",
        "cross-origin-",
        "public-key-pins",
        "set-cookie",
    ];
    let accounts = ["-organization", "-project", "-account", "-workspace"];
    let names_one = |name: &str| accounts.iter().any(|end| name.ends_with(end));
    SAID.contains(&name)
        || MORE.contains(&name)
        || name == "www-authenticate"
        || BEGINNINGS.iter().any(|begins| name.starts_with(begins))
        || names_one(name)
        || name.strip_suffix("-id").is_some_and(names_one)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
