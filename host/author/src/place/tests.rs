use super::*;
use serde_json::json;

#[test]
fn complaints_name_the_place() {
    let file = json!({ "cases": [{ "expect": { "sttus": 1 } }, { "status": -1 }] });
    let cases = ValueAt::top(&file).get("cases").unwrap().items().unwrap();
    let expect = cases[0].get("expect").unwrap();
    let wrong = expect.only(&["status", "code"]).unwrap_err();
    assert_eq!(wrong.place, "cases[0].expect.sttus");
    assert!(wrong.what.contains("did you mean `status`?"), "{}", wrong.what);
    let wrong = expect.only(&["body", "code"]).unwrap_err();
    assert!(wrong.what.contains("there are body, code"), "{}", wrong.what);
    assert_eq!(cases[1].get("status").unwrap().whole::<u16>().unwrap_err().place, "cases[1].status");
    assert_eq!(ValueAt::top(&file).text().unwrap_err().place, "the file");
}

#[test]
fn values_are_held_to_their_kinds() {
    let file = json!({ "n": 70_000, "t": "x", "l": ["a", 1] });
    let at = |key| ValueAt::top(&file).get(key).unwrap();
    assert_eq!(at("n").whole::<u32>(), Ok(70_000));
    assert!(at("n").whole::<u16>().is_err());
    assert!(at("n").text().unwrap_err().what.contains("a string, not a number"));
    assert_eq!(at("l").texts().unwrap_err().place, "l[1]");
    assert_eq!(at("t").choice(&[("x", 1), ("y", 2)]), Ok(1));
    assert!(at("t").choice(&[("y", 2)]).unwrap_err().what.contains("none of y"));
}
