mod said;
mod split;

use weir_plugin::{Plugin, Policy, Response, fake, json};

use crate::RedactPii;
use crate::options::Options;

fn redact(text: &str) -> String {
    Options::read("{}").unwrap().redact(text).unwrap_or_else(|| text.to_owned())
}

fn all(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(redact(text), *expected, "{text}");
    }
}

fn untouched(texts: &[&str]) {
    for text in texts {
        assert_eq!(redact(text), *text);
    }
}

#[test]
fn addresses_are_found_in_their_surroundings() {
    all(&[
        ("write to jane.doe+x@mail.example.co.uk.", "write to [EMAIL]."),
        ("<a@b.io>, \"c_d@e-f.org\"; mailto:g%h@i.de?x=1", "<[EMAIL]>, \"[EMAIL]\"; mailto:[EMAIL]?x=1"),
        ("josé.garcía@correo.es", "[EMAIL]"),
        ("联系我foo@x.com谢谢", "联系我[EMAIL]谢谢"),
        ("...a@b.com...", "...[EMAIL]..."),
        ("a@b.com@c.org", "[EMAIL]@c.org"),
        ("x@b.com_y@d.com", "[EMAIL]_[EMAIL]"),
        ("a@b.com.5 and a@xn--80ak6aa92e.com", "[EMAIL].5 and [EMAIL]"),
        ("4111111111111111@x.com", "[EMAIL]"),
    ]);
    untouched(&["a@b", "@home", "a@", "a@.com", "a@b..com", "a@b.c", "user@127.0.0.1", "a @ b.com", "@a.com"]);
}

#[test]
fn an_address_behind_a_long_run_is_found_all_the_same() {
    let text = format!("{}@x.com", "a".repeat(200));
    assert_eq!(redact(&text), format!("{}[EMAIL]", "a".repeat(136)));
}

#[test]
fn cards_are_found_by_their_check_digit() {
    all(&[
        ("4111111111111111", "[CARD]"),
        ("pay with 4111 1111 1111 1111, please", "pay with [CARD], please"),
        ("5500-0055-5555-5559.", "[CARD]."),
        ("amex 3782 822463 10005 and 2223003122003222", "amex [CARD] and [CARD]"),
        ("4111 1111 1111 1111 5 apples", "[CARD] 5 apples"),
        ("card=4111111111111111;", "card=[CARD];"),
        ("4111\u{a0}1111\u{a0}1111\u{a0}1111", "[CARD]"),
    ]);
    untouched(&[
        "4111111111111112",
        "id_4111111111111111",
        "4111-1111-1111-1111-5",
        "4111-1111 1111-1111",
        "1700000000000 and 1234567890123456",
        "3.14159265358979",
        "41111111111111111111111111",
        "550e8400-e29b-41d4-a716-446655440000",
    ]);
}

#[test]
fn phones_are_found_in_the_usual_ways_of_writing() {
    all(&[
        ("call +49 30 1234567 now", "call [PHONE] now"),
        ("+4915112345678, +1 (555) 123-4567", "[PHONE], [PHONE]"),
        ("+49 (0)30 123456 or 0049 30 1234567", "[PHONE] or [PHONE]"),
        ("(555) 123-4567 / 555-123-4567 / 555.123.4567 / 1-555-123-4567", "[PHONE] / [PHONE] / [PHONE] / [PHONE]"),
        ("030/1234567, (030) 1234567, 0171-2345678, 01711234567", "[PHONE], [PHONE], [PHONE], [PHONE]"),
        ("+33 1 23 45 67 89, 01 23 45 67 89, 020 7946 0958, 02 9374 4000", "[PHONE], [PHONE], [PHONE], [PHONE]"),
        ("- 555 123 4567 2 times", "- [PHONE] 2 times"),
    ]);
    untouched(&[
        "2024-01-15 10:30:00",
        "01.02.2024 10:00, 15/01/2024, 2024-01-15T10:30:00.000Z",
        "order 1234567890, 1700000000",
        "192.168.100.200:8080",
        "0.123456789 and 1,234,567.89",
        "0000000001",
        "(see 12) and (3)",
        "f(1, 2)",
    ]);
}

