use super::*;

#[test]
fn the_first_bytes_say_what_a_body_is_and_a_part_of_them_says_nothing_else() {
    for (body, expected) in [
        ("data: {}\n\n", Form::Events),
        ("data:{}", Form::Events),
        (": comment", Form::Events),
        ("event: error\ndata: x", Form::Events),
        ("id: 1\n", Form::Events),
        ("retry: 5\n", Form::Events),
        ("data\n\n", Form::Events),
        ("\n\n\r\ndata: {}", Form::Events),
        ("\u{feff}data: {}", Form::Events),
        ("{\"choices\":[]}", Form::Document),
        (" \r\n\t{}", Form::Document),
        ("\u{feff}\n [1]", Form::Document),
        ("<html>", Form::Document),
        ("hello", Form::Neither),
        ("database: x", Form::Neither),
        ("identity", Form::Neither),
        (" data: {}", Form::Neither),
        ("\"data: {}\"", Form::Neither),
    ] {
        assert_eq!(form(body.as_bytes()), expected, "{body:?}");
        for cut in 0..body.len() {
            let part = form(&body.as_bytes()[..cut]);
            assert!(part == Form::Unclear || part == expected, "{body:?} cut at {cut}: {part:?}");
        }
        let mut head = FirstBytes::default();
        let mut last = Form::Unclear;
        for byte in body.bytes() {
            last = head.push(Bytes::from(vec![byte]));
        }
        assert_eq!((last, &head.bytes[..]), (expected, body.as_bytes()));
    }
}

#[test]
fn white_space_without_end_is_not_waited_behind() {
    let mut head = FirstBytes::default();
    assert_eq!(head.push(Bytes::from(vec![b'\n'; BLANK])), Form::Unclear);
    assert_eq!(head.push(Bytes::from_static(b"\n")), Form::Neither);
}
