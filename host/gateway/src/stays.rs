//! Which headers of a provider's answer are between it and the gateway, and never reach a client.

/// Whether a header, named in lower case, stays here.
///
/// To its clients the gateway is the origin: what a provider says about an origin, to browsers or about whoever has an
/// account with it, is true of another one.
pub(crate) fn is_providers_own(name: &str) -> bool {
    is_about_the_origin(name) || is_about_the_account(name)
}

/// What clients, browsers above all, would obey in the name of the gateway: cookies, other places, rules for pages.
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
    use super::is_providers_own;

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
            assert!(is_providers_own(name), "{name}");
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
            "x-request-id",
            "x-custom",
        ] {
            assert!(!is_providers_own(name), "{name}");
        }
    }
}
