use super::*;

#[derive(Debug)]
struct Two;

impl ExtraHeaders for Two {
    fn each(&self, mut put: impl FnMut(&'static str, &[u8])) {
        put("x-one", b"1");
        put("x-two", b"2");
    }

    fn add_to(&self, headers: &mut HeaderMap) {
        insert_each(self, headers);
    }
}

#[test]
fn what_is_put_among_headers_takes_the_place_of_what_had_its_name() {
    let mut headers = HeaderMap::new();
    for value in ["a", "b"] {
        headers.append("x-one", value.parse().unwrap());
    }
    headers.append("x-other", "c".parse().unwrap());
    let extra: &dyn ExtraHeaders = &Two;
    extra.add_to(&mut headers);
    let said = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
    assert_eq!((said("x-one"), said("x-two"), said("x-other")), (vec![&b"1"[..]], vec![&b"2"[..]], vec![&b"c"[..]]));
}
