//! The driver: a module between host and guest.
//!
//! The host hands strings and lists over piece by piece: a function answers how much room the first piece needs, the driver
//! asks the guest's allocator for it and tells the host where, and so on until the host says that all is there. The numbers
//! on the way are `alignment << 32 | bytes`, or [`DONE`], or another negative number when everything is there and the guest has to give way.

use super::guest::Guest;
use super::indirect::Indirect;
use super::names::{INITIALIZE, VERSION};
use crate::contract::{HostFunction, HostReturn};
use std::fmt::Write as _;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Everything is where it belongs.
const DONE: i64 = -1;

/// The place in the table of what a module without a start function wants called first.
const PREPARE: u32 = 15;

/// A hook: its interface and function, what the host gives the driver, where in the guest's parameters the place and length of
/// the list or string belong that the host hands over first, and whether the guest answers something.
struct Hook {
    interface: &'static str,
    function: &'static str,
    given: &'static str,
    handed: Option<usize>,
    answers: bool,
}

const HOOKS: [Hook; 7] = [
    Hook { interface: "lifecycle", function: "init", given: "", handed: Some(0), answers: true },
    Hook { interface: "policy", function: "on-request", given: "pp", handed: None, answers: true },
    Hook { interface: "router", function: "route", given: "pp", handed: Some(2), answers: true },
    Hook { interface: "upstream-request", function: "on-attempt", given: "ppp", handed: None, answers: true },
    Hook { interface: "response", function: "on-response", given: "ppp", handed: None, answers: true },
    Hook { interface: "event", function: "on-events", given: "ppp", handed: Some(2), answers: true },
    // A code that is not there is handed over as an empty string.
    Hook { interface: "observe", function: "on-finished", given: "pppppnnpnn", handed: Some(4), answers: false },
];

/// Writes the driver of a guest; answers it and what belongs into its table.
pub(super) fn driver(guest: &Guest<'_>) -> Result<(Vec<u8>, Vec<(u32, String)>), Indirect> {
    let (mut imports, mut functions) = (String::new(), String::new());
    let mut seen = Vec::new();
    for &(interface, function) in &guest.imports {
        if !seen.contains(&(interface, function)) {
            seen.push((interface, function));
            import(&mut imports, &mut functions, (interface, function))?;
        }
    }
    let mut table = Vec::new();
    if guest.exports("cabi_realloc") {
        table.push((0, "cabi_realloc".to_owned()));
    }
    // What a reactor prepares before it is called for the first time.
    if guest.exports(INITIALIZE) {
        table.push((PREPARE, INITIALIZE.to_owned()));
        functions += &format!("  (func (export \"{INITIALIZE}\") (call_indirect $guest (i32.const {PREPARE})))\n");
    }
    for (hook, place) in HOOKS.iter().zip((1_u32..).step_by(2)) {
        let name = format!("weir:plugin/{}{VERSION}#{}", hook.interface, hook.function);
        if !guest.exports(&name) {
            continue;
        }
        let after = format!("cabi_post_{name}");
        let cleans = guest.exports(&after);
        if cleans && !hook.answers {
            return Err(Indirect::Module("cleans up behind a hook that answers nothing"));
        }
        export(&mut functions, hook, place, cleans);
        table.push((place, name));
        if cleans {
            table.push((place + 1, after));
        }
    }
    let text = format!("(module\n{imports}{}{functions})\n", fixed());
    let module = wat::parse_str(&text).map_err(|e| Indirect::Malformed(e.to_string()))?;
    Ok((module, table))
}

/// What every driver has.
fn fixed() -> String {
    format!(
        r#"  (import "weir" "place" (func $place (param i32) (result i64)))
  (import "weir" "input" (func $input (result i64)))
  (import "weir" "handed" (func $handed (result i64)))
  (import "weir" "answer" (func $answer (param i32)))
  (import "weir" "give-way" (func $give-way))
  (table $guest (export "table") 16 funcref)
  (type $allocator (func (param i32 i32 i32 i32) (result i32)))
  (type $after (func (param i32)))
  (func $deliver (param $next i64)
    (block $done
      (loop $more
        (br_if $done (i64.lt_s (local.get $next) (i64.const 0)))
        (local.set $next (call $place (call_indirect $guest (type $allocator)
          (i32.const 0) (i32.const 0)
          (i32.wrap_i64 (i64.shr_u (local.get $next) (i64.const 32)))
          (i32.wrap_i64 (local.get $next))
          (i32.const 0))))
        (br $more)))
    (if (i64.ne (local.get $next) (i64.const {DONE})) (then (call $give-way))))
"#
    )
}

