#![allow(clippy::unwrap_used)]
use super::{Class, TABLE, class};
use http::StatusCode;

fn of(status: u16) -> Class {
    class(StatusCode::from_u16(status).unwrap())
}

#[test]
fn every_status_has_a_class_and_unknown_ones_are_as_the_first_of_their_hundred() {
    for status in 200..=599 {
        let by_table = TABLE.iter().find(|row| (row.first..=row.last).contains(&status)).unwrap().class;
        assert_eq!(of(status), by_table, "{status}");
    }
    assert!([299, 207].map(of).iter().all(|class| *class == Class::Answer));
    assert!([418, 451, 460, 497].map(of).iter().all(|class| *class == Class::Request));
    assert!([506, 509, 527, 540, 561, 599].map(of).iter().all(|class| *class == of(500)));
}

#[test]
fn what_was_not_done_goes_to_the_next_target_and_what_the_client_did_wrong_does_not() {
    for status in [300, 307, 399, 401, 402, 403, 407, 408, 412, 421, 424, 425, 426, 429, 498, 499] {
        assert!(!of(status).is_relayed(), "{status}");
    }
    assert!((500..=599).all(|status| of(status).is_relayed() == (status == 508)));
    for status in [200, 201, 204, 400, 404, 405, 409, 413, 415, 418, 422, 423, 431, 451] {
        assert!(of(status).is_relayed(), "{status}");
    }
}

#[test]
fn only_what_passes_is_asked_of_the_same_provider_again() {
    for status in [408, 429, 498, 500, 502, 503, 504, 507, 520, 521, 524, 529, 530] {
        assert!(of(status).may_pass(), "{status}");
    }
    for status in [302, 401, 402, 412, 426, 501, 505, 511] {
        assert!(!of(status).may_pass(), "{status}");
    }
}

#[test]
fn a_refused_account_or_a_rate_says_nothing_against_health() {
    assert!([200, 302, 400, 401, 402, 404, 429, 501, 505, 508].map(of).iter().all(|class| !class.is_failure()));
    assert!([408, 424, 500, 503, 507, 520, 522, 524, 529].map(of).iter().all(|class| class.is_failure()));
}

#[test]
fn the_documentation_shows_the_table_as_it_is() {
    let text = include_str!("../../../../../docs/operating.md");
    let shown: Vec<&str> = text.lines().skip_while(|line| *line != "| status | class | |").skip(2).collect();
    let shown: Vec<&str> = shown.into_iter().take_while(|line| line.starts_with('|')).collect();
    let wanted: Vec<String> = TABLE
        .iter()
        .map(|row| {
            let statuses = match (row.first, row.last) {
                (first, last) if first == last => first.to_string(),
                (first, last) if first % 100 == 0 && last == first + 99 => format!("other {}xx", first / 100),
                (first, last) => format!("{first} to {last}"),
            };
            format!("| {statuses} | {} | {} |", row.class.name(), row.why).replace("|  |", "| |")
        })
        .collect();
    assert_eq!(shown, wanted, "docs/operating.md should read:\n{}", wanted.join("\n"));
}
