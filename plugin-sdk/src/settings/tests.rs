use super::Settings;

#[test]
fn an_unknown_key_is_named_with_those_that_there_are() {
    let mut settings = Settings::read(r#"{"deny":["x"],"rolls":[]}"#).unwrap();
    settings.texts("deny").unwrap();
    settings.texts("roles").unwrap();
    assert_eq!(
        settings.finish().unwrap_err(),
        "settings.rolls: there is no such setting; the settings here are: deny, roles"
    );
}

#[test]
fn a_value_of_the_wrong_kind_is_named_with_its_place() {
    let mut settings = Settings::read(r#"{"a":1,"b":["x",2],"c":-1,"d":"yes","e":{"f":[]}}"#).unwrap();
    assert_eq!(settings.text("a").unwrap_err(), "settings.a: must be a string, is 1");
    assert_eq!(settings.texts("b").unwrap_err(), "settings.b[1]: must be a string, is 2");
    assert_eq!(settings.number("c").unwrap_err(), "settings.c: must be a whole number from 0 up, is -1");
    assert_eq!(settings.flag("d").unwrap_err(), "settings.d: must be true or false, is a string");
    let mut inner = settings.table("e").unwrap().unwrap();
    assert_eq!(inner.text("f").unwrap_err(), "settings.e.f: must be a string, is an array");
}

#[test]
fn what_is_absent_or_null_is_none() {
    let mut settings = Settings::read(r#"{"a":null}"#).unwrap();
    assert_eq!(settings.text("a"), Ok(None));
    assert_eq!(settings.flag("b"), Ok(None));
    assert_eq!(settings.finish(), Ok(()));
}

#[test]
fn settings_that_are_no_object_are_refused() {
    assert_eq!(Settings::read("[]").unwrap_err(), "settings: must be a table, is an array");
    assert!(Settings::read("{").unwrap_err().starts_with("settings: not JSON at byte 1"));
}
