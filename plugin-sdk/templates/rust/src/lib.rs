//! {{name}}: a plugin of the Weir gateway.

use weir_plugin::{Facts, Plugin, Policy, Refusal, Settings};

/// What `init` prepared: one for each instance.
struct MyPlugin;

impl Plugin for MyPlugin {
    /// Takes the settings: the plugin's `config` as JSON text. An error says what is wrong with them.
    fn init(settings: &str) -> Result<Self, String> {
        // What a panic says is a line in the gateway's log, from here on.
        weir_plugin::log::panics();
        let settings = Settings::read(settings)?;
        // Take what there may be: settings.text("header")?, settings.texts("deny")?, settings.number("limit")?
        settings.finish()?;
        Ok(Self)
    }
}

impl Policy for MyPlugin {
    /// Lets a request pass, or refuses it: `Err(Refusal::new(400, "not_allowed", "for people"))`.
    fn on_request(&self, _facts: &Facts) -> Result<(), Refusal> {
        // Go on here with `weir_plugin::request`. Read what you need: request::tenant(), request::header("x-team"),
        // request::pieces(), request::get("/model"); and write: request::set_header("x-checked-by", "{{name}}")?,
        // request::set("/temperature", "0.2")?.
        Ok(())
    }
}

// The hooks: policy, router, upstream_request, response, event, observe; each has a trait of its name.
weir_plugin::export!(MyPlugin: policy);

#[cfg(test)]
mod tests {
    use super::*;
    use weir_plugin::fake;

    #[test]
    fn a_harmless_request_passes() {
        let plugin = MyPlugin::init("{}").unwrap();
        // The one in cases.json.
        let host = fake::Host::new(fake::Hook::Policy).header("x-team", "red").start();
        assert_eq!(plugin.on_request(&host.facts()), Ok(()));
    }
}
