//! Requests to providers that fail, over simulated time: how often others and the same are asked again, and that it never ends.

use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{Instant, advance};
use weir_seeded::seeded;

use super::super::RetryBudget;
use crate::retry::backoff::Backoff;

const STEPS: usize = 4_000;

/// A request whose attempt failed, until when it waits, and which attempt is next.
struct Waits {
    until: Instant,
    attempt: u32,
}

#[test]
fn further_attempts_stay_within_the_budget_and_come_back_with_time() {
    seeded("budget", 20, |chance| {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let percent = chance.one_of([0, 1, 20, 100]);
            let (base, cap) = (Duration::from_millis(100), Duration::from_secs(5));
            let (budget, mut backoff, start) = (RetryBudget::new(percent), Backoff::new(base, cap), Instant::now());
            let (mut waits, mut requests, mut further): (Vec<Waits>, u64, u64) = (vec![], 0, 0);
            let failing = chance.one_of([5, 50, 95]);
            for _ in 0..STEPS {
                let now = Instant::now();
                if chance.percent(50) {
                    requests += 1;
                    budget.deposit();
                    if chance.percent(failing) {
                        waits.push(Waits { until: now, attempt: 1 });
                    }
                }
                let (due, later): (Vec<Waits>, Vec<Waits>) = waits.into_iter().partition(|waits| waits.until <= now);
                waits = later;
                for Waits { attempt, .. } in due {
                    let told = chance.percent(10).then(|| chance.millis(10_000));
                    let Some(delay) = backoff.delay(attempt, told) else {
                        assert!(told.is_some_and(|told| told > cap), "only who is told to wait for longer gives up");
                        continue;
                    };
                    let most = base.saturating_mul(1 << (attempt - 1).min(20)).min(cap);
                    assert!(told.map_or(delay < most, |told| delay == told), "{delay:?} of {most:?} and {told:?}");
                    if budget.withdraw() {
                        further += 1;
                        if chance.percent(failing) {
                            waits.push(Waits { until: now + delay, attempt: attempt + 1 });
                        }
                    }
                }
                if chance.percent(30) {
                    let most = chance.one_of([20, 300, 3_000]);
                    advance(chance.millis(most)).await;
                }
                let seconds = start.elapsed().as_secs_f64();
                let most = 10.0 + requests as f64 * f64::from(percent) / 100.0 + seconds;
                assert!(further as f64 <= most + 1e-6, "{further} of {most}");
            }
            // However much was spent: each second brings one, and ten of them all that is kept.
            while budget.withdraw() {}
            for _ in 0..3 {
                advance(Duration::from_secs(1)).await;
                assert!(budget.withdraw() && !budget.withdraw());
            }
            advance(Duration::from_secs(10)).await;
            assert_eq!((0..20).filter(|_| budget.withdraw()).count(), 10);
        });
    });
}
