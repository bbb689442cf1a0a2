use super::*;
use std::collections::BTreeSet;

#[test]
fn what_needs_a_grant_is_what_an_operator_can_grant() {
    let needed = HostInterface::ALL.iter().filter(|interface| interface.needs_grant());
    let needed: BTreeSet<&str> = needed.map(|interface| interface.name()).collect();
    assert_eq!(needed, Grant::ALL.iter().map(|(name, _)| *name).collect());
}

#[test]
fn a_grant_opens_its_own_interface_and_no_other() {
    let exchange = HostInterface::ALL.iter().filter(|interface| is_open(**interface, &[])).count();
    for (name, grant) in Grant::ALL {
        let open: Vec<&str> =
            HostInterface::ALL.iter().filter(|open| is_open(**open, &[grant])).map(|open| open.name()).collect();
        assert_eq!((open.len(), open.contains(&name)), (exchange + 1, true), "{name}");
    }
}
