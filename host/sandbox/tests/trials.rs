//! Trials of new versions, with a clock of the test's own: who sees them, what ends them, and what is remembered of them.

use crate::support::{config, exchange, run};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use weir_config::Config;
use weir_sandbox::{
    Chain, HookKind, Library, LoadProblem, ObservedProvenance, Outcome, Sandbox, SandboxWorker, Stop, TrialOutcome,
};

const PASS: &str = "(i32.const 0)";
const FAULT: &str = "unreachable";
/// Refuses with status 400, without code and message.
const REFUSE: &str =
    "(i32.store8 (i32.const 512) (i32.const 1)) (i32.store16 (i32.const 516) (i32.const 400)) (i32.const 512)";

/// A plugin with these hooks and bodies. Two with different names are different files.
fn plugin(name: &str, hooks: &[(&str, &str)]) -> Vec<u8> {
    let function = |(hook, body): &(&str, &str)| match *hook {
        "policy" => {
            format!("(func (export \"weir:plugin/policy@0.1.0#on-request\") (param i32 i32) (result i32) {body})")
        }
        "observe" => format!(
            "(func (export \"weir:plugin/observe@0.1.0#on-finished\") (param i32 i32) (param i32 i32 i32 i32 i32 i64 i64 \
             i32 i64 i64) {body})"
        ),
        other => panic!("{other}"),
    };
    let functions: String = hooks.iter().map(function).collect();
    let module = format!(
        r#"(module
          (memory (export "memory") 1)
          (data (i32.const 900) "{name}")
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048))
          {functions})"#
    );
    let worlds: Vec<String> = hooks.iter().map(|(hook, _)| format!("{hook}-hook")).collect();
    weir_pack::component_from_wat(&module, &worlds.join("+")).unwrap()
}

fn policy(name: &str, body: &str) -> Vec<u8> {
    plugin(name, &[("policy", body)])
}

/// A library whose folder the test writes, and one worker that asks.
struct Stage {
    library: Library,
    worker: SandboxWorker,
    folder: TempDir,
    asked: u64,
    problems: Vec<LoadProblem>,
}

const RULES: &str = "canary = { percent = 50, for = \"1m\", calls = 20 }";

impl Stage {
    fn new() -> Self {
        let library = Library::new(Sandbox::new().unwrap(), None);
        Self {
            library,
            worker: SandboxWorker::new(),
            folder: tempfile::tempdir().unwrap(),
            asked: 0,
            problems: Vec::new(),
        }
    }

    fn config(&self, chain: &str) -> Config {
        config(self.folder.path(), &["sam"], &format!("remember_rolled_back = 3\n{chain}"))
    }

    /// Writes a file below the folder and builds what the chain says of `it`.
    async fn put(&mut self, file: &str, component: &[u8], settings: &str) {
        let path = self.folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, component).unwrap();
        self.build(settings).await;
    }

    async fn build(&mut self, settings: &str) {
        let config = self.config(&format!("[[plugins.chain]]\nplugin = \"it\"\n{settings}"));
        self.problems = self.library.build(&config, &mut |_| {}).await.1;
    }

    /// Only what lies in `all/` applies.
    async fn build_placed(&mut self) {
        let config = self.config("");
        self.problems = self.library.build(&config, &mut |_| {}).await.1;
    }

    fn draw(&mut self) -> Arc<Chain> {
        self.asked += 1;
        let id = format!("019b0a5c-0000-7{:03x}-8a2f-5d0c71e0b3a9", self.asked);
        Arc::clone(self.library.current().of_tenant("sam").unwrap().draw(&id))
    }

    /// So many requests; how many passed, were refused, failed.
    async fn ask(&mut self, times: usize) -> [usize; 3] {
        let mut ends = [0; 3];
        for _ in 0..times {
            let chain = self.draw();
            let end = match self.worker.policy(&chain, &mut Some(exchange("sam"))).await {
                Ok(()) => 0,
                Err(Stop::Refused { .. }) => 1,
                Err(Stop::Failed { .. }) => 2,
            };
            ends[end] += 1;
        }
        ends
    }

    /// What is decided when so much time has passed.
    fn judge(&mut self, after: Duration) -> Vec<TrialOutcome> {
        self.library.judge(Instant::now() + after)
    }

    fn why(&self) -> String {
        self.problems.iter().map(|problem| problem.error.to_string()).collect::<Vec<_>>().join("\n")
    }

    fn on_trial(&self) -> usize {
        self.library.current().on_trial().len()
    }
}

