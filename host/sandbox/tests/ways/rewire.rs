//! Components with other wiring than `wit-component` gives them: their canonical options, and the names that are aliased.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

/// One change of a component's wiring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The `n`th function that is lifted or lowered has strings in this coding: 0 is UTF-8, 1 UTF-16, 2 Latin-1 or UTF-16.
    Coding(usize, u8),
    /// It has no option of this kind: 3 is the memory, 4 the allocator, 5 what cleans up.
    Without(usize, u8),
    /// What is aliased under one name is aliased under another one of the same length.
    Alias(&'static str, &'static str),
}

/// Names that can stand for one another: what the module exports twice, and what has the same core type.
pub const ALIASES: [(&str, &str); 4] = [
    ("cabi_realloc", "cabi_realloz"),
    ("cabi_post_weir:plugin/policy@0.1.0#on-request", "cabi_pozt_weir:plugin/policy@0.1.0#on-request"),
    ("cabi_post_weir:plugin/lifecycle@0.1.0#init", "cabi_pozt_weir:plugin/lifecycle@0.1.0#init"),
    ("model", "texts"),
];

/// Reads a change as the corpus writes it.
pub fn read(text: &str) -> Change {
    let (kind, rest) = text.split_once(':').unwrap();
    let pair = || {
        let (n, code) = rest.split_once('=').unwrap();
        (n.parse().unwrap(), code)
    };
    match kind {
        "coding" => {
            let codings = ["utf8", "utf16", "latin1"];
            Change::Coding(pair().0, codings.iter().position(|c| *c == pair().1).unwrap() as u8)
        }
        "without" => {
            let options = ["memory", "realloc", "post"];
            Change::Without(pair().0, 3 + options.iter().position(|o| *o == pair().1).unwrap() as u8)
        }
        "alias" => {
            let (from, to) = ALIASES[rest.parse::<usize>().unwrap()];
            Change::Alias(from, to)
        }
        other => panic!("no such change: {other}"),
    }
}

/// Sections of a component.
const ALIAS: u8 = 6;
const CANON: u8 = 8;

/// The component with changes to its own sections; modules and components inside stay what they are.
pub fn rewire(component: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut out = component[..8].to_vec();
    let (mut at, mut canons) = (8, 0);
    while at < component.len() {
        let id = component[at];
        at += 1;
        let length = number(component, &mut at);
        let mut section = component[at..at + length].to_vec();
        at += length;
        match id {
            CANON => section = canonical(&section, changes, &mut canons),
            ALIAS => aliases(&mut section, changes),
            _ => {}
        }
        out.push(id);
        write(&mut out, section.len());
        out.extend(section);
    }
    out
}

/// How many functions a component lifts and lowers.
pub fn canons(component: &[u8]) -> usize {
    let (mut at, mut count) = (8, 0);
    while at < component.len() {
        let id = component[at];
        at += 1;
        let length = number(component, &mut at);
        if id == CANON {
            count += number(component, &mut at.clone());
        }
        at += length;
    }
    count
}

fn aliases(section: &mut [u8], changes: &[Change]) {
    for change in changes {
        let Change::Alias(from, to) = change else { continue };
        assert_eq!(from.len(), to.len());
        // With its length before it, so that nothing is a part of something else.
        let name = [&[u8::try_from(from.len()).unwrap()], from.as_bytes()].concat();
        while let Some(found) = section.windows(name.len()).position(|bytes| bytes == name) {
            section[found + 1..found + name.len()].copy_from_slice(to.as_bytes());
        }
    }
}

/// Lifts (`0 0 function options type`) and lowers (`1 0 function options`).
fn canonical(section: &[u8], changes: &[Change], canons: &mut usize) -> Vec<u8> {
    let mut at = 0;
    let count = number(section, &mut at);
    let mut out = Vec::new();
    write(&mut out, count);
    for _ in 0..count {
        let kind = section[at];
        assert!(kind < 2, "neither lift nor lower");
        out.extend(&section[at..at + 2]);
        at += 2;
        write(&mut out, number(section, &mut at));
        let mut options = Vec::new();
        for _ in 0..number(section, &mut at) {
            let option = section[at];
            at += 1;
            options.push((option, (option >= 3).then(|| number(section, &mut at))));
        }
        change(&mut options, *canons, changes);
        *canons += 1;
        write(&mut out, options.len());
        for (option, index) in options {
            out.push(option);
            index.into_iter().for_each(|index| write(&mut out, index));
        }
        if kind == 0 {
            write(&mut out, number(section, &mut at));
        }
    }
    out
}

fn change(options: &mut Vec<(u8, Option<usize>)>, canon: usize, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Coding(which, coding) if *which == canon => {
                options.retain(|(option, _)| *option >= 3);
                options.push((*coding, None));
            }
            Change::Without(which, kind) if *which == canon => options.retain(|(option, _)| option != kind),
            _ => {}
        }
    }
}

fn number(bytes: &[u8], at: &mut usize) -> usize {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        value |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

fn write(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
}
