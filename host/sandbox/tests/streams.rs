//! Streams by chance, through plugins that hold, drop and change what they see: whatever the order, nothing is lost, said twice or
//! overtaken, nothing waits for nothing, and what waits is bounded.

use crate::support::{config, exchange};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use tokio::runtime::Builder;
use weir_sandbox::{Chain, Fault, HeldBounds, Item, Library, Sandbox, SandboxWorker, Stages, Stop};
use weir_seeded::{Chance, seeded};

const STREAMS: usize = 60;
const BOUNDS: HeldBounds = HeldBounds { text: 120, events: 6_000 };

/// Decides by the first letter of an event's text: `h` is held until something with `u` comes behind it, `d` is dropped, `t` becomes
/// `T`, and everything else passes.
const GUEST: &str = r#"(module
  (memory (export "memory") 4)
  (global $free (mut i32) (i32.const 131072))
  (data (i32.const 512) "T")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (if (i32.gt_u (global.get $free) (i32.const 262144)) (then unreachable))
    (local.get $at))
  (func $letter (param $event i32) (result i32)
    (if (result i32) (i32.load offset=8 (local.get $event))
      (then (i32.load8_u (i32.load offset=4 (local.get $event)))) (else (i32.const 0))))
  (func (export "weir:plugin/event@0.1.0#on-events")
      (param $streaming i32) (param $bytes i32) (param $events i32) (param $count i32) (param $last i32) (result i32)
      (local $at i32) (local $n i32) (local $edit i32) (local $letter i32) (local $until i32)
      (i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 4) (i32.const 1024))
      (i32.store (i32.const 8) (local.get $count))
      (block $known (loop $look
        (br_if $known (i32.ge_u (local.get $n) (local.get $count)))
        (if (i32.eq (call $letter (i32.add (local.get $events) (i32.mul (local.get $n) (i32.const 12)))) (i32.const 117))
          (then (local.set $until (local.get $n))))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $look)))
      (local.set $n (i32.const 0))
      (block $done (loop $next
        (br_if $done (i32.ge_u (local.get $n) (local.get $count)))
        (local.set $at (i32.add (local.get $events) (i32.mul (local.get $n) (i32.const 12))))
        (local.set $edit (i32.add (i32.const 1024) (i32.mul (local.get $n) (i32.const 12))))
        (local.set $letter (call $letter (local.get $at)))
        (i32.store (local.get $edit) (i32.const 0))
        (if (i32.eq (local.get $letter) (i32.const 100)) (then (i32.store8 (local.get $edit) (i32.const 3))))
        (if (i32.eq (local.get $letter) (i32.const 116)) (then
          (i32.store8 (local.get $edit) (i32.const 1))
          (i32.store offset=4 (local.get $edit) (i32.const 512)) (i32.store offset=8 (local.get $edit) (i32.const 1))))
        (if (i32.and (i32.eq (local.get $letter) (i32.const 104))
              (i32.and (i32.eqz (local.get $last)) (i32.ge_u (local.get $n) (local.get $until)))) (then
          (i32.store8 (local.get $edit) (i32.const 4))))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $next)))
      (i32.const 0))
  (func (export "cabi_post_weir:plugin/event@0.1.0#on-events") (param i32) (global.set $free (i32.const 131072))))"#;

/// What an event adds to its choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// A content that begins so.
    Content(char),
    /// Another text.
    Other,
    /// Nothing.
    Nothing,
    /// It belongs to no choice.
    Beside,
}

/// One event as it was sent.
#[derive(Debug)]
struct Sent {
    choice: usize,
    says: Says,
    batch: usize,
    raw: Bytes,
    done: bool,
}

/// A chain of plugins in service, and what is known of one stream through it.
struct Stream<'a> {
    chain: &'a Chain,
    windowed: bool,
    sent: Vec<Sent>,
    /// The last event of each choice that said something and went out.
    last: BTreeMap<usize, usize>,
}

