use super::*;
use std::path::Path;
use weir_config::{Overrides, parse};

const WHOLE: &str = r#"[providers.p]
kind = "demo"
[models.m]
targets = ["p/m"]
[tenants.a]
models = ["*"]
[tenants.b]
models = ["*"]
requests_per_minute = 600
"#;

fn config(text: &str) -> Config {
    parse(text, Path::new("weir.toml"), &|_| None, &Overrides::default()).unwrap().config
}

fn judged(caution: &mut Caution, text: &str, insisted: bool) -> Result<(), String> {
    caution.judge((text, &config(text)), (WHOLE, &config(WHOLE)), insisted)
}

#[test]
fn what_takes_something_away_but_not_all_of_it_is_the_operators_to_do() {
    let mut caution = Caution::default();
    for text in [
        WHOLE.to_owned(),
        WHOLE.replace("[tenants.b]\nmodels = [\"*\"]\n", ""),
        // The last tenant, cut at a line's end, with and without the end.
        WHOLE[..WHOLE.find("[tenants.b]").unwrap()].to_owned(),
        WHOLE[..WHOLE.find("\n[tenants.b]").unwrap()].to_owned(),
        WHOLE[..WHOLE.find("\nrequests").unwrap()].to_owned(),
        WHOLE.replace("600", "6"),
    ] {
        assert_eq!(judged(&mut caution, &text, false), Ok(()), "{text}");
    }
}

#[test]
fn what_takes_everything_away_is_held_until_it_was_named_and_confirmed() {
    for (text, named) in [
        ("", "no tenant is left in it, and 2 served (a and 1 more)"),
        (&WHOLE[..WHOLE.find("[tenants.a]").unwrap()], "no tenant is left in it"),
        ("[tenants.a]\nmodels = [\"*\"]\n", "no model is left in it, and 1 served (m)"),
        (&WHOLE[..WHOLE.len() - 2], "ends in the middle of a line"),
    ] {
        let mut caution = Caution::default();
        let held = judged(&mut caution, text, true).unwrap_err();
        assert!(held.contains(named) && held.contains("SIGHUP"), "nobody had named it yet: {held}");
        assert_eq!(judged(&mut caution, text, false), Err(held), "nobody has confirmed it");
        assert_eq!(judged(&mut caution, text, true), Ok(()));
    }
}

#[test]
fn what_was_confirmed_is_what_was_named_and_nothing_else() {
    let mut caution = Caution::default();
    assert!(judged(&mut caution, "# one", true).is_err());
    assert!(judged(&mut caution, "# two", true).is_err());
    assert!(judged(&mut caution, WHOLE, false).is_ok());
    assert!(judged(&mut caution, "# two", true).is_err(), "a good file in between begins anew");
}

#[test]
fn where_there_was_nothing_there_is_nothing_to_lose() {
    let mut caution = Caution::default();
    assert_eq!(caution.judge(("# none", &config("# none")), ("", &config("")), false), Ok(()));
}
