use crate::glue::Slot;
use crate::{
    Candidate, Edit, Event, Facts, HostError, Observe, Outcome, Plugin, Policy, Refusal, Response, Router, Routing,
    StreamEvent, UpstreamRequest, fake,
};

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

/// A plugin with every hook, so that `export!` is compiled for each.
#[derive(Debug)]
struct Everything;

impl Plugin for Everything {
    fn init(_settings: &str) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Policy for Everything {
    fn on_request(&self, _facts: &Facts) -> Result<(), Refusal> {
        Ok(crate::request::set_header("content-length", "1")?)
    }
}

impl Router for Everything {
    fn route(&self, _facts: &Facts, _candidates: &[Candidate]) -> Result<Routing, Refusal> {
        Ok(Routing::Keep)
    }
}

impl UpstreamRequest for Everything {
    fn on_attempt(&self, _facts: &Facts, _attempt: u32) -> Result<(), Refusal> {
        Ok(())
    }
}

impl Response for Everything {
    fn on_response(&self, _facts: &Facts, _status: u16) -> Result<(), Refusal> {
        Ok(())
    }
}

impl Event for Everything {
    fn on_events(&self, _facts: &Facts, _events: &[StreamEvent], _last: bool) -> Result<Vec<Edit>, Refusal> {
        Ok(Vec::new())
    }
}

impl Observe for Everything {
    fn on_finished(&self, _facts: &Facts, _outcome: &Outcome) {}
}

crate::export!(Everything: policy, router, upstream_request, response, event, observe);

#[test]
fn a_write_that_fails_becomes_a_refusal_by_the_question_mark() {
    let host = fake::Host::new(fake::Hook::Policy).start();
    let refusal = Everything.on_request(&host.facts()).unwrap_err();
    assert_eq!((refusal.status, refusal.code.as_str()), (500, "plugin_error"));
    assert!(refusal.message.contains("content-length"), "{}", refusal.message);
    assert_eq!(Refusal::from(HostError::new("x".into())).status, 500);
}
