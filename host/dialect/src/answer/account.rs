//! Whether a refusal is about the account at the provider, which is the gateway's.

use memchr::memmem;
use weir_http::json::{self, Span};

/// Codes and types of errors that are about the account at the provider: the gateway's key, its credit. Providers send them
/// with statuses that otherwise mean the request or its rate.
const ACCOUNT: [&str; 15] = [
    // OpenAI
    "insufficient_quota",
    "billing_not_active",
    "billing_hard_limit_reached",
    "account_deactivated",
    "access_terminated",
    "invalid_api_key",
    // Groq
    "organization_restricted",
    // Moonshot
    "exceeded_current_quota_error",
    // DeepSeek, Alibaba, Volcengine
    "insufficient_balance",
    "Arrearage",
    "AccountOverdueError",
    // Anthropic
    "billing_error",
    // Google, in `details`
    "API_KEY_INVALID",
    "API_KEY_SERVICE_BLOCKED",
    "BILLING_DISABLED",
];

/// So deep errors are looked for within errors.
const DEPTH: u8 = 3;

/// What the body of a refusal says of the gateway's account at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountBlame {
    /// Nothing: it is about the request, as far as it is about anything.
    Request,
    /// That the provider does not serve it.
    Account,
    /// It is not read as JSON, and one of the names of that stands in it.
    PerhapsAccount,
    /// Nobody can tell, for it is no text: in another coding than it says, or in one of characters with which it is not read.
    Unreadable,
}

/// Whom the body of a refusal blames. It says the account where `code`, `type` or `reason`, of the object itself or of what
/// stands in it as `error`, `errors`, `detail` or `details`, is one of a few names; a list of such objects says what each of them does. What an
/// error's text says decides nothing, for clients have a hand in it; only where nothing can be read is a name enough for a
/// doubt.
pub fn blame(body: &[u8]) -> AccountBlame {
    match says_account(body, DEPTH) {
        Some(true) => AccountBlame::Account,
        Some(false) => AccountBlame::Request,
        None if body.iter().any(is_binary) => AccountBlame::Unreadable,
        None if ACCOUNT.iter().any(|name| memmem::find(body, name.as_bytes()).is_some()) => {
            AccountBlame::PerhapsAccount
        }
        None => AccountBlame::Request,
    }
}

/// Whether an object says so, or one of a list; none if it is neither, or not all there.
fn says_account(text: &[u8], depth: u8) -> Option<bool> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let text = text.strip_prefix(MARK).unwrap_or(text).trim_ascii();
    if text.first() != Some(&b'[') {
        return object(text, depth);
    }
    let (mut says, mut are_objects) = (false, true);
    let read = json::elements(text, Span { start: 0, end: text.len() }, |span, _| match object(span.of(text), depth) {
        Some(object) => says |= object,
        None => are_objects = false,
    });
    (read.is_ok() && are_objects).then_some(says)
}

fn object(text: &[u8], depth: u8) -> Option<bool> {
    let mut says = false;
    let outline = json::outline(text, |key, span| {
        let value = span.of(text);
        if key == "code" || key == "type" || key == "reason" {
            says |= json::string(value).is_some_and(|name| ACCOUNT.contains(&&*name));
        } else if depth > 0 && ["error", "errors", "detail", "details"].iter().any(|name| key == **name) {
            says |= says_account(value, depth - 1) == Some(true);
        }
    });
    outline.is_ok().then_some(says)
}

/// Whether a byte stands in no text of a coding that has ASCII in it: with two bytes or more for each character there are
/// zeros, and what is compressed has some of any byte.
///
/// Source: WHATWG MIME Sniffing, 3 "binary data byte".
fn is_binary(byte: &u8) -> bool {
    matches!(byte, 0..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)
}