impl Stream<'_> {
    /// An event by chance, as it comes.
    fn event(&mut self, chance: &mut Chance, batch: usize) -> Vec<Item> {
        let (name, choice) = (self.sent.len(), chance.below(3));
        let says = match chance.below(40) {
            0..=3 => Says::Other,
            4..=5 => Says::Nothing,
            6..=7 => Says::Beside,
            _ => Says::Content(chance.one_of(['a', 'b', 'd', 't', 'h', 'u', 'u'])),
        };
        let delta = match says {
            Says::Content(letter) => format!(r#""content":"{letter}{name} ""#),
            Says::Other => r#""tool_calls":[{"index":0,"function":{"arguments":"1"}}]"#.to_owned(),
            Says::Nothing | Says::Beside => r#""content":"""#.to_owned(),
        };
        let data = format!(r#"{{"id":"e{name}","choices":[{{"index":{choice},"delta":{{{delta}}}}}]}}"#);
        let raw = if says == Says::Beside { format!(": {name}\n\n") } else { format!("data: {data}\n\n") };
        let raw = Bytes::from(raw);
        self.sent.push(Sent { choice, says, batch, raw: raw.clone(), done: false });
        if says == Says::Beside { vec![Item::opaque(raw)] } else { Item::read(raw, data.into()).unwrap() }
    }

    /// What has gone out is what was sent, once, and in its order.
    fn went_out(&mut self, out: &[Bytes]) {
        for raw in out {
            let text = std::str::from_utf8(raw).unwrap();
            let digits = text.strip_prefix(": ").or_else(|| Some(text.split_once("\"id\":\"e")?.1)).unwrap();
            let name: usize = digits.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
            let event = &mut self.sent[name];
            assert!(!std::mem::replace(&mut event.done, true), "{name} went out twice");
            match event.says {
                Says::Content('d') => panic!("{name} was to be dropped"),
                Says::Content('t') => assert!(text.contains(r#""content":"T""#), "{text}"),
                _ => assert_eq!(*raw, event.raw),
            }
            if matches!(event.says, Says::Content(_) | Says::Other) {
                let before = self.last.insert(event.choice, name);
                assert!(before < Some(name), "{name} has overtaken {before:?}");
            }
        }
    }

    /// Those that have not gone out; of what is dropped nobody knows whether it waits.
    fn waiting(&self) -> impl Iterator<Item = (usize, &Sent)> {
        self.sent.iter().enumerate().filter(|(_, event)| !event.done && event.says != Says::Content('d'))
    }

    /// What waits does so behind something that a plugin holds, whose text is open.
    fn waits_for_something(&self) {
        for (name, event) in self.waiting() {
            let is_held = |(at, held): &(usize, &Sent)| {
                let behind = self
                    .sent
                    .iter()
                    .skip(at + 1)
                    .filter(|later| later.choice == held.choice && later.batch > held.batch);
                let ends = |later: &Sent| matches!(later.says, Says::Other | Says::Content('u'));
                held.choice == event.choice && held.says == Says::Content('h') && !behind.into_iter().any(ends)
            };
            assert!(
                self.waiting().take_while(|(at, _)| *at <= name).any(|at| is_held(&at)),
                "{name} waits for nothing"
            );
            assert_ne!(event.says, Says::Beside, "{name} belongs to no choice");
        }
    }

    async fn goes_on(&mut self, worker: &SandboxWorker, chance: &mut Chance) {
        let mut stages = Stages::new(self.chain, "m", BOUNDS);
        let mut exchange = Some(exchange("acme"));
        for batch in 0..chance.below(40) {
            let items: Vec<Item> = (0..chance.below(6)).flat_map(|_| self.event(chance, batch)).collect();
            match stages.run(worker, &mut exchange, items, false).await {
                Ok(out) => self.went_out(&raw(out)),
                Err(Stop::Failed { fault: Fault::Answer(why), .. }) => return self.held_too_much(&why),
                Err(other) => panic!("{other:?}"),
            }
            assert!(stages.held_bytes() <= 2 * BOUNDS.events, "{} bytes wait", stages.held_bytes());
            if !self.windowed {
                self.waits_for_something();
            }
        }
        let last = stages.run(worker, &mut exchange, Vec::new(), true).await.unwrap();
        self.went_out(&raw(last));
        assert_eq!((self.waiting().count(), stages.held_bytes()), (0, 0), "something is left");
    }

    /// The stream was ended at a bound, so there was as much.
    fn held_too_much(&self, why: &str) {
        assert!(why.starts_with("it held back"), "{why}");
        let text = |choice| -> usize {
            let of = self.sent.iter().filter(|event| !event.done && event.choice == choice);
            of.filter(|event| matches!(event.says, Says::Content(_) | Says::Other))
                .map(|event| event.raw.len() - 60)
                .sum()
        };
        assert!((0..3).any(|choice| text(choice) > 0) && (0..3).map(text).sum::<usize>() > BOUNDS.text / 4, "{why}");
    }
}

async fn chain(sandbox: &Arc<Sandbox>, plugins: &str) -> Arc<Chain> {
    let (folder, guest) = (tempfile::tempdir().unwrap(), weir_pack::component_from_wat(GUEST, "event-hook").unwrap());
    for name in ["one", "two"] {
        fs::write(folder.path().join(format!("{name}.wasm")), &guest).unwrap();
    }
    let limits = "limits = { deadline = \"60s\", cpu = \"1000s\", cpu_burst = \"3600s\", faults = 0 }";
    let entries: String = plugins.split('+').map(|entry| format!("[[plugins.chain]]\n{entry}\n{limits}\n")).collect();
    let mut library = Library::new(Arc::clone(sandbox), None);
    let (chains, problems) = library.build(&config(folder.path(), &["acme"], &entries), &mut |_| {}).await;
    assert!(problems.is_empty(), "{problems:?}");
    Arc::clone(chains.of("acme").unwrap())
}

#[test]
fn whatever_plugins_hold_of_a_stream_it_goes_out_once_in_its_order_and_waits_for_nothing_else() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let sandbox = Sandbox::new().unwrap();
    let windowed = "plugin = \"one\"\nwindow = { size = 40, overlap = 12 }+plugin = \"two\"";
    let chains = ["plugin = \"one\"", "plugin = \"one\"+plugin = \"two\"", windowed]
        .map(|plugins| (runtime.block_on(chain(&sandbox, plugins)), plugins.contains("window")));
    seeded("streams", 12, |chance| {
        let worker = SandboxWorker::new();
        for _ in 0..STREAMS {
            let (chain, windowed) = &chains[chance.below(chains.len())];
            let mut stream = Stream { chain, windowed: *windowed, sent: Vec::new(), last: BTreeMap::new() };
            runtime.block_on(stream.goes_on(&worker, chance));
        }
    });
}

/// The events as they go out.
fn raw(items: Vec<Item>) -> Vec<Bytes> {
    items.into_iter().map(|item| item.raw).collect()
}
