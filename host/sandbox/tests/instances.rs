//! Instances under stress: calls that are dropped, an engine that is full, time that passes outside of guest code.

use crate::support::{config, exchange, run};
use nix::time::{ClockId, clock_gettime};
use std::fs;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tempfile::TempDir;
use weir_config::{Config, PluginShares};
use weir_sandbox::{Chain, Fault, Library, Sandbox, SandboxWorker, Stop};

/// A policy with this body and an allocator that wraps around.
fn policy(body: &str) -> Vec<u8> {
    importing("", body)
}

/// The same with imports.
fn importing(imports: &str, body: &str) -> Vec<u8> {
    let facts = "(param i32 i32)";
    let module = format!(
        r#"(module {imports}
          (memory (export "memory") 1)
          (global $free (mut i32) (i32.const 1024))
          (func (export "cabi_realloc") (param i32 i32 i32) (param $len i32) (result i32)
            (if (i32.gt_u (local.get $len) (i32.const 65536)) (then (return (i32.const 65536))))
            (global.set $free (i32.and (i32.add (global.get $free) (i32.const 256)) (i32.const 16383)))
            (i32.add (i32.const 1024) (global.get $free)))
          (func (export "weir:plugin/policy@0.1.0#on-request") {facts} (result i32) {body}))"#
    );
    weir_pack::component_from_wat(&module, "policy-hook").unwrap()
}

const SPIN: &str = "(loop $forever (br $forever)) unreachable";
/// Spins for the tenant whose name begins with `s`.
const SPIN_FOR_S: &str = "(call $tenant (i32.const 512))
    (if (i32.eq (i32.load8_u (i32.load (i32.const 512))) (i32.const 115)) (then (loop $forever (br $forever)))) (i32.const 0)";
const TENANT: &str = r#"(import "weir:plugin/request@0.1.0" "tenant" (func $tenant (param i32)))"#;
/// Puts a number of 15 million digits into the body and reads it again and again: few steps for the guest, long ones for
/// the host.
const READ: &str = r#"(drop (memory.grow (i32.const 500)))
    (memory.fill (i32.const 65536) (i32.const 49) (i32.const 15000000))
    (i32.store16 (i32.const 512) (i32.const 0x6e2f))
    (call $set (i32.const 512) (i32.const 2) (i32.const 65536) (i32.const 15000000) (i32.const 528))
    (loop $again (call $get (i32.const 512) (i32.const 2) (i32.const 528)) (br $again))
    unreachable"#;
const READS: &str = r#"(import "weir:plugin/request@0.1.0" "get" (func $get (param i32 i32 i32)))
    (import "weir:plugin/request@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32)))"#;

/// The sandbox with one plugin in service for the tenants `sam` and `tom`.
struct Stage {
    sandbox: Arc<Sandbox>,
    library: Library,
    worker: SandboxWorker,
    config: Config,
    _folder: TempDir,
}

impl Stage {
    async fn set(component: &[u8], limits: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("it.wasm"), component).unwrap();
        let plugins = format!("[[plugins.chain]]\nplugin = \"it\"\nlimits = {limits}");
        let config = config(folder.path(), &["sam", "ann", "tom"], &plugins);
        let sandbox = Sandbox::new().unwrap();
        let mut library = Library::new(Arc::clone(&sandbox), None);
        let (_, problems) = library.build(&config, &mut |_| {}).await;
        assert!(problems.is_empty(), "{problems:?}");
        let worker = SandboxWorker::new();
        Self { sandbox, library, worker, config, _folder: folder }
    }

    fn chain(&self, tenant: &str) -> Arc<Chain> {
        Arc::clone(self.library.current().of(tenant).unwrap())
    }

    async fn ask_as(&self, tenant: String) -> Result<(), Fault> {
        self.ask(&tenant).await
    }

    async fn ask(&self, tenant: &str) -> Result<(), Fault> {
        let mut exchange = Some(exchange(tenant));
        let answer = self.worker.policy(&self.chain(tenant), &mut exchange).await;
        match answer {
            Ok(()) => Ok(()),
            Err(Stop::Failed { fault, .. }) => {
                assert!(exchange.is_some(), "the exchange is back after a fault");
                Err(fault)
            }
            Err(Stop::Refused { refusal, .. }) => panic!("{refusal:?}"),
        }
    }

    fn instances(&self) -> i64 {
        let mut alive = 0;
        self.sandbox.meter().each_pool(|_, _, count, _| alive += count);
        alive
    }

    fn cpu(&self) -> Duration {
        let mut ns = 0;
        self.sandbox.meter().each_hook(|_, _, _, stats| ns += stats.cpu_ns());
        Duration::from_nanos(ns)
    }
}

