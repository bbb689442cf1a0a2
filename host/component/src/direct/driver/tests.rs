use super::*;
use crate::CONTRACT;
use crate::contract::HostInterface;
use crate::{Direct, from_text};
use std::collections::BTreeSet;
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Resolve, WorldItem};

/// `pn` for core types.
fn letters(core: &[WasmType]) -> String {
    let letter = |core: &WasmType| match core {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => 'p',
        WasmType::I64 => 'n',
        other => panic!("no hook has a parameter of {other:?}"),
    };
    core.iter().map(letter).collect()
}

#[test]
fn the_driver_has_the_hooks_of_the_contract_and_no_others() {
    let mut resolve = Resolve::default();
    let package = resolve.push_source("weir-plugin.wit", CONTRACT).unwrap();
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    let mut contract = BTreeSet::new();
    for item in resolve.worlds[world].exports.values() {
        let WorldItem::Interface { id, .. } = item else { panic!("the world `plugin` exports more than interfaces") };
        for (name, function) in &resolve.interfaces[*id].functions {
            let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
            contract.insert((
                format!("{}#{name}", resolve.id_of(*id).unwrap()),
                letters(&signature.params),
                letters(&signature.results),
            ));
        }
    }
    let driver = HOOKS.iter().map(|hook| {
        let (before, behind) = hook.given.split_at(hook.handed.unwrap_or(hook.given.len()));
        (
            format!("weir:plugin/{}{VERSION}#{}", hook.interface, hook.function),
            format!("{before}{}{behind}", if hook.handed.is_some() { "pp" } else { "" }),
            if hook.answers { "p" } else { "" }.to_owned(),
        )
    });
    assert_eq!(driver.collect::<BTreeSet<_>>(), contract);
}

/// A policy that imports functions of the host, as the table has them.
fn importing(functions: impl Iterator<Item = HostFunction>) -> Result<Direct, Indirect> {
    let mut text = String::from("(module\n");
    for function in functions {
        let params: String = function.params().iter().map(|param| param.flat()).collect();
        let (params, result) = match function.answer() {
            HostReturn::Nothing => (params, ""),
            HostReturn::I32 => (params, "i32"),
            HostReturn::I64 => (params, "i64"),
            HostReturn::Memory | HostReturn::Awaited => (params + "p", ""),
        };
        let (interface, name, params) = (function.interface().import(), function.name(), types(&params));
        text += &format!("(import \"{interface}\" \"{name}\" (func (param {params}) (result {result})))\n");
    }
    text += r#"(memory (export "memory") 1)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "weir:plugin/policy@0.1.0#on-request") (param i32 i32) (result i32) unreachable))"#;
    Direct::of(&from_text(&text, "policy-hook").unwrap())
}

#[test]
fn a_plugin_that_calls_whatever_the_host_has_is_called_directly_unless_it_waits() {
    let (waits, others): (Vec<_>, Vec<_>) =
        HostFunction::all().partition(|function| function.answer() == HostReturn::Awaited);
    let direct = importing(others.iter().copied()).unwrap();
    assert_eq!(direct.imports.len(), others.len());
    wasmparser::Validator::new().validate_all(&direct.driver).unwrap();
    assert!(waits.iter().all(|function| function.interface() == HostInterface::Callouts) && !waits.is_empty());
    for function in waits {
        let import = format!("{} {}", function.interface().import(), function.name());
        assert_eq!(importing([function].into_iter()), Err(Indirect::Import(import)));
    }
}
