//! Whether a refusal is about the account at the provider, which is the gateway's.

use weir_http::json::{self, Span};

/// Codes and types of errors that are about the account at the provider, which is the gateway's: its key, its credit.
/// Providers send them with statuses that otherwise mean the request or its rate.
const ACCOUNT: [&[u8]; 11] = [
    // OpenAI
    b"\"insufficient_quota\"",
    b"\"billing_not_active\"",
    b"\"billing_hard_limit_reached\"",
    b"\"account_deactivated\"",
    b"\"access_terminated\"",
    b"\"invalid_api_key\"",
    // Groq
    b"\"organization_restricted\"",
    // Moonshot
    b"\"exceeded_current_quota_error\"",
    // DeepSeek, Alibaba, Volcengine
    b"\"insufficient_balance\"",
    b"\"Arrearage\"",
    b"\"AccountOverdueError\"",
];

/// Whether the body of a refusal says that the provider does not serve the gateway's account: `code` or `type`, of the
/// `error` or of the object itself, is one of a few names. What the error's text says decides nothing, for clients have a
/// hand in it.
pub fn blames_account(body: &[u8]) -> bool {
    let mut error = None;
    let mut blames = false;
    let outline = json::outline(body, |key, span| {
        if key == "error" {
            error = Some(span);
        }
        blames |= (key == "code" || key == "type") && ACCOUNT.contains(&span.of(body));
    });
    let within = error.map(|span: Span| span.of(body)).filter(|value| value.first() == Some(&b'{'));
    if let Some(error) = within {
        let _ = json::outline(error, |key, span| {
            blames |= (key == "code" || key == "type") && ACCOUNT.contains(&span.of(error));
        });
    }
    blames && outline.is_ok()
}
