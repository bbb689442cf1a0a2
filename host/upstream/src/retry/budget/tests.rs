#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]
mod simulated;

use super::RetryBudget;
use proptest::prelude::*;
use std::time::Duration;
use tokio::time::advance;

fn withdrawn(budget: &RetryBudget) -> usize {
    (0..1_000).take_while(|_| budget.withdraw()).count()
}

#[tokio::test(start_paused = true)]
async fn ten_at_once_then_a_share_of_the_requests_and_one_a_second() {
    let budget = RetryBudget::new(20);
    assert_eq!(withdrawn(&budget), 10);
    (0..14).for_each(|_| budget.deposit());
    assert_eq!(withdrawn(&budget), 2, "14 requests pay for 2.8 attempts");
    budget.deposit();
    assert_eq!(withdrawn(&budget), 1);
    advance(Duration::from_secs(3)).await;
    assert_eq!(withdrawn(&budget), 3);
    advance(Duration::from_secs(1_000)).await;
    (0..1_000).for_each(|_| budget.deposit());
    assert_eq!(withdrawn(&budget), 10, "no more than that is ever kept");
}

#[tokio::test(start_paused = true)]
async fn without_a_share_time_alone_pays() {
    let budget = RetryBudget::new(0);
    assert_eq!(withdrawn(&budget), 10);
    (0..1_000).for_each(|_| budget.deposit());
    assert_eq!(withdrawn(&budget), 0);
    advance(Duration::from_millis(500)).await;
    assert_eq!(withdrawn(&budget), 0);
    advance(Duration::from_millis(500)).await;
    assert_eq!(withdrawn(&budget), 1, "an attempt that was not granted costs nothing");
}

proptest! {
    #[test]
    fn whatever_is_asked_when_no_more_is_granted_than_is_there(
        percent in 0_u32..=100,
        acts in prop::collection::vec((0_u8..3, 0_u64..200), 1..500),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let budget = RetryBudget::new(percent);
            let (mut requests, mut millis, mut granted) = (0_u64, 0_u64, 0_u64);
            for (act, time) in acts {
                match act {
                    0 => {
                        budget.deposit();
                        requests += 1;
                    }
                    1 => granted += u64::from(budget.withdraw()),
                    _ => {
                        advance(Duration::from_millis(time)).await;
                        millis += time;
                    }
                }
            }
            prop_assert!(granted * 1_000 <= 10_000 + requests * u64::from(percent) * 10 + millis);
            Ok(())
        })?;
    }
}
