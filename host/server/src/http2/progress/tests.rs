#![allow(clippy::unwrap_used)]
use super::{FRAME, HEAD, Outgoing, Wait};
use std::time::{Duration, Instant};

const LONGEST: Duration = Duration::from_secs(30);
const PART: Duration = Duration::from_secs(10);

/// Looks every ten seconds, with so much untaken each time: after how many of them it has waited too long.
fn lasts(
    outgoing: &Outgoing,
    mut wait: Wait,
    start: Instant,
    untaken: impl IntoIterator<Item = Option<u64>>,
) -> Option<u32> {
    let mut now = start;
    for (count, untaken) in (1..).zip(untaken) {
        now += PART;
        let look = outgoing.look(untaken, false);
        if wait.has_lasted(LONGEST, now, &look) {
            return Some(count);
        }
    }
    None
}

#[test]
fn what_waits_behind_megabytes_waits_from_when_they_were_taken() {
    let (outgoing, now) = (Outgoing::default(), Instant::now());
    outgoing.wrote(4 << 20, 0);
    let falling = (0..20).map(|look| Some((4 << 20) - look * (200 << 10))).chain([Some(0); 9]);
    // Twenty looks on the way, one that sees the last of it taken, and three that see nothing happen.
    assert_eq!(lasts(&outgoing, Wait::new(now, outgoing.behind(1)), now, falling), Some(24));
}

#[test]
fn what_waits_behind_what_nobody_takes_waits_no_longer_than_its_time() {
    let (outgoing, now) = (Outgoing::default(), Instant::now());
    outgoing.wrote(4 << 20, 0);
    let _ = outgoing.look(Some(1 << 20), false);
    assert_eq!(lasts(&outgoing, Wait::new(now, outgoing.behind(1)), now, [Some(1 << 20); 9]), Some(3));
    // The same where the kernel does not say.
    assert_eq!(lasts(&outgoing, Wait::new(now, outgoing.behind(1)), now, [None; 9]), Some(3));
}

#[test]
fn what_goes_to_others_is_no_excuse_for_a_stream_that_has_had_its_turn() {
    let (outgoing, now) = (Outgoing::default(), Instant::now());
    let turn = HEAD + u64::from(FRAME);
    let mut wait = Wait::new(now, outgoing.behind(2));
    let mut looks = 0;
    loop {
        looks += 1;
        // Others take a frame each time, of which some is always on its way.
        outgoing.wrote(usize::try_from(turn).unwrap(), FRAME);
        if wait.has_lasted(LONGEST, now + PART * looks, &outgoing.look(Some(10), false)) {
            break;
        }
    }
    // The third look sees its turn over, so it waits from there.
    assert_eq!(looks, 6);
}

#[test]
fn who_has_taken_everything_has_had_every_turn() {
    let (outgoing, now) = (Outgoing::default(), Instant::now());
    let mut wait = Wait::new(now, outgoing.behind(100));
    let mut looks = 0;
    loop {
        looks += 1;
        // Others get a little, and take all of it.
        outgoing.wrote(100, 100);
        if wait.has_lasted(LONGEST, now + PART * looks, &outgoing.look(Some(0), false)) {
            break;
        }
    }
    assert_eq!(looks, 4);
}
