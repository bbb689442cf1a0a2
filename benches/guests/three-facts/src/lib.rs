//! The smallest policy of any use, for the benches: it looks at three facts, and asks the gateway for two of them.

use weir_plugin::{Facts, Plugin, Policy, Refusal, request};

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
        // All three are looked at in any case: what that costs is the question.
        let (tenant, model) = (request::tenant(), request::model());
        if tenant == "guests" && model == "large" && facts.body_bytes > 4_096 {
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
        let passes = |tenant: &str, model: &str, body_bytes| {
            let _host = fake::Host::new(fake::Hook::Policy).tenant(tenant).model(model).start();
            ThreeFacts.on_request(&Facts { body_bytes, ..fake::facts() }).is_ok()
        };
        assert!(!passes("guests", "large", 5_000));
        assert!(passes("acme", "large", 5_000) && passes("guests", "small", 5_000) && passes("guests", "large", 4_096));
    }
}
