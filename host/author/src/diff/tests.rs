use super::*;
use serde_json::json;

#[test]
fn bodies_are_compared_value_by_value() {
    let before = json!({ "a": { "b/c": 1, "same": [1] }, "list": [1, 2, 3], "gone": true });
    let after = json!({ "a": { "b/c": 2, "same": [1] }, "list": [1, 4], "new": null });
    let shown: Vec<_> = bodies(&before, &after).into_iter().map(|c| (c.place, c.before, c.after)).collect();
    assert_eq!(
        shown,
        [
            ("/a/b~1c".to_owned(), Some(json!(1)), Some(json!(2))),
            ("/gone".to_owned(), Some(json!(true)), None),
            ("/list/1".to_owned(), Some(json!(2)), Some(json!(4))),
            ("/list/2".to_owned(), Some(json!(3)), None),
            ("/new".to_owned(), None, Some(Json::Null)),
        ]
    );
    assert_eq!(bodies(&before, &before), []);
}

#[test]
fn headers_are_compared_by_name() {
    let map = |pairs: &[(&'static str, &'static str)]| {
        pairs.iter().map(|(n, v)| (http::HeaderName::from_static(n), http::HeaderValue::from_static(v))).collect()
    };
    let changes = headers(&map(&[("x-a", "1"), ("x-b", "2")]), &map(&[("x-b", "3"), ("x-c", "4")]));
    let shown: Vec<_> = changes.iter().map(|c| (c.place.as_str(), c.before.as_deref(), c.after.as_deref())).collect();
    assert_eq!(shown, [("x-a", Some("1"), None), ("x-b", Some("2"), Some("3")), ("x-c", None, Some("4"))]);
}
