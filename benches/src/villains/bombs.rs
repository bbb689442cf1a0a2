//! What is worse in a plugin folder than a plugin: put there and taken away again while requests are served.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::setup::BOMBS;

/// How long each lot lies there.
const LIES: Duration = Duration::from_millis(1_500);
/// Names that have a meaning beside `NAME.wasm`.
const BESIDE: [&str; 3] = ["toml", "schema.json", "wasm.sig"];

/// Puts one lot after the other into the folders of tenants that have nothing else, until it is over.
///
/// # Errors
/// The bombs cannot be made.
pub(super) fn meddle(plugins: &Path, over: &Arc<AtomicBool>) -> Result<JoinHandle<Result<()>>> {
    let folders = BOMBS.map(|tenant| plugins.join("tenants").join(tenant));
    let (good, compile) = (weir_pack::hostile("good")?, compile_bomb()?);
    let over = Arc::clone(over);
    Ok(thread::spawn(move || {
        for round in 0_u32.. {
            if over.load(Ordering::Relaxed) {
                break;
            }
            let [first, second, third, fourth] = &folders;
            pipes(first, &good)?;
            endless(second, &good)?;
            compiles_for_ever(third, &compile, round)?;
            garbage(fourth, &good)?;
            thread::sleep(LIES);
            folders.iter().try_for_each(|folder| empty(folder))?;
            thread::sleep(LIES / 3);
        }
        Ok(())
    }))
}

fn wasm(folder: &Path, name: &str, component: &[u8]) -> Result<()> {
    fs::create_dir_all(folder)?;
    let half = folder.join(format!(".{name}"));
    fs::write(&half, component)?;
    fs::rename(half, folder.join(format!("{name}.wasm")))?;
    Ok(())
}

/// Pipes under each name, which nobody writes to.
fn pipes(folder: &Path, good: &[u8]) -> Result<()> {
    for kind in BESIDE {
        let name = format!("pipe-{}", kind.replace('.', "-"));
        fs::create_dir_all(folder)?;
        pipe(&folder.join(format!("{name}.{kind}")))?;
        wasm(folder, &name, good)?;
    }
    pipe(&folder.join("pipe.wasm"))
}

fn pipe(at: &Path) -> Result<()> {
    let made = Command::new("mkfifo").arg(at).status().context("there is no mkfifo")?;
    ensure!(made.success(), "no pipe at {}", at.display());
    Ok(())
}

/// Files without an end, and files that are long and have nothing in them.
fn endless(folder: &Path, good: &[u8]) -> Result<()> {
    for kind in BESIDE {
        let name = format!("endless-{}", kind.replace('.', "-"));
        fs::create_dir_all(folder)?;
        symlink("/dev/zero", folder.join(format!("{name}.{kind}")))?;
        wasm(folder, &name, good)?;
        let name = format!("sparse-{}", kind.replace('.', "-"));
        sparse(&folder.join(format!("{name}.{kind}")), 3 << 30)?;
        wasm(folder, &name, good)?;
    }
    symlink("/dev/zero", folder.join("endless.wasm"))?;
    sparse(&folder.join("sparse.wasm"), 10 << 30)
}

fn sparse(at: &PathBuf, bytes: u64) -> Result<()> {
    Ok(File::create(at)?.set_len(bytes)?)
}

/// A plugin that no compiler comes to the end of, and another one in each round.
fn compiles_for_ever(folder: &Path, bomb: &[u8], round: u32) -> Result<()> {
    // A custom section of the round's number makes it a file that nobody has seen.
    let mut bytes = bomb.to_vec();
    bytes.extend([0, 6, 1, b'r']);
    bytes.extend(round.to_le_bytes());
    wasm(folder, "compiles", &bytes)
}

/// What is no plugin, settings that are none or ask for more than there is, a schema that explodes, a signature of nobody.
fn garbage(folder: &Path, good: &[u8]) -> Result<()> {
    wasm(folder, "broken", b"\0asm, or rather not")?;
    fs::write(folder.join("greedy.toml"), GREEDY)?;
    wasm(folder, "greedy", good)?;
    fs::write(folder.join("exploding.schema.json"), schema_bomb()?)?;
    fs::write(folder.join("exploding.toml"), "config = { a = 1 }\n")?;
    wasm(folder, "exploding", good)?;
    fs::write(folder.join("signed.wasm.sig"), "ed25519:AAAA")?;
    wasm(folder, "signed", good)
}

const GREEDY: &str = "isolation = \"shared\"\ngrants = [\"kv\", \"log\"]\n\
    limits = { deadline = \"60s\", memory = \"4GiB\", instances = 1000, kv_entries = 100000000, log_bytes = \"1MiB\" }\n";

/// Nine definitions, each of which is one of ten times the next.
fn schema_bomb() -> Result<String> {
    let mut text = String::from("{\"$defs\":{\"d9\":{\"type\":\"string\"}");
    for n in 0..9 {
        let next = format!("{{\"$ref\":\"#/$defs/d{}\"}}", n + 1);
        write!(text, ",\"d{n}\":{{\"anyOf\":[{}]}}", [next.as_str(); 10].join(","))?;
    }
    text.push_str("},\"additionalProperties\":{\"$ref\":\"#/$defs/d0\"}}");
    Ok(text)
}

/// One function of 50,000 locals and 300,000 small branches.
fn compile_bomb() -> Result<Vec<u8>> {
    let mut code = String::from(
        "(module (memory (export \"memory\") 1)\n\
         (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 1024))\n\
         (func (export \"weir:plugin/policy@0.1.0#on-request\") (param i32 i32) (result i32) (local",
    );
    code.push_str(&" i32".repeat(49_000));
    code.push_str(")\n");
    for n in 0..300_000_u32 {
        let (from, to) = (2 + n % 49_000, 2 + n.wrapping_mul(7_919) % 49_000);
        write!(code, "(if (local.get {from}) (then (local.set {to} (i32.add (local.get {from}) (i32.const 1)))))")?;
    }
    code.push_str("(i32.const 0)))");
    weir_pack::component_from_wat(&code, "policy-hook")
}

fn empty(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_explodes_is_small_and_a_schema() {
        let text = schema_bomb().unwrap();
        assert!(text.len() < 4_000, "{}", text.len());
        assert!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["$defs"]["d0"].is_object());
    }

    #[test]
    fn a_lot_can_be_put_down_and_taken_away_again() {
        let folder = tempfile::tempdir().unwrap();
        let good = weir_pack::hostile("good").unwrap();
        for lot in [pipes, endless, garbage] {
            lot(folder.path(), &good).unwrap();
            assert!(fs::read_dir(folder.path()).unwrap().count() >= 7);
            empty(folder.path()).unwrap();
        }
        compiles_for_ever(folder.path(), &good, 7).unwrap();
        empty(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
