use super::*;

#[test]
fn what_nobody_needs_or_holds_goes_after_its_time_and_not_before() {
    let kept: Retained<u32, u32> = Retained::default();
    let now = Instant::now();
    let after = |seconds| (now + Duration::from_secs(seconds), Duration::from_secs(60));
    let held = kept.get(1, || 1);
    (2..1_602).for_each(|key| drop(kept.get(key, || key)));
    kept.let_go(|key| *key == 2, after(0));
    kept.let_go(|key| *key == 2, after(59));
    assert_eq!(kept.len(), 1_601);
    // Who is needed meanwhile begins anew.
    kept.let_go(|key| *key <= 3, after(59));
    kept.let_go(|key| *key == 2, after(60));
    assert_eq!(kept.len(), 3, "one that is held, one that is needed, and one that was");
    drop(held);
    kept.let_go(|_| false, after(61));
    kept.let_go(|_| false, after(121));
    assert_eq!(kept.len(), 0);
}
