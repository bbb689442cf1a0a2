use super::*;
use crate::error::Fault;

#[test]
fn a_calls_cpu_time_is_counted_in_the_bucket_that_bounds_it() {
    let stats = HookStats::default();
    for ns in [0, 500, 501, 100_000_000, 100_000_001, u64::MAX / 8] {
        stats.call(ns, 0);
    }
    let buckets: Vec<u64> = stats.buckets().collect();
    assert_eq!(buckets.len(), CPU_BUCKETS_NS.len() + 1);
    assert_eq!((buckets[0], buckets[1], buckets[13], buckets[14]), (2, 1, 1, 2));
    assert_eq!((stats.calls(), buckets.iter().sum::<u64>()), (6, 6));
}

#[test]
fn every_fault_has_a_reason_of_its_own() {
    let faults = Fault::each();
    let stats = HookStats::default();
    for (n, fault) in faults.iter().enumerate() {
        assert_eq!((fault.index(), fault.reason()), (n, Fault::REASONS[n]));
        (0..=n).for_each(|_| stats.fault(fault));
    }
    assert_eq!(stats.faults().map(|(_, count)| count).collect::<Vec<_>>(), (1..=15).collect::<Vec<u64>>());
}

#[test]
fn names_of_counters_are_bounded_in_shape_and_number() {
    let counters = Meter::default().unlisted();
    for bad in ["", "UPPER", "a-b", "a\nb", "ä", &"x".repeat(65)] {
        counters.named(bad).fetch_add(1, Ordering::Relaxed);
    }
    assert_eq!(counters.named("other").load(Ordering::Relaxed), 6);
    for n in 0..200 {
        counters.named(&format!("n{n}")).fetch_add(1, Ordering::Relaxed);
    }
    let (mut names, mut sum) = (0, 0);
    counters.by_name.each(|_, value| {
        names += 1;
        sum += value.load(Ordering::Relaxed);
    });
    assert!(names <= PluginCounters::NAMES + 1, "{names}");
    assert_eq!(sum, 206, "nothing is lost, only its name");
}

#[test]
fn figures_and_counters_are_kept_apart_by_plugin_hook_and_tenant_and_outlive_reloads() {
    let meter = Meter::default();
    let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
    meter.stats(&a, HookKind::Policy, &b).hit();
    meter.stats(&a, HookKind::Event, &b).hit();
    meter.stats(&b, HookKind::Policy, &a).hit();
    meter.stats(&a, HookKind::Policy, &b).hit();
    let mut seen = Vec::new();
    meter.each_hook(|plugin, hook, tenant, stats| seen.push(format!("{plugin} {hook} {tenant} {}", stats.hits())));
    assert_eq!(seen, ["a event b 1", "a policy b 2", "b policy a 1"]);
}

#[test]
fn instances_are_counted_while_they_live() {
    let meter = Meter::default();
    let (plugin, tenant): (Arc<str>, Arc<str>) = ("p".into(), "t".into());
    let counters = meter.counters(&plugin, &tenant);
    let alive = [Alive::new(&counters), Alive::new(&counters)];
    let count = || {
        let mut count = 0;
        meter.each_pool(|_, _, n, _| count += n);
        count
    };
    assert_eq!(count(), 2);
    drop(alive);
    assert_eq!(count(), 0);
}

#[test]
fn past_the_limit_figures_are_kept_for_all_other_tenants_together() {
    let meter = Meter::default();
    meter.set_limit(2);
    let plugin: Arc<str> = "p".into();
    for n in 0..5 {
        let tenant: Arc<str> = format!("t{n}").into();
        meter.stats(&plugin, HookKind::Policy, &tenant).hit();
        let counters = meter.counters(&plugin, &tenant);
        counters.named("a").fetch_add(1, Ordering::Relaxed);
        counters.quarantine(false);
    }
    let mut seen = Vec::new();
    meter.each_hook(|_, _, tenant, stats| seen.push(format!("{tenant} {}", stats.hits())));
    assert_eq!(seen, ["other 3", "t0 1", "t1 1"]);
    let mut counted = Vec::new();
    meter.each_counter(|_, tenant, name, value| counted.push(format!("{tenant} {name} {value}")));
    assert_eq!(counted, ["other other 3", "t0 a 1", "t1 a 1"]);
    let mut quarantined = 0;
    meter.each_quarantine(|_, _, now, _| quarantined += now);
    assert_eq!(quarantined, 5);
    assert_eq!(meter.kept(), [("plugin_hooks", 2, 3), ("plugins", 2, 3), ("plugin_counters", 2, 3)]);
}

#[test]
fn past_the_limit_what_tenants_put_into_their_own_folders_takes_no_room_at_all() {
    let meter = Meter::default();
    meter.set_limit(1);
    let acme: Arc<str> = "acme".into();
    for n in 0..1_600 {
        let plugin: Arc<str> = format!("tenants/acme/p{n}").into();
        meter.stats(&plugin, HookKind::Policy, &acme).hit();
        meter.counters(&plugin, &acme).log_dropped(1);
    }
    let (mut rows, mut hits, mut left_out) = (Vec::new(), 0, 0);
    meter.each_hook(|plugin, _, tenant, stats| {
        rows.push(format!("{plugin} {tenant}"));
        hits += stats.hits();
    });
    meter.each_quota(|_, _, log, _| left_out += log);
    assert_eq!(
        (rows, hits, left_out),
        (vec!["other other".to_owned(), "tenants/acme/p0 acme".to_owned()], 1_600, 1_600)
    );
}
