use weir_plugin::{Observe, Outcome, Plugin, Provenance, fake};

use crate::UsageTap;

fn outcome(status: u16, input_tokens: u64, output_tokens: u64) -> Outcome {
    Outcome {
        status,
        code: None,
        attempts: 1,
        input_tokens,
        output_tokens,
        provenance: Provenance::Reported,
        duration_us: 60_000,
        first_byte_us: 20_000,
    }
}

#[test]
fn requests_errors_and_tokens_add_up() {
    let host = fake::Host::new(fake::Hook::Observe).start();
    let tap = UsageTap::init("{}").unwrap();
    tap.on_finished(&host.facts(), &outcome(200, 12, 34));
    tap.on_finished(&host.facts(), &outcome(200, 8, 6));
    tap.on_finished(&host.facts(), &outcome(429, 0, 0));
    tap.on_finished(&host.facts(), &outcome(499, 5, 1));
    let counted = ["requests", "errors", "input_tokens", "output_tokens"].map(|name| host.counter(name));
    assert_eq!(counted, [4, 2, 25, 41]);
}

#[test]
fn a_setting_is_refused_for_there_is_none() {
    let error = UsageTap::init(r#"{"per_model":true}"#).unwrap_err();
    assert!(error.contains("per_model"), "{error}");
}
