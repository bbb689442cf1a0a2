//! The smallest policy of any use, for the benches: it looks at three facts and asks the gateway for nothing.

use weir_plugin::{Facts, Plugin, Policy, Refusal};

/// The plugin; it takes no notice of its settings.
#[derive(Debug)]
pub struct ThreeFacts;

impl Plugin for ThreeFacts {
    fn init(_settings: &str) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Policy for ThreeFacts {
    fn on_request(&self, facts: &Facts) -> Result<(), Refusal> {
        if facts.tenant == "guests" && facts.model == "large" && facts.body_bytes > 4_096 {
            return Err(Refusal::new(400, "too_long", "guests may ask the large model short questions only"));
        }
        Ok(())
    }
}

weir_plugin::export!(ThreeFacts: policy);

#[cfg(test)]
mod tests {
    use super::*;
    use weir_plugin::fake;

    #[test]
    fn only_what_all_three_facts_speak_against_is_refused() {
        let facts = |tenant: &str, model: &str, body_bytes| {
            let host = fake::Host::new(fake::Hook::Policy).tenant(tenant).start();
            Facts { model: model.to_owned(), body_bytes, ..host.facts() }
        };
        assert!(ThreeFacts.on_request(&facts("guests", "large", 5_000)).is_err());
        for passes in [facts("acme", "large", 5_000), facts("guests", "small", 5_000), facts("guests", "large", 4_096)]
        {
            assert!(ThreeFacts.on_request(&passes).is_ok());
        }
    }
}