/// Polls a future a few times and drops it in the middle.
async fn begin_and_leave(call: impl Future<Output = Result<(), Fault>>, polls: u32) {
    let mut call = Box::pin(call);
    let mut left = polls;
    poll_fn(|cx| {
        assert!(call.as_mut().poll(cx).is_pending(), "it cannot be over yet");
        left -= 1;
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[test]
fn a_call_that_is_dropped_in_the_middle_gives_its_place_back_and_pays() {
    run(async {
        let stage =
            Stage::set(&importing(TENANT, SPIN_FOR_S), r#"{ instances = 1, wait = "0ms", deadline = "60s" }"#).await;
        let mut paid = Duration::ZERO;
        for round in 1..=3 {
            begin_and_leave(stage.ask("sam"), 5).await;
            assert_eq!(stage.instances(), 0, "round {round}");
            // A slice is a number of steps, and no machine takes them in no time.
            assert!(stage.cpu() > paid + Duration::from_micros(2), "round {round}: {:?} after {paid:?}", stage.cpu());
            paid = stage.cpu();
        }
        // Had a place been lost, nobody could be served: there is one.
        begin_and_leave(stage.ask("sam"), 2).await;
        assert_eq!(stage.ask("tom").await, Ok(()));
    });
}

#[test]
fn a_call_that_is_dropped_while_it_waits_takes_nobodys_turn() {
    run(async {
        let stage =
            Stage::set(&importing(TENANT, SPIN_FOR_S), r#"{ instances = 1, wait = "30s", deadline = "200ms" }"#).await;
        let (spinner, waiter) = (stage.ask("sam"), stage.ask("sam"));
        tokio::pin!(spinner);
        begin_and_leave(async { spinner.as_mut().await }, 2).await;
        begin_and_leave(waiter, 1).await;
        let (first, second) = tokio::join!(spinner, stage.ask("sam"));
        assert_eq!((first, second), (Err(Fault::Deadline), Err(Fault::Deadline)));
        assert_eq!(stage.instances(), 0);
    });
}

#[test]
fn a_deadline_counts_the_time_that_passes_and_not_the_steps_of_the_guest() {
    run(async {
        // Were each step taken for one slice, ten of them would fit in, and the limit of host calls would come first.
        let stage = Stage::set(&importing(READS, READ), r#"{ deadline = "20ms", host_calls = 6 }"#).await;
        assert_eq!(stage.ask("sam").await, Err(Fault::Deadline));
        eprintln!("cut off after {:?}", stage.cpu());
    });
}

type Call<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + 'a>>;

/// Begins calls, each of which runs for one slice and then keeps its instance, until one is refused; how that was.
async fn fill<'a>(stage: &'a Stage, tenant: &str, calls: &mut Vec<Call<'a>>) -> Option<Result<(), Fault>> {
    for _ in 0..2_500 {
        let mut call: Call<'a> = Box::pin(stage.ask_as(tenant.to_owned()));
        match poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await {
            Poll::Pending => calls.push(call),
            Poll::Ready(end) => return Some(end),
        }
    }
    None
}

#[test]
fn one_tenant_has_its_share_of_the_engine_and_two_of_them_leave_the_others_theirs() {
    run(async {
        let stage = Stage::set(&policy(SPIN), r#"{ instances = 1000, wait = "0ms", deadline = "60s" }"#).await;
        let (instances, tenant_instances) = (1_000, 600);
        stage.sandbox.set_shares(&PluginShares { instances, tenant_instances, ..PluginShares::default() });
        let mut calls = Vec::new();
        assert_eq!(fill(&stage, "sam", &mut calls).await, Some(Err(Fault::Share)));
        assert_eq!(calls.len(), 450, "three quarters of its share, for this is the only one of its plugins");
        assert_eq!(fill(&stage, "tom", &mut calls).await, Some(Err(Fault::Full)));
        assert_eq!(calls.len(), 750, "three quarters of all");
        // Whoever has next to nothing finds room all the same, and room comes back.
        begin_and_leave(stage.ask("ann"), 2).await;
        assert_eq!(stage.sandbox.instances().0, 750);
        calls.truncate(740);
        begin_and_leave(stage.ask("tom"), 2).await;
        drop(calls);
        assert_eq!((stage.instances(), stage.sandbox.instances()), (0, (0, 1_000, 0)));
    });
}

#[test]
fn as_many_instances_as_the_engine_has_room_for_can_be_in_the_middle_of_a_call_at_once() {
    run(async {
        let stage = Stage::set(&policy(SPIN), r#"{ instances = 1000, wait = "0ms", deadline = "60s" }"#).await;
        let (instances, tenant_instances, tenant_reserve) = (1_900, 1_900, 1_900);
        let shares = PluginShares { instances, tenant_instances, tenant_reserve, ..PluginShares::default() };
        stage.sandbox.set_shares(&shares);
        let mut calls = Vec::new();
        let ends = [fill(&stage, "sam", &mut calls).await, fill(&stage, "tom", &mut calls).await];
        let (alive, room, _) = stage.sandbox.instances();
        // A pool has a bound of its own, and a machine may have room for fewer.
        assert!(matches!(ends, [Some(Err(Fault::Busy | Fault::Full)), Some(Err(Fault::Full))]), "{ends:?}");
        assert_eq!((calls.len(), alive), (room, room));
    });
}

#[test]
fn idle_instances_of_another_thread_are_given_up_when_their_tenant_needs_the_places() {
    run(async {
        let stage = Stage::set(&policy("(i32.const 0)"), r#"{ instances = 100, wait = "10s" }"#).await;
        let tenant_instances = 1;
        stage.sandbox.set_shares(&PluginShares { tenant_instances, ..PluginShares::default() });
        assert_eq!(stage.ask("sam").await, Ok(()));
        let mut other = Some(exchange("sam"));
        let elsewhere = SandboxWorker::new();
        let chain = stage.chain("sam");
        let asks = elsewhere.policy(&chain, &mut other);
        let gives = async {
            // As the first thread does beside its requests.
            loop {
                stage.sandbox.pressed().await;
                stage.worker.give_up(&stage.sandbox);
            }
        };
        tokio::select! {
            answer = asks => assert!(answer.is_ok(), "{answer:?}"),
            () = gives => {}
        }
        assert_eq!((stage.instances(), stage.sandbox.instances().0), (1, 1));
    });
}

/// Has two and a half MiB of memory from its first call on, or traps.
const GROW: &str = "(if (i32.lt_u (memory.size) (i32.const 40))
    (then (if (i32.eq (memory.grow (i32.const 39)) (i32.const -1)) (then unreachable)))) (i32.const 0)";

/// A stage whose first thread has an idle instance with more than half of its tenant's memory, and may be asked for it.
async fn grown(limits: &str) -> Stage {
    let stage = Stage::set(&policy(GROW), limits).await;
    stage.worker.give_up(&stage.sandbox);
    // There is plenty when it is kept, and then no longer.
    stage.sandbox.set_shares(&PluginShares { tenant_memory: 8 << 20, ..PluginShares::default() });
    assert_eq!(stage.ask("sam").await, Ok(()));
    stage.sandbox.set_shares(&PluginShares { tenant_memory: 4 << 20, ..PluginShares::default() });
    assert_eq!(stage.instances(), 1);
    stage
}

/// What the first thread does beside its requests.
async fn gives(stage: &Stage) {
    loop {
        stage.sandbox.pressed().await;
        stage.worker.give_up(&stage.sandbox);
    }
}

#[test]
fn memory_that_an_idle_instance_of_another_thread_has_is_waited_for_by_a_call_that_grows() {
    run(async {
        let stage = grown(r#"{ wait = "0ms" }"#).await;
        let mut other = Some(exchange("sam"));
        let elsewhere = SandboxWorker::new();
        let chain = stage.chain("sam");
        tokio::select! {
            answer = elsewhere.policy(&chain, &mut other) => assert!(answer.is_ok(), "{answer:?}"),
            () = gives(&stage) => {}
        }
        // The other one is gone, and this one has grown beyond half of what there is.
        assert_eq!((stage.instances(), stage.sandbox.instances()), (0, (0, 1_000, 0)));
    });
}

#[test]
fn memory_that_a_tenant_with_little_has_used_a_moment_ago_is_waited_for_until_it_has_not() {
    run(async {
        let stage = Stage::set(&policy(GROW), r#"{ wait = "0ms" }"#).await;
        let rules = |memory: usize| PluginShares {
            memory: Some(memory << 20),
            tenant_memory_reserve: 3 << 20,
            ..PluginShares::default()
        };
        stage.sandbox.set_shares(&rules(8));
        stage.worker.give_up(&stage.sandbox);
        assert_eq!(stage.ask("tom").await, Ok(()));
        // Both are within their reserves, and there is not enough for both.
        stage.sandbox.set_shares(&rules(4));
        let (elsewhere, chain, mut other) = (SandboxWorker::new(), stage.chain("sam"), Some(exchange("sam")));
        tokio::select! {
            answer = elsewhere.policy(&chain, &mut other) => assert!(answer.is_ok(), "{answer:?}"),
            () = gives(&stage) => {}
        }
        assert_eq!(stage.instances(), 0, "what has grown is not kept beyond half of all");
    });
}

#[test]
fn a_call_that_is_dropped_while_it_waits_for_memory_leaves_none_behind() {
    run(async {
        let stage = grown(r#"{ wait = "24h" }"#).await;
        let before = stage.sandbox.instances();
        for round in 0..3 {
            let (elsewhere, chain, mut other) = (SandboxWorker::new(), stage.chain("sam"), Some(exchange("sam")));
            let asks = async { elsewhere.policy(&chain, &mut other).await.map_err(|_| Fault::Share) };
            begin_and_leave(asks, 3).await;
            assert_eq!((stage.instances(), stage.sandbox.instances()), (1, before), "round {round}");
        }
        assert_eq!(stage.ask("sam").await, Ok(()), "what it has it may use");
    });
}

#[test]
fn a_thread_that_never_answers_is_not_waited_for_without_end() {
    run(async {
        let stage = grown(r#"{ wait = "0ms" }"#).await;
        let (elsewhere, chain, mut other) = (SandboxWorker::new(), stage.chain("sam"), Some(exchange("sam")));
        let answer = elsewhere.policy(&chain, &mut other).await;
        assert!(matches!(answer, Err(Stop::Failed { fault: Fault::Share, .. })), "{answer:?}");
        // Nor is one that is no more.
        drop(stage.worker);
        assert_eq!(stage.sandbox.instances().0, 0);
        assert!(elsewhere.policy(&chain, &mut other).await.is_ok());
    });
}

#[test]
fn a_library_goes_back_to_what_it_served() {
    run(async {
        let mut stage = Stage::set(&policy("(i32.const 0)"), "{}").await;
        let (before, generation) = (stage.library.checkpoint(), stage.library.current().generation);
        let mut other = stage.config.clone();
        other.plugins.chain[0].plugin = "absent".to_owned();
        fs::remove_file(stage.config.plugins.folder.join("it.wasm")).unwrap();
        let (chains, problems) = stage.library.build(&other, &mut |_| {}).await;
        assert_eq!((chains.plugins().len(), problems.len()), (0, 1));
        stage.library.restore(before);
        let (chains, problems) = stage.library.build(&stage.config, &mut |_| {}).await;
        assert_eq!((chains.plugins().len(), chains.generation), (1, generation));
        assert!(problems[0].last_good, "the file is gone, the plugin is not: {problems:?}");
    });
}

/// How long another task of the thread may have to wait for its turn while a plugin spins.
const STALL: Duration = Duration::from_millis(2);

/// CPU time of this thread so far: what the system takes from it meanwhile is not the plugin's doing.
fn thread_time() -> Duration {
    Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap())
}

#[test]
fn while_a_plugin_spins_the_threads_other_tasks_have_their_turn_within_two_milliseconds() {
    run(async {
        let stage = Stage::set(&policy(SPIN), r#"{ deadline = "500ms" }"#).await;
        let spinner = stage.ask("sam");
        tokio::pin!(spinner);
        let (mut gaps, mut last) = (Vec::new(), thread_time());
        let fault = loop {
            tokio::select! {
                biased;
                () = tokio::task::yield_now() => {
                    let now = thread_time();
                    gaps.push(now - last);
                    last = now;
                }
                fault = &mut spinner => break fault,
            }
        };
        assert_eq!(fault, Err(Fault::Deadline));
        gaps.sort_unstable();
        let (usual, longest) = (gaps[gaps.len() / 2], gaps[gaps.len() - 1]);
        eprintln!("{} turns beside the spinning plugin; {usual:?} between them, {longest:?} at most", gaps.len());
        // Interrupts are charged to whom they hit, so one turn of a hundred may be late.
        let late = gaps.iter().filter(|gap| **gap > STALL).count();
        assert!(late * 100 <= gaps.len(), "{late} of {} turns came late", gaps.len());
    });
}
