use super::*;

#[test]
fn the_address_is_the_first_one_behind_the_word() {
    let table = [
        ("gateway  http://127.0.0.1:8080", "gateway", Some("http://127.0.0.1:8080")),
        ("12:00 gateway at http://127.0.0.1:81/v1, admin http://127.0.0.1:82", "gateway", Some("http://127.0.0.1:81")),
        ("gateway http://127.0.0.1:81 admin http://127.0.0.1:82", "admin", Some("http://127.0.0.1:82")),
        ("http://127.0.0.1:81 gateway", "gateway", None),
        ("gateway http://127.0.0.1:99999", "gateway", None),
        ("gateway http://10.0.0.1:80", "gateway", None),
    ];
    for (line, word, expected) in table {
        assert_eq!(url_after(line, word).as_deref(), expected, "{line}");
    }
}

#[test]
fn a_dropped_child_is_gone() {
    let brood = Brood::default();
    let child = brood.start(&mut Command::new("cat")).unwrap();
    let pid = child.pid;
    assert!(crate::process::used(pid).is_ok());
    drop(child);
    assert!(crate::process::used(pid).is_err());
    assert!(brood.lock().is_empty());
}

#[test]
fn a_child_that_prints_nothing_and_ends_is_an_error_at_once() {
    let child = Brood::default().start(&mut Command::new("true")).unwrap();
    assert!(child.url_after("gateway", Duration::from_secs(60)).is_err());
}
