//! What the table of the contract's functions says that a plugin may call, it may call, whichever way it is called itself.

use crate::told::{asks, told_with};
use weir_component::Direct;
use weir_component::contract::{HostFunction, HostParam, HostReturn};
use weir_config::Grant;
use weir_sandbox::Sandbox;

/// A policy that calls functions with `-` for every text and 0 for every number, and lets the request pass.
fn calling(functions: &[HostFunction]) -> Vec<u8> {
    let (mut imports, mut calls) = (String::new(), String::new());
    for function in functions {
        let (mut params, mut values) = (String::new(), String::new());
        let in_memory = matches!(function.answer(), HostReturn::Memory | HostReturn::Awaited);
        for param in function.params() {
            let (types, value) = match param {
                HostParam::Text | HostParam::List => (" i32 i32", "(i32.const 0) (i32.const 1)"),
                HostParam::I32 => (" i32", "(i32.const 0)"),
                HostParam::I64 => (" i64", "(i64.const 0)"),
            };
            params += types;
            values += value;
        }
        if in_memory {
            params += " i32";
            values += "(i32.const 1024)";
        }
        let result = match function.answer() {
            HostReturn::I32 => "i32",
            HostReturn::I64 => "i64",
            HostReturn::Nothing | HostReturn::Memory | HostReturn::Awaited => "",
        };
        let (import, name) = (function.interface().import(), function.name());
        let called = format!("{import}#{name}");
        imports +=
            &format!("(import \"{import}\" \"{name}\" (func $\"{called}\" (param{params}) (result {result})))\n");
        let call = format!("(call $\"{called}\" {values})");
        calls += &if result.is_empty() { call } else { format!("(drop {call})") };
    }
    let text = format!(
        r#"(module {imports}
          (memory (export "memory") 2)
          (data (i32.const 0) "-")
          (global $free (mut i32) (i32.const 65536))
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (local.get 2) (i32.add (global.get $free) (i32.const 7)) (i32.const -8) (i32.and) (global.set $free)
            (drop) (global.get $free) (global.set $free (i32.add (global.get $free) (local.get 3))))
          (func (export "weir:plugin/policy@0.1.0#on-request") (param i32 i32) (result i32)
            {calls} (i32.const 2048)))"#
    );
    weir_pack::component_from_wat(&text, "policy-hook").unwrap()
}

/// What becomes of three requests under these grants, called directly if that can be.
async fn becomes(component: &[u8], grants: &[Grant], direct: bool) -> Vec<String> {
    let names: Vec<String> = grants.iter().map(|grant| format!("\"{}\"", grant.name())).collect();
    let mut settings = format!("grants = [{}]\n", names.join(", "));
    if grants.contains(&Grant::Callouts) {
        settings += "callouts = { allow = [\"https://policy.example.com\"] }\n";
    }
    told_with(&Sandbox::new().unwrap(), component, &asks("hello"), direct, &settings).await
}

fn every_grant() -> Vec<Grant> {
    Grant::ALL.map(|(_, grant)| grant).to_vec()
}

#[tokio::test]
async fn every_function_of_the_contract_can_be_called_whichever_way_a_plugin_is_called() {
    let all: Vec<HostFunction> = HostFunction::all().collect();
    assert_eq!(becomes(&calling(&all), &every_grant(), true).await, ["passes"; 3]);
    let at_once: Vec<HostFunction> =
        all.into_iter().filter(|function| function.answer() != HostReturn::Awaited).collect();
    let component = calling(&at_once);
    assert!(Direct::of(&component).is_ok(), "{:?}", Direct::of(&component).err());
    for direct in [true, false] {
        assert_eq!(becomes(&component, &every_grant(), direct).await, ["passes"; 3], "direct = {direct}");
    }
}

#[tokio::test]
async fn without_its_grant_none_of_the_functions_that_need_one_is_there() {
    for function in HostFunction::all().filter(|function| function.interface().needs_grant()) {
        let component = calling(&[function]);
        let name = function.interface().name();
        let others: Vec<Grant> = every_grant().into_iter().filter(|grant| grant.name() != name).collect();
        for direct in [true, false] {
            let told = becomes(&component, &others, direct).await;
            assert!(told.len() == 1 && told[0].contains(name), "{name}.{}: {told:?}", function.name());
        }
    }
}
