use super::{FRAMING, HEADER_BYTES, Headers, PROXYS, method};

#[test]
fn only_the_six_methods_are_methods() {
    for name in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        assert_eq!(method(name).unwrap().as_str(), name);
    }
    for name in ["get", "CONNECT", "TRACE", "OPTIONS", "GET ", "", "GET / HTTP/1.1\r\nx: y\r\n\r\nPOST"] {
        assert_eq!(method(name), None, "{name}");
    }
}

#[test]
fn what_frames_or_addresses_the_message_is_refused_in_any_case() {
    for name in FRAMING.into_iter().chain(PROXYS) {
        for name in [name.to_owned(), name.to_ascii_uppercase()] {
            let said = Headers::default().add(&name, "x").unwrap_err();
            assert!(said.contains("the gateway's own"), "{name}: {said}");
        }
    }
}

#[test]
fn names_and_values_that_would_end_a_line_are_refused() {
    for name in ["", "a b", "a:", "a\r\nb", "a\0", ":path", "ä"] {
        assert!(Headers::default().add(name, "x").is_err(), "{name:?}");
    }
    for value in ["a\r\nb: c", "a\nb", "a\rb", "a\0b", "a\u{7f}"] {
        assert!(Headers::default().add("x-a", value).is_err(), "{value:?}");
    }
}

#[test]
fn credentials_are_the_plugins_to_set_and_a_name_may_stand_twice() {
    let mut headers = Headers::default();
    for (name, value) in [("Authorization", "Bearer x"), ("x-a", "1"), ("X-A", "2\t3"), ("x-request-id", "r")] {
        headers.add(name, value).unwrap();
    }
    assert_eq!(headers.map.len(), 4);
    assert_eq!(headers.map.get_all("x-a").iter().count(), 2);
}

#[test]
fn headers_are_bounded_in_bytes() {
    let mut headers = Headers::default();
    headers.add("x-a", &"v".repeat(HEADER_BYTES - 3)).unwrap();
    assert!(headers.add("x", "").unwrap_err().contains("65536 bytes"));
}
