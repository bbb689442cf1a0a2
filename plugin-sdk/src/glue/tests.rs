use crate::glue::Slot;
use crate::{Facts, Plugin, Policy, Refusal, fake};

#[derive(Debug)]
struct Echo(String);

impl Plugin for Echo {
    fn init(settings: &str) -> Result<Self, String> {
        if settings == "bad" { Err("bad settings".into()) } else { Ok(Self(settings.into())) }
    }
}

impl Policy for Echo {
    fn on_request(&self, _facts: &Facts) -> Result<(), Refusal> {
        Err(Refusal::content_filter(self.0.as_str()))
    }
}

crate::export!(Echo: policy);

#[test]
fn a_hook_before_init_refuses_and_does_not_panic() {
    let slot = Slot::<Echo>::new();
    assert_eq!(slot.plugin().unwrap_err().code, "plugin_not_ready");
}

#[test]
fn an_error_of_init_is_handed_on_and_leaves_the_slot_empty() {
    let slot = Slot::<Echo>::new();
    assert_eq!(slot.init("bad"), Err("bad settings".to_owned()));
    assert!(slot.plugin().is_err());
    assert_eq!(slot.init("{}"), Ok(()));
    assert_eq!(slot.plugin().unwrap().on_request(&fake::facts()).unwrap_err().message, "{}");
    assert!(slot.init("{}").is_err(), "a second init must not replace the plugin");
}
