//! What the status of an upstream's answer means. Every decision that depends on a status is taken from this one table,
//! which `docs/operating.md` shows as well.

use http::StatusCode;

/// What an answer with some status is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An answer, if its body is one.
    Answer,
    /// About the request: whoever sent it has to know, in the upstream's words.
    Request,
    /// About the gateway's account: its key, its credit, its rights.
    Account,
    /// Too many requests of the gateway's.
    RateLimited,
    /// Not now: nothing is wrong, and nothing was done.
    Overloaded,
    /// Not in time.
    TimedOut,
    /// It failed.
    Failed,
    /// A proxy answers because it did not get through to the upstream: nothing was done.
    Unreachable,
    /// It does not do such requests, today or tomorrow.
    Unable,
}

/// What follows from a class.
struct Consequences {
    name: &'static str,
    /// It goes to the client.
    relayed: bool,
    /// Asking again after a while may help.
    passes: bool,
    /// It speaks against the upstream's health.
    failure: bool,
}

impl Class {
    const fn consequences(self) -> Consequences {
        let (name, relayed, passes, failure) = match self {
            Self::Answer => ("answer", true, false, false),
            Self::Request => ("the client's", true, false, false),
            Self::Account => ("account", false, false, false),
            Self::RateLimited => ("rate-limited", false, true, false),
            Self::Overloaded => ("overloaded", false, true, true),
            Self::TimedOut => ("timed out", false, true, true),
            Self::Failed => ("failed", false, true, true),
            Self::Unreachable => ("unreachable", false, true, true),
            Self::Unable => ("unable", false, false, false),
        };
        Consequences { name, relayed, passes, failure }
    }

    /// Whether the answer goes to the client. Every other is thrown away in favour of the next target.
    #[must_use]
    pub fn is_relayed(self) -> bool {
        self.consequences().relayed
    }

    /// Whether the same upstream may have something better to say when it is asked again after a while.
    #[must_use]
    pub fn may_pass(self) -> bool {
        self.consequences().passes
    }

    /// Whether it speaks against the upstream's health.
    #[must_use]
    pub fn is_failure(self) -> bool {
        self.consequences().failure
    }

    /// Its name in the documentation.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.consequences().name
    }
}

/// A row of the table: the statuses from `first` to `last` that no row before it has, and why they are what they are.
struct Row {
    first: u16,
    last: u16,
    class: Class,
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers, here and in the documentation"))]
    why: &'static str,
}

const fn one(status: u16, class: Class, why: &'static str) -> Row {
    Row { first: status, last: status, class, why }
}

const fn all(first: u16, last: u16, class: Class, why: &'static str) -> Row {
    Row { first, last, class, why }
}

/// The table. Sources: RFC 9110 section 15, RFC 6585, RFC 8470, RFC 4918; Cloudflare's and the providers' documentation.
const TABLE: &[Row] = &[
    all(200, 299, Class::Answer, "its body tells"),
    all(300, 399, Class::Unable, "redirects are never followed: they would carry the key elsewhere"),
    one(401, Class::Account, "the gateway's key is meant; the client's never goes upstream"),
    one(402, Class::Account, "no credit left"),
    one(403, Class::Account, "the gateway's key may not do this"),
    one(407, Class::Account, "a proxy on the way wants to know the gateway"),
    one(408, Class::TimedOut, "between gateway and provider: clients are not on that connection"),
    one(412, Class::Account, "nothing that is sent has a precondition; Fireworks says so of a suspended account"),
    one(421, Class::Failed, "the connection led to the wrong server"),
    one(
        424,
        Class::Failed,
        "what the provider depends on failed; so does Hugging Face's server say that generating did",
    ),
    one(425, Class::Failed, "not processed"),
    one(426, Class::Unable, "it wants another protocol"),
    one(429, Class::RateLimited, "except with an error code of the account, such as `insufficient_quota`"),
    one(498, Class::Overloaded, "Groq has no capacity in the tier that was asked for"),
    one(499, Class::Failed, "it thinks that the gateway has left, which it has not"),
    all(400, 499, Class::Request, "except with an error code of the account"),
    one(501, Class::Unable, "it cannot do such requests"),
    one(503, Class::Overloaded, ""),
    one(504, Class::TimedOut, ""),
    one(505, Class::Unable, "it wants another version of HTTP"),
    one(507, Class::Overloaded, "no room for the request"),
    one(508, Class::Request, "a loop, which every further attempt would make longer"),
    one(510, Class::Unable, "it wants an extension of HTTP"),
    one(511, Class::Account, "a network on the way wants the gateway to log in"),
    one(520, Class::Failed, "Cloudflare's 502"),
    all(521, 523, Class::Unreachable, "Cloudflare: refused, timed out, no route"),
    one(524, Class::TimedOut, "Cloudflare's 504"),
    all(525, 526, Class::Unreachable, "Cloudflare: no TLS"),
    one(529, Class::Overloaded, "how overloaded providers say 503"),
    one(530, Class::Unreachable, "Cloudflare: no such host"),
    all(500, 599, Class::Failed, "any other is a 500"),
    all(600, 999, Class::Unable, "no status at all"),
];

/// What an answer with this status is.
#[must_use]
pub fn class(status: StatusCode) -> Class {
    if status.is_success() {
        return Class::Answer;
    }
    let status = status.as_u16();
    let row = TABLE.iter().find(|row| (row.first..=row.last).contains(&status));
    // There are no others: informational answers are swallowed before.
    row.map_or(Class::Failed, |row| row.class)
}

#[cfg(test)]
mod tests;
