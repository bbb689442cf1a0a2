use super::PluginRefusal;

fn bounded(status: u16, code: &str, message: &str) -> PluginRefusal {
    PluginRefusal { status, code: code.to_owned(), message: message.to_owned() }.bounded()
}

#[test]
fn a_status_that_is_no_refusal_is_taken_as_400() {
    for (given, taken) in
        [(400, 400), (451, 451), (599, 599), (0, 400), (200, 400), (399, 400), (600, 400), (u16::MAX, 400)]
    {
        assert_eq!(bounded(given, "x", "").status, taken);
    }
}

#[test]
fn a_code_that_is_none_is_replaced() {
    let long = "x".repeat(64);
    for good in ["content_filter", "x1", &long] {
        assert_eq!(bounded(400, good, "").code, good);
    }
    for bad in ["", "Upper", "a b", "a-b", "a\r\nb", "ä", &"x".repeat(65)] {
        assert_eq!(bounded(400, bad, "").code, "plugin_refused", "{bad:?}");
    }
}

#[test]
fn a_message_is_cut_at_a_character() {
    assert_eq!(bounded(400, "x", &"a".repeat(2000)).message.len(), 1024);
    let cut = bounded(400, "x", &format!("a{}", "ä".repeat(1000))).message;
    assert_eq!((cut.len(), cut.ends_with('ä')), (1023, true));
    assert_eq!(bounded(400, "x", "as it is\n").message, "as it is\n");
}
