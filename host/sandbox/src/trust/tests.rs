use super::*;
use crate::signature::SecretKey;

fn trust(required: bool, keys: &[&PublicKey]) -> Trust {
    let keys: Vec<PublicKey> = keys.iter().map(|key| **key).collect();
    Trust { required, looks: required || !keys.is_empty(), keys }
}

fn keys() -> [PublicKey; 2] {
    [(); 2].map(|()| SecretKey::generate().unwrap().public())
}

#[test]
fn who_signed_what_serves_has_to_be_trusted_still() {
    let [one, two] = keys();
    for (trust, signers, admitted) in [
        (trust(false, &[]), vec![], true),
        // Nobody looks at signatures at all.
        (trust(false, &[]), vec![one], true),
        (trust(false, &[&two]), vec![], true),
        (trust(false, &[&two]), vec![one], false),
        (trust(false, &[&two]), vec![one, two], true),
        (trust(true, &[&two]), vec![], false),
        (trust(true, &[&two]), vec![one], false),
        (trust(true, &[&one]), vec![one], true),
        (trust(true, &[]), vec![one], false),
    ] {
        assert_eq!(trust.admits(&signers), admitted, "{trust:?}: {signers:?}");
    }
}

#[test]
fn what_a_newer_configuration_takes_away_is_taken_away_and_nothing_is_added() {
    let [one, two] = keys();
    for (serving, newer, left) in [
        (trust(true, &[&one, &two]), trust(true, &[&two]), trust(true, &[&two])),
        (trust(false, &[&one]), trust(true, &[&one, &two]), trust(true, &[&one])),
        // Another key in the place of the only one: until it serves nobody is trusted.
        (trust(false, &[&one]), trust(false, &[&two]), Trust { looks: true, ..trust(false, &[]) }),
        // Who looks at nothing any more takes no key away.
        (trust(true, &[&one]), trust(false, &[]), trust(true, &[&one])),
        (trust(false, &[]), trust(false, &[&one]), trust(false, &[])),
        (trust(false, &[]), trust(true, &[&one]), trust(true, &[&one])),
    ] {
        assert_eq!(serving.clone().without_revoked(&newer), left, "{serving:?}, then {newer:?}");
    }
}
