use super::*;

fn problem(spec: &str) -> String {
    format!("{:#}", GivenPeer::parse(spec).unwrap_err())
}

#[test]
fn a_command_may_hold_commas_and_equals_signs() {
    let given = GivenPeer::parse("name=a b,command=run --set x=1,y=2 --port {port},model=m").unwrap();
    assert_eq!(given.name(), "a b");
    assert_eq!(given.command, "run --set x=1,y=2 --port {port}");
    assert_eq!(given.model, "m");
    assert_eq!(given.settings(), "as given: run --set x=1,y=2 --port {port}");
}

#[test]
fn what_is_not_given_is_assumed() {
    let given = GivenPeer::parse("name=a,command=b").unwrap();
    assert_eq!(given.url, "http://127.0.0.1:{port}");
    assert_eq!((given.key, given.model.as_str(), given.headers.len()), (None, "mock", 0));
}

#[test]
fn headers_may_be_several() {
    let given = GivenPeer::parse("name=a,command=b,header=x-one:1,header=x-host: http://{upstream}/v1").unwrap();
    let wanted = [("x-one", "1"), ("x-host", "http://{upstream}/v1")];
    assert_eq!(given.headers, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn a_wrong_specification_is_refused_with_its_part() {
    assert!(problem("command=b").contains("`name` is missing"));
    assert!(problem("name=a").contains("`command` is missing"));
    assert!(problem("name=,command=b").contains("`name` is empty"));
    assert!(problem("name=a,name=b,command=c").contains("`name` is given twice"));
    assert!(problem("nmae=a,command=b").contains("`nmae=a`"));
    assert!(problem("name=a,command=b,header=none").contains("NAME:VALUE"));
}
