use serde_json::Value;

use super::*;

#[test]
fn the_fake_host_hides_and_keeps_the_headers_that_the_real_one_does() {
    let cases: Value = serde_json::from_str(include_str!("../../../conformance/headers.json")).unwrap();
    for case in cases["cases"].as_array().unwrap() {
        let name = case[0].as_str().unwrap();
        let mut message = Message::default();
        message.headers.push((name.to_owned(), "v".to_owned()));
        let shown = may_send_name(name) && !is_credential(name);
        let request = put_header(&mut Message::default(), name, Some("v")).is_ok();
        let reply = put_reply_header(&mut Message::default(), name, "v").is_ok();
        assert_eq!(serde_json::json!([name, shown, request, reply]), *case);
    }
}

/// Whether it is a header's name at all: no other can be in a message.
fn may_send_name(name: &str) -> bool {
    !may_send(name, "v").is_err_and(|why| why.ends_with("is not the name of a header"))
}
