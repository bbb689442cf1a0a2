//! Which provider keeps which answer of OpenAI's Responses, for whom.
//!
//! A provider keeps what it answered (`store`), and can be asked for it, to forget it, and to go on from it. All tenants of this
//! gateway are one account there, so who asks for an answer must be whose it is.

use moka::sync::Cache;
use std::sync::Arc;
use std::time::Duration;

/// So many answers are known at most; those that were asked for least give way.
const MOST: u64 = 65_536;
/// So long an answer is known, as long as OpenAI keeps it.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// No id is longer.
const LONGEST_ID: usize = 256;

/// Whose an answer is, and who keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResponsePin {
    tenant: Arc<str>,
    /// The model that was asked, as clients call it.
    pub(crate) model: Arc<str>,
    /// The provider's name.
    pub(crate) provider: Arc<str>,
}

/// The answers that are known.
#[derive(Debug)]
pub(crate) struct ResponsePins(Cache<Box<str>, ResponsePin>);

impl Default for ResponsePins {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_live(KEPT).build())
    }
}

impl ResponsePins {
    /// An answer to a tenant's question to a model has come from a provider, which may keep it.
    pub(crate) fn keep(&self, id: &str, tenant: &Arc<str>, model: &Arc<str>, provider: &Arc<str>) {
        if id.is_empty() || id.len() > LONGEST_ID {
            return;
        }
        let (tenant, model, provider) = (Arc::clone(tenant), Arc::clone(model), Arc::clone(provider));
        self.0.insert(id.into(), ResponsePin { tenant, model, provider });
    }

    /// Where a tenant's answer is; none if there is none of this id, or not of this tenant.
    pub(crate) fn of(&self, id: &str, tenant: &str) -> Option<ResponsePin> {
        self.0.get(id).filter(|pin| *pin.tenant == *tenant)
    }

    /// It is kept no longer.
    pub(crate) fn forget(&self, id: &str) {
        self.0.invalidate(id);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_tenants_and_nobody_elses() {
        let (pins, of) = (ResponsePins::default(), |name: &str| Arc::<str>::from(name));
        pins.keep("resp_1", &of("acme"), &of("m"), &of("openai"));
        assert_eq!(&*pins.of("resp_1", "acme").unwrap().provider, "openai");
        assert_eq!(pins.of("resp_1", "globex"), None);
        assert_eq!(pins.of("resp_2", "acme"), None);
        pins.forget("resp_1");
        assert_eq!(pins.of("resp_1", "acme"), None);
        pins.keep(&"x".repeat(LONGEST_ID + 1), &of("acme"), &of("m"), &of("openai"));
        assert_eq!(pins.of(&"x".repeat(LONGEST_ID + 1), "acme"), None);
    }
}
