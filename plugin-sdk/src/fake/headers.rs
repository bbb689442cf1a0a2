//! Which headers a plugin may see and set.

use super::state::Message;

/// Never shown to a plugin and never set by one.
pub(super) const CREDENTIALS: [&str; 7] =
    ["authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "set-cookie"];
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
    if CREDENTIALS.contains(&name.to_ascii_lowercase().as_str()) {
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