#[test]
fn tables_of_figures_are_left_alone_and_a_number_behind_them_is_found() {
    for figures in ["4 ", "0 ", "1 ", "0 1 ", "44 ", "(4) ", "0 0 ", "7-7 ", "00 00 "] {
        let table = figures.repeat(40);
        untouched(&[&table]);
        let text = format!("{table}, 4111 1111 1111 1111 and 030 1234567");
        assert_eq!(redact(&text), format!("{table}, [CARD] and [PHONE]"), "{figures}");
    }
}

#[test]
fn account_numbers_are_found_by_country_length_and_check_digits() {
    all(&[
        ("DE89370400440532013000", "[IBAN]"),
        ("pay DE89 3704 0044 0532 0130 00 today", "pay [IBAN] today"),
        ("GB29 NWBK 6016 1331 9268 19. FR1420041010050500013M02606", "[IBAN]. [IBAN]"),
        ("(NO93 8601 1117 947)", "([IBAN])"),
        ("de89370400440532013000", "[IBAN]"),
    ]);
    untouched(&[
        "DE89370400440532013001",
        "XX89370400440532013000",
        "GB29 NWBK 6016 1331 9268 1",
        "xDE89370400440532013000",
        "IT98 some words follow",
    ]);
}

#[test]
fn only_the_kinds_asked_for_are_replaced_and_by_what_was_asked_for() {
    let text = "a@b.com 4111111111111111 +4915112345678 DE89370400440532013000";
    let clean = |settings: &str| Options::read(settings).unwrap().redact(text).unwrap_or_else(|| text.to_owned());
    assert_eq!(clean("{}"), "[EMAIL] [CARD] [PHONE] [IBAN]");
    assert_eq!(clean(r#"{"kinds":["card","iban"],"replacement":{"card":"***"}}"#), "a@b.com *** +4915112345678 [IBAN]");
    assert_eq!(clean(r#"{"kinds":[]}"#), text);
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let wrong = |settings: &str| RedactPii::init(settings).unwrap_err();
    assert!(wrong(r#"{"kinds":["ssn"]}"#).contains("`ssn` is not known; the kinds are: email, phone, card, iban"));
    assert!(wrong(r#"{"replacement":{"mail":"x"}}"#).contains("settings.replacement.mail: there is no such setting"));
    assert!(wrong(r#"{"requests":true}"#).contains("settings.requests: there is no such setting"));
    assert!(wrong(r#"{"request":"yes"}"#).contains("settings.request: must be true or false"));
}

#[test]
fn a_request_is_rewritten_where_something_was_found_and_only_there() {
    let body =
        r#"{"model":"m","messages":[{"role":"system","content":"be kind"},{"role":"user","content":"I am a@b.com"}]}"#;
    let host = fake::Host::new(fake::Hook::Policy).json(body).start();
    let plugin = RedactPii::init("{}").unwrap();
    plugin.on_request(&host.facts()).unwrap();
    assert_eq!(host.writes(), ["request.set-piece 1"]);
    assert!(host.body().contains("I am [EMAIL]"));
    let host = fake::Host::new(fake::Hook::Policy).json(body).start();
    RedactPii::init(r#"{"request":false}"#).unwrap().on_request(&host.facts()).unwrap();
    assert_eq!(host.body(), body);
}

#[test]
fn a_whole_answer_is_rewritten_in_every_choice() {
    let choice = |text: &str| format!(r#"{{"message":{{"content":{}}}}}"#, json::quote(text));
    let body = format!(r#"{{"choices":[{},{}]}}"#, choice("fine"), choice("card 4111 1111 1111 1111"));
    let host = fake::Host::new(fake::Hook::Response).reply(&body).start();
    let plugin = RedactPii::init("{}").unwrap();
    plugin.on_response(&host.facts(), 200).unwrap();
    assert_eq!(host.writes(), ["reply.set-piece 1"]);
    assert!(host.reply_body().contains("card [CARD]"));
    let host = fake::Host::new(fake::Hook::Response).reply(&body).start();
    RedactPii::init(r#"{"response":false}"#).unwrap().on_response(&host.facts(), 200).unwrap();
    assert!(host.writes().is_empty());
}

fn request(body: &str) -> String {
    let host = fake::Host::new(fake::Hook::Policy).json(body).start();
    RedactPii::init("{}").unwrap().on_request(&host.facts()).unwrap();
    host.body()
}

#[test]
fn arguments_are_rewritten_and_stay_json() {
    for (arguments, expected) in [
        (r#"{"to":"a@b.com","cc":null}"#, r#"{"to":"[EMAIL]","cc":null}"#),
        (r#"{"to":"a\u0040b.com"}"#, r#"{"to":"[EMAIL]"}"#),
        (r#"{"card":4111111111111111,"n":1}"#, r#"{"card":"[CARD]","n":1}"#),
        (r#"{"a@b.com":["+49 30 1234567"]}"#, r#"{"[EMAIL]":["[PHONE]"]}"#),
        (r#"{"mail":"{\"to\":\"a@b.com\"}"}"#, r#"{"mail":"{\"to\":\"[EMAIL]\"}"}"#),
        (r#"{"to":"a@b.com"#, r#"{"to":"[EMAIL]"#),
    ] {
        let call = |arguments: &str| {
            format!(
                r#"{{"messages":[{{"role":"assistant","tool_calls":[{{"function":{{"arguments":{},"name":"mail"}}}}]}}]}}"#,
                json::quote(arguments)
            )
        };
        assert_eq!(request(&call(arguments)), call(expected));
    }
    let quoting = Options::read(r#"{"replacement":{"email":"\"x\""}}"#).unwrap();
    assert_eq!(json::replace_strings(r#"["a@b.com"]"#, &mut |text| quoting.redact(text)).unwrap(), r#"["\"x\""]"#);
}

#[test]
fn what_is_cut_over_the_parts_of_a_message_is_replaced_where_it_begins() {
    let message = |texts: &[&str]| {
        let parts: Vec<_> =
            texts.iter().map(|text| format!(r#"{{"text":{},"type":"text"}}"#, json::quote(text))).collect();
        format!(r#"{{"messages":[{{"content":[{}],"role":"user"}}]}}"#, parts.join(","))
    };
    for (texts, expected) in [
        (&["I am a@b.", "com, you c@d.org"][..], &["I am [EMAIL]", ", you [EMAIL]"][..]),
        (&["4111 11", "11 1111", " 1111."], &["[CARD]", "", "."]),
        (&["see it", "a@b.com"], &["see it", "[EMAIL]"]),
        (&["a@b.com", "c@d.com"], &["[EMAIL]", "[EMAIL]"]),
        (&["nothing", "here"], &["nothing", "here"]),
    ] {
        assert_eq!(request(&message(texts)), message(expected));
    }
    let two = r#"{"messages":[{"content":"a@b.","role":"user"},{"content":"com","role":"user"}]}"#;
    assert_eq!(request(two), two, "two messages are two");
}

#[test]
fn an_answer_is_rewritten_wherever_a_client_reads() {
    let body = r#"{"choices":[{"logprobs":{"content":[{"token":"a@"},{"token":"b.com"}]},"message":{"annotations":[{"title":"by a@b.com"}],"audio":{"data":"aGk=","transcript":"a@b.com"},"content":[{"text":"a@b.com","type":"text"}],"reasoning":"a@b.com","refusal":"a@b.com","tool_calls":[{"function":{"arguments":"{\"to\":\"a@b.com\"}"}}]}}]}"#;
    let host = fake::Host::new(fake::Hook::Response).reply(body).start();
    RedactPii::init("{}").unwrap().on_response(&host.facts(), 200).unwrap();
    let expected = r#"{"choices":[{"logprobs":null,"message":{"annotations":[{"title":"by [EMAIL]"}],"audio":{"data":"aGk=","transcript":"[EMAIL]"},"content":[{"text":"[EMAIL]","type":"text"}],"reasoning":"[EMAIL]","refusal":"[EMAIL]","tool_calls":[{"function":{"arguments":"{\"to\":\"[EMAIL]\"}"}}]}}]}"#;
    assert_eq!(host.reply_body(), expected);
}