const NOW: Duration = Duration::ZERO;
const LATER: Duration = Duration::from_secs(61);

fn is_promoted(ended: &[TrialOutcome]) -> bool {
    matches!(ended, [TrialOutcome::Promoted { .. }])
}

fn why_back(ended: &[TrialOutcome]) -> String {
    match ended {
        [TrialOutcome::RolledBack { why, .. }] => why.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_version_is_promoted_when_its_time_is_over_and_it_has_answered_what_it_has_to() {
    run(async {
        let mut stage = Stage::new();
        stage.put("it.wasm", &policy("old", PASS), RULES).await;
        stage.put("it.wasm", &policy("new", REFUSE), RULES).await;
        assert_eq!(stage.judge(LATER * 1_000), [], "nobody has seen it, however long it was there");
        let [passed, refused, failed] = stage.ask(200).await;
        assert!((60..140).contains(&refused) && passed + refused == 200 && failed == 0, "{passed} {refused}");
        let (old, new) = stage.library.current().on_trial()[0].counted();
        assert_eq!(
            (old.answered(), old.refused(), new.answered(), new.refused()),
            (passed as u64, 0, refused as u64, refused as u64)
        );
        assert_eq!(stage.judge(Duration::from_secs(50)), [], "its time is not over");
        assert!(is_promoted(&stage.judge(LATER)));
        stage.build(RULES).await;
        assert_eq!((stage.ask(10).await, stage.on_trial()), ([0, 10, 0], 0));
    });
}

#[test]
fn a_version_in_quarantine_is_seen_by_no_further_request_and_is_rolled_back_however_few_its_faults() {
    run(async {
        let mut stage = Stage::new();
        let one = &format!("{RULES}\nlimits = {{ faults = 1, quarantine = \"24h\", quarantine_most = \"24h\" }}");
        stage.put("it.wasm", &policy("old", PASS), one).await;
        stage.put("it.wasm", &policy("new", FAULT), one).await;
        let [passed, _, failed] = stage.ask(1_000).await;
        assert_eq!((passed, failed), (999, 1), "the first fault is the last, before anybody has judged");
        let why = why_back(&stage.judge(NOW));
        assert!(why.contains("quarantine") && why.contains("faulted"), "{why}");
        stage.build(one).await;
        assert_eq!(stage.ask(50).await, [50, 0, 0]);
    });
}

/// Counts so far, which takes some milliseconds, and passes.
const BUSY: &str = "(local $n i32) (loop $more (local.set $n (i32.add (local.get $n) (i32.const 1))) \
                    (br_if $more (i32.lt_u (local.get $n) (i32.const 30000000)))) (i32.const 0)";

#[test]
fn calls_that_are_not_made_for_want_of_budget_or_of_an_instance_are_faults_of_the_version_and_prove_nothing() {
    run(async {
        let mut stage = Stage::new();
        let budget = "limits = { cpu = \"1ms\", cpu_burst = \"1ms\", deadline = \"60s\" }";
        let settings = &format!("{RULES}\non_failure = \"open\"\n{budget}");
        stage.put("it.wasm", &policy("old", PASS), settings).await;
        stage.put("it.wasm", &policy("new", BUSY), settings).await;
        assert_eq!(stage.ask(100).await, [100, 0, 0], "all pass: the binding is open");
        let why = why_back(&stage.judge(LATER));
        assert!(why.contains("most often by `budget`"), "{why}");

        let mut stage = Stage::new();
        let one = "limits = { instances = 1, wait = \"0ms\", deadline = \"60s\", cpu = \"1000s\", cpu_burst = \"1h\" }";
        let settings = &format!("{RULES}\non_failure = \"open\"\n{one}");
        stage.put("it.wasm", &policy("old", PASS), settings).await;
        stage.put("it.wasm", &policy("new", BUSY), settings).await;
        for _ in 0..30 {
            let (first, second) = (stage.draw(), stage.draw());
            let (mut a, mut b) = (Some(exchange("sam")), Some(exchange("sam")));
            let both = tokio::join!(stage.worker.policy(&first, &mut a), stage.worker.policy(&second, &mut b));
            assert!(both.0.is_ok() && both.1.is_ok());
        }
        let why = why_back(&stage.judge(LATER));
        assert!(why.contains("most often by `busy`"), "{why}");
    });
}

#[test]
fn every_version_that_was_rolled_back_stays_out_until_it_is_named() {
    run(async {
        let mut stage = Stage::new();
        stage.put("it.wasm", &policy("old", PASS), RULES).await;
        let bad: Vec<Vec<u8>> = (0..3).map(|n| policy(&format!("bad{n}"), FAULT)).collect();
        for bad in &bad {
            stage.put("it.wasm", bad, RULES).await;
            assert_eq!(stage.on_trial(), 1);
            stage.ask(60).await;
            why_back(&stage.judge(NOW));
        }
        for bad in &bad {
            stage.put("it.wasm", bad, RULES).await;
            assert!(stage.why().contains("rolled back"), "{}", stage.why());
            // Neither other settings nor none at all give it a second trial, nor let it serve without one.
            stage.build("canary = { percent = 90, calls = 1 }").await;
            assert_eq!((stage.on_trial(), stage.ask(20).await), (0, [20, 0, 0]));
            stage.build("").await;
            assert_eq!((stage.on_trial(), stage.ask(20).await), (0, [20, 0, 0]));
        }
        let named = format!("blake3 = \"{}\"", blake3::hash(&bad[2]).to_hex());
        assert!(stage.why().contains(&blake3::hash(&bad[2]).to_hex().to_string()), "{}", stage.why());
        stage.build(&named).await;
        assert_eq!((stage.why().as_str(), stage.ask(1).await), ("", [0, 0, 1]), "who names it gets it");
    });
}

#[test]
fn taking_canary_away_ends_the_trial_with_the_old_version_and_naming_the_new_one_promotes_it() {
    run(async {
        let mut stage = Stage::new();
        let new = policy("new", REFUSE);
        stage.put("it.wasm", &policy("old", PASS), RULES).await;
        stage.put("it.wasm", &new, RULES).await;
        assert!(stage.ask(100).await[1] > 0);
        stage.build("").await;
        assert_eq!((stage.on_trial(), stage.ask(100).await), (0, [100, 0, 0]));
        assert!(stage.why().contains("`canary` was taken away"), "{}", stage.why());
        assert!(stage.problems.iter().all(|problem| problem.last_good));
        // Nothing that happens beside it changes that.
        stage.build("").await;
        assert_eq!(stage.judge(LATER), []);
        stage.build(RULES).await;
        assert_eq!(
            (stage.on_trial(), stage.ask(100).await),
            (0, [100, 0, 0]),
            "it was said once that it is not wanted"
        );
        stage.build(&format!("blake3 = \"{}\"", blake3::hash(&new).to_hex())).await;
        assert_eq!((stage.why().as_str(), stage.ask(100).await), ("", [0, 100, 0]));
    });
}

#[test]
fn the_sidecar_of_a_trial_that_is_deleted_or_emptied_promotes_nobody() {
    run(async {
        for gone in ["deleted", "emptied", "of other keys"] {
            let mut stage = Stage::new();
            let all = stage.folder.path().join("all");
            fs::create_dir_all(&all).unwrap();
            let sidecar = all.join("it.toml");
            fs::write(&sidecar, RULES).unwrap();
            fs::write(all.join("it.wasm"), policy("old", PASS)).unwrap();
            stage.build_placed().await;
            fs::write(all.join("it.wasm"), policy("new", REFUSE)).unwrap();
            stage.build_placed().await;
            assert_eq!((stage.on_trial(), stage.why().as_str()), (1, ""));
            match gone {
                "deleted" => fs::remove_file(&sidecar).unwrap(),
                "emptied" => fs::write(&sidecar, "# nothing\n").unwrap(),
                _ => fs::write(&sidecar, "on_failure = \"open\"\n").unwrap(),
            }
            stage.build_placed().await;
            assert_eq!((stage.on_trial(), stage.ask(50).await), (0, [50, 0, 0]), "{gone}");
        }
    });
}

#[test]
fn a_third_version_gets_a_trial_of_its_own_with_figures_of_its_own() {
    run(async {
        let mut stage = Stage::new();
        stage.put("it.wasm", &policy("old", PASS), RULES).await;
        stage.put("it.wasm", &policy("second", REFUSE), RULES).await;
        stage.ask(100).await;
        stage.put("it.wasm", &policy("third", PASS), RULES).await;
        let (old, new) = stage.library.current().on_trial()[0].counted();
        assert_eq!((old.answered(), new.answered()), (0, 0), "what was before is another trial's");
        assert_eq!(stage.judge(LATER), [], "what the second one answered proves nothing of the third");
        assert_eq!(stage.ask(100).await, [100, 0, 0]);
        let (old, new) = stage.library.current().on_trial()[0].counted();
        assert_eq!(old.answered() + new.answered(), 100);
        assert!(is_promoted(&stage.judge(LATER)));
    });
}

#[test]
fn a_change_that_is_taken_back_lets_a_trial_go_on_as_if_nothing_had_been() {
    run(async {
        let mut stage = Stage::new();
        stage.put("it.wasm", &policy("old", PASS), RULES).await;
        stage.put("it.wasm", &policy("new", FAULT), RULES).await;
        let before = stage.library.checkpoint();
        stage.build("").await;
        assert_eq!(stage.on_trial(), 0);
        stage.library.restore(before);
        stage.build(RULES).await;
        assert_eq!((stage.on_trial(), stage.why().as_str()), (1, ""), "it was not stopped after all");
        stage.ask(60).await;
        assert!(why_back(&stage.judge(NOW)).contains("faulted"), "and is counted");
    });
}

#[test]
fn a_version_that_refuses_more_is_rolled_back_by_the_setting_and_not_without_it() {
    run(async {
        for (more, stays) in [("", true), (", more_refusals = 10", false)] {
            let mut stage = Stage::new();
            let rules = &format!("canary = {{ percent = 50, for = \"1m\", calls = 20{more} }}");
            stage.put("it.wasm", &policy("old", PASS), rules).await;
            stage.put("it.wasm", &policy("new", REFUSE), rules).await;
            stage.ask(100).await;
            let ended = stage.judge(NOW);
            match stays {
                true => assert_eq!(ended, []),
                false => assert!(why_back(&ended).contains("more_refusals"), "{ended:?}"),
            }
        }
    });
}

fn outcome() -> Arc<Outcome> {
    Arc::new(Outcome {
        status: 200,
        code: None,
        attempts: 1,
        input_tokens: 1,
        output_tokens: 1,
        provenance: ObservedProvenance::Reported,
        duration_us: 1,
        first_byte_us: 1,
    })
}

#[test]
fn an_observer_has_a_trial_like_any_other() {
    run(async {
        for (body, promoted) in [("", true), (FAULT, false)] {
            let mut stage = Stage::new();
            stage.put("it.wasm", &plugin("old", &[("observe", "")]), RULES).await;
            stage.put("it.wasm", &plugin("new", &[("observe", body)]), RULES).await;
            for _ in 0..100 {
                let chain = stage.draw();
                assert!(chain.wants(HookKind::Observe, "m"));
                stage.worker.observe(&chain, &mut Some(exchange("sam")), &outcome()).await;
            }
            let ended = stage.judge(LATER);
            assert_eq!(is_promoted(&ended), promoted, "{ended:?}");
        }
    });
}
