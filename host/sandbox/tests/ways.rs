//! The two ways of calling a plugin, directly and as a component, held against each other: whatever a component says of how
//! its functions are joined and how strings are coded, both see the same and decide the same.

#[path = "ways/rewire.rs"]
mod rewire;

use crate::told::{asks, told};
use proptest::prelude::*;
use rewire::{ALIASES, Change, canons, read, rewire};
use std::cell::Cell;
use std::sync::Arc;
use weir_component::Direct;
use weir_sandbox::Sandbox;

const CORPUS: &str = include_str!("ways/corpus.txt");

/// Refuses with what it was told: model, the first text and the settings are the message, and the status says
/// which allocator was asked and what cleaned up how often. Everything that wiring can name is there twice.
const GUEST: &str = r#"(module
  (import "weir:plugin/request@0.1.0" "model" (func $model (param i32)))
  (import "weir:plugin/request@0.1.0" "texts" (func $texts (param i32)))
  (memory (export "memory") 4)
  (global $free (mut i32) (i32.const 65536))
  (global $status (mut i32) (i32.const 400))
  (global $settings (mut i32) (i32.const 0))
  (global $settings-len (mut i32) (i32.const 0))
  (func $add (param i32) (global.set $status (i32.add (global.get $status) (local.get 0))))
  (func $alloc (param $align i32) (param $len i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $len)))
    (local.get $at))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (call $alloc (local.get 2) (local.get 3)))
  (func (export "cabi_realloz") (param i32 i32 i32 i32) (result i32)
    (call $add (i32.const 1)) (i32.add (call $alloc (local.get 2) (local.get 3)) (i32.const 8)))
  (func (export "weir:plugin/lifecycle@0.1.0#init") (param i32 i32) (result i32)
    (global.set $settings (local.get 0)) (global.set $settings-len (local.get 1))
    (i32.store8 (i32.const 16) (i32.const 0)) (i32.const 16))
  (func (export "cabi_post_weir:plugin/lifecycle@0.1.0#init") (param i32) (call $add (i32.const 10)))
  (func (export "cabi_pozt_weir:plugin/lifecycle@0.1.0#init") (param i32) (call $add (i32.const 20)))
  (func $decide (param i32 i32) (result i32) (local $to i32)
    (call $model (i32.const 128))
    (call $texts (i32.const 136))
    (i32.store8 (i32.const 64) (i32.const 1))
    (i32.store16 (i32.const 68) (global.get $status))
    (local.set $to (i32.const 1024))
    (memory.copy (local.get $to) (i32.load (i32.const 128)) (i32.load (i32.const 132)))
    (local.set $to (i32.add (local.get $to) (i32.load (i32.const 132))))
    (if (i32.load (i32.const 140)) (then
      (memory.copy (local.get $to) (i32.load offset=8 (i32.load (i32.const 136))) (i32.load offset=12 (i32.load (i32.const 136))))
      (local.set $to (i32.add (local.get $to) (i32.load offset=12 (i32.load (i32.const 136)))))))
    (memory.copy (local.get $to) (global.get $settings) (global.get $settings-len))
    (local.set $to (i32.add (local.get $to) (global.get $settings-len)))
    (i32.store (i32.const 80) (i32.const 1024))
    (i32.store (i32.const 84) (i32.sub (local.get $to) (i32.const 1024)))
    (i32.const 64))
  (func (export "weir:plugin/policy@0.1.0#on-request") (param i32 i32) (result i32)
    (call $decide (local.get 0) (local.get 1)))
  (func (export "cabi_post_weir:plugin/policy@0.1.0#on-request") (param i32) (call $add (i32.const 30)))
  (func (export "cabi_pozt_weir:plugin/policy@0.1.0#on-request") (param i32) (call $add (i32.const 40))))"#;

fn guest() -> Vec<u8> {
    weir_pack::component_from_wat(GUEST, "lifecycle-hook+policy-hook").unwrap()
}

/// Holds both ways against each other; says whether the component decides anything at all.
fn alike(sandbox: &Arc<Sandbox>, changes: &[Change], text: &str) -> bool {
    let component = rewire(&guest(), changes);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let directly = told(sandbox, &component, &asks(text), true).await;
        let as_component = told(sandbox, &component, &asks(text), false).await;
        assert_eq!(directly, as_component, "{changes:?} of {text:?}; {:?}", Direct::of(&component).err());
        directly.len() == 3
    })
}

/// What the guest sees, and so answers, is by itself worth looking at: else both ways might be wrong alike.
#[test]
fn a_component_as_tools_make_it_is_called_directly_and_sees_what_it_is_told() {
    let component = guest();
    assert!(Direct::of(&component).is_ok(), "{:?}", Direct::of(&component).err());
    assert_eq!(canons(&component), 4, "two functions are lowered, and two lifted");
    let sandbox = Sandbox::new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let told = runtime.block_on(told(&sandbox, &component, &asks("é€😀"), true));
    assert!(told[0].contains("status: 410") && told[0].contains("mödelé€😀{"), "{told:?}");
    assert!(told[1].contains("status: 440"), "{told:?}");
}

#[test]
fn both_ways_decide_alike_whatever_the_corpus_says_of_the_wiring() {
    let sandbox = Sandbox::new().unwrap();
    let lines = CORPUS.lines().filter(|line| !line.starts_with('#'));
    let recipes: Vec<Vec<Change>> = lines.map(|line| line.split_whitespace().map(read).collect()).collect();
    assert!(recipes.len() > 20, "is the corpus there?");
    let decided = recipes.iter().filter(|changes| alike(&sandbox, changes, "ignore é€😀 all")).count();
    assert!(decided > 15, "only {decided} of {} load at all", recipes.len());
}

#[test]
fn what_is_coded_or_joined_in_another_way_is_called_as_a_component() {
    let component = guest();
    for change in
        ["coding:0=utf16", "coding:1=latin1", "coding:3=utf16", "without:3=post", "alias:0", "alias:1", "alias:2"]
    {
        let other = rewire(&component, &[read(change)]);
        assert_ne!(other, component, "{change} changes nothing");
        assert!(Direct::of(&other).is_err(), "{change} is called directly");
    }
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..4_usize, 0..3_u8).prop_map(|(which, coding)| Change::Coding(which, coding)),
        (0..4_usize, 3..6_u8).prop_map(|(which, option)| Change::Without(which, option)),
        (0..ALIASES.len()).prop_map(|pair| Change::Alias(ALIASES[pair].0, ALIASES[pair].1)),
    ]
}

#[test]
fn both_ways_decide_alike_whatever_is_said_of_the_wiring() {
    let sandbox = Sandbox::new().unwrap();
    let config = ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() };
    let changes = proptest::collection::vec(change(), 1..4);
    let decided = Cell::new(0);
    proptest!(config, |(changes in changes, text in "[a-zäß€😀]{0,12}")| {
        decided.set(decided.get() + usize::from(alike(&sandbox, &changes, &text)));
    });
    assert!(decided.get() > 5, "only {} load at all", decided.get());
}
