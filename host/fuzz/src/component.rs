//! Components, taken apart, prepared, and made into core modules, against `wasmparser`'s validator.

use wasmparser::Validator;
use weir_component::{Anatomy, Border, Counts, Direct, from_text, prepare, world_of};

/// Nothing that is no component makes anybody panic; what comes out is in proportion to what went in; and what was valid is
/// valid when it was prepared, or as core modules.
///
/// The bytes of a whole component are hardly ever met by chance. So what begins as text is made one, and what stands behind
/// the text, and a byte that no text has, says which of its bytes are others: place, place, value.
pub fn component(data: &[u8]) {
    look(data);
    let end = data.iter().position(|byte| *byte == 0xff).unwrap_or(data.len());
    let changes = data.get(end + 1..).unwrap_or_default();
    let made = match std::str::from_utf8(&data[..end]) {
        Ok(text) => world_of(text).and_then(|world| from_text(text, world).ok()),
        Err(_) => None,
    };
    let Some(mut made) = made else { return };
    assert!(is_valid(&made));
    look(&made);
    for change in changes.chunks_exact(3).take(16) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % made.len();
        made[at] = change[2];
        look(&made);
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
