//! Components, taken apart, prepared, and made into core modules, against `wasmparser`'s validator.

use wasmparser::Validator;
use weir_component::{Anatomy, Border, Counts, Direct, from_module, prepare, world_of};

/// Nothing that is no component makes anybody panic; what comes out is in proportion to what went in; and what was valid is
/// valid when it was prepared, or as core modules.
pub fn component(data: &[u8]) {
    // What begins as text is a module of a world, for the bytes of a whole component are hardly ever met by chance.
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = world_of(text);
    }
    look(data);
    if data.get(4..8) == Some(&[1, 0, 0, 0]) && is_valid(data) {
        for world in ["policy-hook", "observe-hook", "lifecycle-hook+event-hook"] {
            if let Ok(made) = from_module(data.to_vec(), world) {
                look(&made);
            }
        }
    }
}

fn look(wasm: &[u8]) {
    let counts = Counts::of(wasm);
    let anatomy = Anatomy::of(wasm);
    let border = Border::of(wasm);
    if let (Ok(counts), Ok(anatomy)) = (&counts, &anatomy) {
        assert_eq!(counts.modules, anatomy.modules as u64);
        // A number is announced by what it counts, of which each has a byte at least.
        assert!(counts.functions <= wasm.len() as u64 && counts.code_bytes <= wasm.len() as u64);
        assert!(anatomy.kinds.iter().map(|(_, bytes)| bytes).sum::<usize>() >= wasm.len().min(1));
    }
    let was_valid = is_valid(wasm);
    if was_valid {
        assert!(counts.is_ok() && anatomy.is_ok(), "what is valid can be read");
    }
    if let Ok(border) = border {
        for interface in border.imports.iter().chain(&border.exports) {
            let _ = (interface.name(), interface.version());
        }
    }
    if let Ok(prepared) = prepare(wasm) {
        assert!(prepared.len() <= wasm.len() * 16 + (1 << 16), "{} of {}", prepared.len(), wasm.len());
        assert!(!was_valid || is_valid(&prepared), "what was valid is not any more");
    }
    if let Ok(direct) = Direct::of(wasm) {
        assert!(!was_valid || (is_valid(&direct.guest) && is_valid(&direct.driver)), "what was valid is not any more");
        assert!(direct.driver.len() <= wasm.len() * 64 + (1 << 16));
    }
}

fn is_valid(wasm: &[u8]) -> bool {
    Validator::new().validate_all(wasm).is_ok()
}
