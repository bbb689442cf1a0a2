//! Header fields that are not everybody's: which carry credentials, which stay between a provider and the gateway, and which
//! the gateway alone says to its clients. One table for whoever strips, hides or sets fields.

/// Fields that carry credentials, in lower case: those that clients and gateways of language models are known to send, and
/// those that web servers and proxies know.
pub const CREDENTIALS: [&str; 22] = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "x-goog-api-key",
    "api-key",
    "apikey",
    "ocp-apim-subscription-key",
    "cf-aig-authorization",
    "cf-access-client-secret",
    "cf-access-jwt-assertion",
    "x-portkey-api-key",
    "x-litellm-api-key",
    "helicone-auth",
    "private-token",
    "x-vault-token",
    "x-functions-key",
    "x-amz-security-token",
    "x-goog-iam-authorization-token",
    "cookie",
    "set-cookie",
    "set-cookie2",
    "dpop",
];

/// Whether a field, named in lower case, carries a credential: one of [`CREDENTIALS`], or one whose name ends as those do. No
/// plugin sees or sets it.
#[must_use]
pub fn is_credential(name: &str) -> bool {
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    // Looked at by the last letter, for this is asked of every header that a plugin asks for.
    let by_its_end = match name.as_bytes().last() {
        Some(b'y') => ends(&["api-key", "api_key", "apikey", "access-key", "subscription-key"]),
        Some(b'n') => ends(&["authorization", "access-token", "auth-token"]),
        Some(b't') => name.ends_with("client-secret"),
        _ => false,
    };
    by_its_end || CREDENTIALS.contains(&name)
}

/// Whether a field of a provider's answer, named in lower case, stays here: what the gateway says itself, and what is between
/// it and the provider.
///
/// To its clients the gateway is the origin: what a provider says about an origin, to browsers or about whoever has an
/// account with it, is true of another one.
#[must_use]
#[inline]
pub fn is_stripped(name: &str) -> bool {
    is_said_by_the_gateway(name) || is_about_the_origin(name) || is_about_the_account(name)
}

/// Whether a field, named in lower case, is not a plugin's to set in an answer: it is stripped from what providers say, or
/// the gateway says it where it is true.
#[must_use]
pub fn is_the_gateways(name: &str) -> bool {
    const SAID: [&str; 7] =
        ["x-upstream-request-id", "x-should-retry", "retry-after", "retry-after-ms", "via", "server-timing", "allow"];
    is_stripped(name) || is_hop(name) || SAID.contains(&name)
}

/// Whether a field, named in lower case, concerns one connection alone (RFC 9110 section 7.6.1).
pub(crate) fn is_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "te"
            | "trailer"
            | "trailers"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
            | "expect"
    ) || name.starts_with("proxy-")
}

/// What the gateway says of itself in the head of every answer.
#[inline]
fn is_said_by_the_gateway(name: &str) -> bool {
    matches!(name, "x-request-id" | "x-client-request-id")
        || name.starts_with("x-weir-")
        || name.starts_with("x-ratelimit-")
}

/// What clients, browsers above all, would obey in the name of the gateway: cookies, other places, rules for pages.
#[inline]
fn is_about_the_origin(name: &str) -> bool {
    // Looked at by the first letter, for this is asked of every header of every answer.
    match name.as_bytes().first() {
        Some(b'a') => matches!(name, "accept-ch" | "alt-svc" | "alt-used") || name.starts_with("access-control-"),
        Some(b'c') => {
            matches!(name, "clear-site-data" | "content-location" | "critical-ch")
                || name.starts_with("content-security-policy")
                || name.starts_with("cross-origin-")
        }
        Some(b'e') => name == "expect-ct",
        Some(b'f') => name == "feature-policy",
        Some(b'l') => matches!(name, "link" | "location"),
        Some(b'n') => name == "nel",
        Some(b'o') => name == "origin-agent-cluster",
        Some(b'p') => matches!(name, "p3p" | "permissions-policy") || name.starts_with("public-key-pins"),
        Some(b'r') => matches!(name, "referrer-policy" | "refresh" | "report-to" | "reporting-endpoints"),
        Some(b's') => {
            name.starts_with("set-cookie")
                || matches!(name, "service-worker-allowed" | "sourcemap" | "speculation-rules")
                || matches!(name, "strict-transport-security" | "supports-loading-mode")
        }
        Some(b't') => name == "timing-allow-origin",
        Some(b'x') => matches!(name, "x-frame-options" | "x-sourcemap" | "x-xss-protection"),
        _ => false,
    }
}

/// What a provider says to who has an account with it: how to prove it, and who that is.
#[inline]
fn is_about_the_account(name: &str) -> bool {
    let names_one =
        |name: &str| ["-organization", "-project", "-account", "-workspace"].iter().any(|end| name.ends_with(end));
    match name.as_bytes() {
        [b'a', b'u', ..] => matches!(name, "authentication-control" | "authentication-info"),
        [.., b'e'] => matches!(name, "www-authenticate" | "optional-www-authenticate") || names_one(name),
        [.., b'n' | b't'] => names_one(name),
        _ => name.strip_suffix("-id").is_some_and(names_one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_about_origins_and_accounts_stays_and_the_rest_passes() {
        for name in [
            "set-cookie",
            "set-cookie2",
            "www-authenticate",
            "location",
            "refresh",
            "clear-site-data",
            "openai-organization",
            "openai-project",
            "anthropic-organization-id",
            "access-control-allow-origin",
            "content-security-policy-report-only",
            "cross-origin-opener-policy",
            "optional-www-authenticate",
            "authentication-info",
            "x-workspace-id",
            "anthropic-workspace",
            "content-location",
        ] {
            assert!(is_stripped(name), "{name}");
        }
        for name in [
            "content-type",
            "content-encoding",
            "openai-processing-ms",
            "openai-version",
            "openai-model",
            "anthropic-version",
            "cf-ray",
            "server",
            "date",
            "retry-after",
            "x-custom",
        ] {
            assert!(!is_stripped(name), "{name}");
        }
    }

    #[test]
    fn what_the_gateway_says_it_says_alone() {
        for name in [
            "x-request-id",
            "x-client-request-id",
            "x-upstream-request-id",
            "x-weir-upstream",
            "x-weir-generation",
            "x-weir-anything",
            "x-ratelimit-limit-requests",
            "x-ratelimit-remaining-tokens",
            "x-should-retry",
            "retry-after",
            "via",
            "server-timing",
            "set-cookie",
            "location",
            "access-control-allow-origin",
            "strict-transport-security",
            "www-authenticate",
            "proxy-authenticate",
            "trailer",
        ] {
            assert!(is_the_gateways(name), "{name}");
        }
        for name in ["content-type", "x-noted", "x-cost-centre", "cache-control", "etag", "x-ratelimits", "x-weird"] {
            assert!(!is_the_gateways(name), "{name}");
        }
    }

    #[test]
    fn credentials_are_known_by_name_or_by_how_their_names_end() {
        let others = [
            "x-openai-api-key",
            "anthropic-api-key",
            "x-forwarded-access-token",
            "x-forwarded-authorization",
            "x-auth-token",
            "x-client-secret",
            "x-amz-access-key",
        ];
        for name in CREDENTIALS.iter().chain(&others) {
            assert!(is_credential(name), "{name}");
        }
        for name in [
            "content-type",
            "idempotency-key",
            "x-team",
            "user-agent",
            "traceparent",
            "x-max-tokens",
            "x-author",
            "x-token",
            "x-csrf-token",
            "accept",
        ] {
            assert!(!is_credential(name), "{name}");
        }
    }
}