/// A function that the guest imports. The guest calls the host itself where that answers with a number or nothing.
fn import(imports: &mut String, functions: &mut String, (interface, name): (&str, &str)) -> Result<(), Indirect> {
    let unknown = || Indirect::Import(format!("{interface} {name}"));
    let function = HostFunction::imported(interface, name).ok_or_else(unknown)?;
    let params: String = function.params().iter().map(|param| param.flat()).collect();
    let result = match function.answer() {
        HostReturn::Nothing => "",
        HostReturn::I32 => "p",
        HostReturn::I64 => "n",
        HostReturn::Memory => {
            delivered(imports, functions, function, &params);
            return Ok(());
        }
        HostReturn::Awaited => return Err(unknown()),
    };
    let (short, params, result) = (function.interface().name(), types(&params), types(result));
    // Writing to a string cannot fail.
    let _ = writeln!(
        imports,
        r#"  (func ${short}.{name} (export "{interface}#{name}") (import "{interface}" "{name}") (param {params}) (result {result}))"#
    );
    Ok(())
}

/// A function that answers in the guest's memory: the driver brings it there.
fn delivered(imports: &mut String, functions: &mut String, function: HostFunction, params: &str) {
    let (interface, short, name) = (function.interface().import(), function.interface().name(), function.name());
    let given: String = (0..=params.len()).map(|i| format!(" (local.get {i})")).collect();
    let params = types(&format!("{params}p"));
    let _ =
        writeln!(imports, r#"  (import "{interface}" "{name}" (func ${short}.{name} (param {params}) (result i64)))"#);
    let _ = writeln!(
        functions,
        r#"  (func (export "{interface}#{name}") (param {params})
    (call $deliver (call ${short}.{name}{given})))"#
    );
}

/// The function by which the host calls a hook.
fn export(functions: &mut String, hook: &Hook, place: u32, cleans: bool) {
    let Hook { interface, given, handed, answers, .. } = hook;
    let (before, behind) = given.split_at(handed.unwrap_or(given.len()));
    let (handed_type, handed_values) = match handed {
        Some(_) => {
            ("pp", " (i32.wrap_i64 (local.get $handed)) (i32.wrap_i64 (i64.shr_u (local.get $handed) (i64.const 32)))")
        }
        None => ("", ""),
    };
    let local = |i: usize| format!(" (local.get {i})");
    let values_before: String = (0..before.len()).map(local).collect();
    let values_behind: String = (before.len()..given.len()).map(local).collect();
    let guests = types(&format!("{before}{handed_type}{behind}"));
    let result = if *answers { "(result i32)" } else { "" };
    // One type for most hooks is one way in for the host.
    let takes = types(if (1..=3).contains(&given.len()) { "ppp" } else { given });
    let take = match handed {
        Some(_) => "\n    (call $deliver (call $input))\n    (local.set $handed (call $handed))",
        None => "",
    };
    let call = format!(
        "(call_indirect $guest (param {guests}) {result}{values_before}{handed_values}{values_behind} (i32.const {place}))"
    );
    let run = if *answers {
        let after = match cleans {
            true => format!("\n    (call_indirect $guest (type $after) (local.get $answer) (i32.const {}))", place + 1),
            false => String::new(),
        };
        format!("(local.set $answer {call})\n    (call $answer (local.get $answer)){after}")
    } else {
        call
    };
    let _ = writeln!(
        functions,
        r#"  (func (export "{interface}") (param {takes}) (local $handed i64) (local $answer i32){take}
    {run})"#
    );
}

/// `pn` as `i32 i64`: the letters of [`HostParam::flat`](crate::contract::HostParam).
fn types(short: &str) -> String {
    let long: Vec<&str> = short.chars().map(|c| if c == 'n' { "i64" } else { "i32" }).collect();
    long.join(" ")
}
