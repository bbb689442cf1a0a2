use super::*;
use crate::CONTRACT;
use std::collections::BTreeSet;
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Resolve, WorldItem};

/// `p` for what is an `i32`, `n` for what is an `i64`.
fn letter(core: &WasmType) -> char {
    match core {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => 'p',
        WasmType::I64 => 'n',
        other => panic!("no function of the host has a parameter of {other:?}"),
    }
}

/// Every function that plugins may import, as the contract's text has it: interface, name, core types of the
/// parameters, and how it answers.
fn of_the_contract() -> BTreeSet<(String, String, String, String)> {
    let mut resolve = Resolve::default();
    let package = resolve.push_source("weir-plugin.wit", CONTRACT).unwrap();
    let world = resolve.select_world(&[package], Some("imports")).unwrap();
    let mut functions = BTreeSet::new();
    for item in resolve.worlds[world].imports.values() {
        let WorldItem::Interface { id, .. } = item else { panic!("the world `imports` has more than interfaces") };
        let interface = &resolve.interfaces[*id];
        for (name, function) in &interface.functions {
            let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
            assert!(!signature.indirect_params, "{name} has more parameters than are handed over one by one");
            let mut params: String = signature.params.iter().map(letter).collect();
            let results: String = signature.results.iter().map(letter).collect();
            let answer = if signature.retptr {
                assert_eq!(params.pop(), Some('p'));
                "memory".to_owned()
            } else {
                results
            };
            functions.insert((resolve.id_of(*id).unwrap(), name.clone(), params, answer));
        }
    }
    functions
}

/// The same as the table has it.
fn of_the_table() -> BTreeSet<(String, String, String, String)> {
    let row = |function: HostFunction| {
        let params: String = function.params().iter().map(|param| param.flat()).collect();
        let answer = match function.answer() {
            HostReturn::Nothing => "",
            HostReturn::I32 => "p",
            HostReturn::I64 => "n",
            HostReturn::Memory | HostReturn::Awaited => "memory",
        };
        (function.interface().import().to_owned(), function.name().to_owned(), params, answer.to_owned())
    };
    HostFunction::all().map(row).collect()
}

#[test]
fn the_table_has_the_functions_of_the_contract_and_no_others() {
    let (contract, table) = (of_the_contract(), of_the_table());
    assert!(contract.len() > 50, "is the contract there?");
    let missing: Vec<_> = contract.difference(&table).collect();
    assert!(missing.is_empty(), "in the contract, and not like this in the table: {missing:?}");
    let more: Vec<_> = table.difference(&contract).collect();
    assert!(more.is_empty(), "in the table, and not like this in the contract: {more:?}");
    assert_eq!(table.len(), HostFunction::all().count(), "a function has two rows");
}

#[test]
fn a_function_is_found_by_the_names_under_which_it_is_imported() {
    for function in HostFunction::all() {
        assert_eq!(HostFunction::imported(function.interface().import(), function.name()), Some(function));
    }
    for (interface, name) in [
        ("weir:plugin/request@0.1.0", "Tenant"),
        ("weir:plugin/request@0.2.0", "tenant"),
        ("weir:plugin/request", "tenant"),
        ("request", "tenant"),
        ("weir:plugin/reply@0.1.0", "tenant"),
        ("weir:plugin/types@0.1.0", "piece"),
        ("", ""),
    ] {
        assert_eq!(HostFunction::imported(interface, name), None, "{interface} {name}");
    }
}

#[test]
fn what_a_plugin_may_import_unasked_is_what_lends_the_call_at_hand() {
    for lent in ["types", "request", "upstream", "reply", "events", "notes"] {
        assert!(HostInterface::is_lent(lent), "{lent}");
    }
    for other in ["log", "kv", "secrets", "callouts", "policy", "Request", "request@0.1.0", ""] {
        assert!(!HostInterface::is_lent(other), "{other}");
    }
}

/// A file of the SDK for plugins.
fn of_the_sdk(path: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-sdk").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[test]
fn what_plugins_may_call_they_can_call_in_rust_and_by_the_types_for_typescript() {
    let types = of_the_sdk("templates/typescript/weir-plugin.d.ts");
    for interface in HostInterface::ALL {
        let rust = of_the_sdk(&format!("src/{}.rs", interface.name()));
        let module = format!("declare module \"{}\" {{", interface.import());
        let module = types.split_once(&module).and_then(|(_, rest)| rest.split_once("\n}")).map(|(inside, _)| inside);
        let module = module.unwrap_or_else(|| panic!("{interface:?} has no types"));
        for function in interface.functions() {
            let called = format!("host::{}(", function.name().replace('-', "_"));
            assert!(rust.contains(&called), "the SDK does not call {function:?}");
            let mut words = function.name().split('-');
            let first = words.next().unwrap_or_default().to_owned();
            let typed = words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..]);
            let is_typed = module.contains(&format!("function {typed}(")) || module.contains(&format!(" as {typed} "));
            assert!(is_typed, "there are no types for {function:?}");
        }
    }
}
