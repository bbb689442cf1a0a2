use super::*;

#[test]
fn what_weir_log_says_has_its_way() {
    for wanted in ["warn", "off", "INFO", "info,weir_upstream=debug,plugin=warn", "off,plugin=debug"] {
        assert_eq!(directives(Some(wanted), "debug"), (wanted.to_owned(), None));
    }
}

#[test]
fn naming_one_part_does_not_silence_the_others() {
    assert_eq!(directives(Some("plugin=debug"), "warn,weir=info"), ("warn,plugin=debug".to_owned(), None));
    assert_eq!(directives(None, "plugin=debug").0, "info,plugin=debug");
}

#[test]
fn what_has_no_meaning_is_said_and_changes_nothing() {
    for unset in [None, Some(""), Some("  ")] {
        assert_eq!(directives(unset, "warn"), ("warn".to_owned(), None));
    }
    for wrong in ["wran", "verbose", "info,plugin=loud", "5x", ",", "info,,warn", "=debug,info", "[{=info"] {
        let (applies, complaint) = directives(Some(wrong), "warn");
        let said = complaint.unwrap_or_else(|| panic!("nothing is said of {wrong}: {applies}"));
        assert_eq!(applies, "warn", "{wrong}");
        assert!(said.contains("WEIR_LOG") && said.contains(wrong), "{said}");
    }
}

#[test]
fn the_libraries_that_read_what_clients_send_are_quiet_unless_they_are_named() {
    for usual in ["info", "WARN", "warn,plugin=debug", "plugin=debug, Info"] {
        assert_eq!(quieted(usual.to_owned()), format!("h2=error,hyper=error,{usual}"));
    }
    for other in ["off", "error", "debug", "trace,plugin=warn"] {
        assert_eq!(quieted(other.to_owned()), other);
    }
    // What comes later about the same part replaces what came before.
    let filter = EnvFilter::try_new(quieted("info,h2=debug".to_owned())).unwrap().to_string();
    assert!(filter.contains("h2=debug") && !filter.contains("h2=error") && filter.contains("hyper=error"), "{filter}");
}
