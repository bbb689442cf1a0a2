//! What is worse in a plugin folder than a plugin: files that are not what they seem, bombs, settings that ask for more than
//! there is, and plugins that pass for others. For tests, and for what measures.

use crate::{Bomb, bomb, hostile};
use anyhow::{Context as _, Result, ensure};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Names that have a meaning beside `NAME.wasm`.
const BESIDE: [&str; 3] = ["toml", "schema.json", "wasm.sig"];

/// A folder that one tenant has filled.
#[derive(Debug, Clone, Copy)]
pub struct HostileFolder {
    /// The tenant, by what its folder is.
    pub tenant: &'static str,
    /// How a name in it begins, and what a gateway has to say of each file whose name begins so.
    pub said: &'static [(&'static str, &'static str)],
    lay: fn(&Path, u32) -> Result<()>,
}

/// All of them. What is to be signed is made by a [`Signer`].
pub const HOSTILE_FOLDERS: &[HostileFolder] = &[
    HostileFolder {
        tenant: "pipes",
        said: &[
            ("pipe.wasm", "it is a pipe"),
            ("pipe-toml", "it is a pipe"),
            ("pipe-schema-json", "it is a pipe"),
            ("pipe-wasm-sig", "it is a pipe"),
        ],
        lay: pipes,
    },
    HostileFolder {
        tenant: "endless",
        said: &[
            ("endless.wasm", "it is a link that leads out of its folder"),
            ("endless-toml", "it is a link that leads out of its folder"),
            ("endless-schema-json", "it is a link that leads out of its folder"),
            ("endless-wasm-sig", "it is a link that leads out of its folder"),
            ("sparse.wasm", "larger than a plugin may be"),
            ("sparse-toml", "is more than"),
            ("sparse-schema-json", "is more than"),
            ("sparse-wasm-sig", "is more than"),
        ],
        lay: endless,
    },
    HostileFolder {
        tenant: "compile-bombs",
        said: &[("counted", "plugins.compile.locals"), ("working", "being compiled")],
        lay: compile_bombs,
    },
    HostileFolder { tenant: "schema-bomb", said: &[("exploding", "schema")], lay: schema },
    HostileFolder {
        tenant: "greedy",
        said: &[("greedy", "isolation"), ("greedy", "deadline"), ("greedy", "memory"), ("greedy", "kv_entries")],
        lay: greedy,
    },
    HostileFolder { tenant: "broken", said: &[("broken", "not a WebAssembly file")], lay: broken },
    HostileFolder { tenant: "unsigned", said: &[("signed", "manifest")], lay: unsigned },
];

impl HostileFolder {
    /// Fills this tenant's folder below `tenants`. What depends on its bytes is another file in each round.
    ///
    /// # Errors
    /// There is no room for it, or it is filled already.
    pub fn lay(&self, tenants: &Path, round: u32) -> Result<()> {
        let folder = tenants.join(self.tenant);
        fs::create_dir_all(&folder)?;
        (self.lay)(&folder, round)
    }

    /// Empties it.
    ///
    /// # Errors
    /// It is not there, or not ours.
    pub fn clear(&self, tenants: &Path) -> Result<()> {
        for entry in fs::read_dir(tenants.join(self.tenant))? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }
}

/// Puts a component into a folder as careful people do: elsewhere, then renamed.
fn wasm(folder: &Path, name: &str, component: &[u8]) -> Result<()> {
    let half = folder.join(format!(".{name}"));
    fs::write(&half, component)?;
    Ok(fs::rename(half, folder.join(format!("{name}.wasm")))?)
}

/// Makes a pipe that nobody writes to.
///
/// # Errors
/// There is no `mkfifo`, or something at that path.
pub fn pipe(at: &Path) -> Result<()> {
    let made = Command::new("mkfifo").arg(at).status().context("there is no mkfifo")?;
    ensure!(made.success(), "no pipe at {}", at.display());
    Ok(())
}

/// Makes a link to a file that has no end.
///
/// # Errors
/// There is something at that path.
pub fn endless_file(at: &Path) -> Result<()> {
    Ok(symlink("/dev/zero", at)?)
}

fn sparse(at: &Path, bytes: u64) -> Result<()> {
    Ok(File::create(at)?.set_len(bytes)?)
}

/// A pipe under each name.
fn pipes(folder: &Path, _: u32) -> Result<()> {
    let good = hostile("good")?;
    for kind in BESIDE {
        let name = format!("pipe-{}", kind.replace('.', "-"));
        pipe(&folder.join(format!("{name}.{kind}")))?;
        wasm(folder, &name, &good)?;
    }
    pipe(&folder.join("pipe.wasm"))
}

/// Files without an end, and long ones with nothing in them, under each name.
fn endless(folder: &Path, _: u32) -> Result<()> {
    let good = hostile("good")?;
    for kind in BESIDE {
        let name = format!("endless-{}", kind.replace('.', "-"));
        endless_file(&folder.join(format!("{name}.{kind}")))?;
        wasm(folder, &name, &good)?;
        let name = format!("sparse-{}", kind.replace('.', "-"));
        sparse(&folder.join(format!("{name}.{kind}")), 3 << 30)?;
        wasm(folder, &name, &good)?;
    }
    endless_file(&folder.join("endless.wasm"))?;
    sparse(&folder.join("sparse.wasm"), 10 << 30)
}

/// One that is known to be too much when it is counted, and one with which a compiler is busy for minutes.
fn compile_bombs(folder: &Path, round: u32) -> Result<()> {
    let counted = bomb(Bomb { functions: 1, locals: 50_000, branches: 300_000, ..Bomb::default() })?;
    let working = bomb(Bomb { functions: 2_000, locals: 200, branches: 500, ..Bomb::default() })?;
    // A custom section with the round's number makes them files that nobody has seen.
    let anew = |mut bytes: Vec<u8>| {
        bytes.extend([0, 6, 1, b'r']);
        bytes.extend(round.to_le_bytes());
        bytes
    };
    wasm(folder, "counted", &anew(counted))?;
    wasm(folder, "working", &anew(working))
}

/// Nine definitions, each of which is one of ten times the next.
fn schema(folder: &Path, _: u32) -> Result<()> {
    fs::write(folder.join("exploding.schema.json"), schema_bomb()?)?;
    fs::write(folder.join("exploding.toml"), "config = { a = 1 }\n")?;
    wasm(folder, "exploding", &hostile("good")?)
}

fn schema_bomb() -> Result<String> {
    let mut text = String::from("{\"$defs\":{\"d9\":{\"type\":\"string\"}");
    for n in 0..9 {
        let next = format!("{{\"$ref\":\"#/$defs/d{}\"}}", n + 1);
        write!(text, ",\"d{n}\":{{\"anyOf\":[{}]}}", [next.as_str(); 10].join(","))?;
    }
    text.push_str("},\"additionalProperties\":{\"$ref\":\"#/$defs/d0\"}}");
    Ok(text)
}

/// Settings beside a plugin that raise its limits.
fn greedy(folder: &Path, _: u32) -> Result<()> {
    let settings = "isolation = \"shared\"\ngrants = [\"kv\", \"log\"]\nlimits = { deadline = \"60s\", memory = \"4GiB\", \
        instances = 1000, kv_entries = 100000000, log_bytes = \"1MiB\" }\n";
    fs::write(folder.join("greedy.toml"), settings)?;
    wasm(folder, "greedy", &hostile("good")?)
}

/// What is no plugin.
fn broken(folder: &Path, _: u32) -> Result<()> {
    wasm(folder, "broken", b"\0asm, or rather not")
}

/// A signature of nobody.
fn unsigned(folder: &Path, _: u32) -> Result<()> {
    fs::write(folder.join("signed.wasm.sig"), "nobody:AAAA")?;
    wasm(folder, "signed", &hostile("good")?)
}

/// Somebody who signs with a gateway's own commands.
#[derive(Debug)]
pub struct Signer {
    weir: PathBuf,
    folder: PathBuf,
    /// The public key, as `plugins.keys` has it.
    pub public: String,
}

/// The tenant that has a signed plugin under another plugin's name, and what has to be said of it.
pub const RENAMED: HostileFolder = HostileFolder {
    tenant: "renamed",
    said: &[("strict", "signed as `usage-tap` and lies here as `strict`")],
    lay: |_, _| Ok(()),
};

impl Signer {
    /// Has the program `weir` make a pair of keys in a folder of the signer's own.
    ///
    /// # Errors
    /// It does not.
    pub fn new(weir: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let public = run(Command::new(weir).args(["plugin", "keygen", "-o"]).arg(folder.join("key")))?;
        Ok(Self { weir: weir.to_owned(), folder: folder.to_owned(), public: public.trim().to_owned() })
    }

    /// Signs a plugin, with settings beside it, under the first name, and puts it into the folder of [`RENAMED`]'s tenant below
    /// `tenants` under the second.
    ///
    /// # Errors
    /// It cannot be signed, or there is no room for it.
    pub fn put(
        &self,
        (component, settings): (&Path, Option<&str>),
        (signed_as, lies_as): (&str, &str),
        tenants: &Path,
    ) -> Result<()> {
        let (own, folder) = (self.folder.join(signed_as), tenants.join(RENAMED.tenant));
        fs::create_dir_all(&own)?;
        fs::create_dir_all(&folder)?;
        let signed = own.join(format!("{signed_as}.wasm"));
        fs::copy(component, &signed).with_context(|| format!("there is no {}", component.display()))?;
        if let Some(settings) = settings {
            fs::write(signed.with_extension("toml"), settings)?;
        }
        run(Command::new(&self.weir).args(["plugin", "sign", "--key"]).arg(self.folder.join("key")).arg(&signed))?;
        for ending in ["toml", "wasm.sig", "wasm"] {
            let (from, to) = (signed.with_extension(ending), folder.join(format!("{lies_as}.{ending}")));
            let half = to.with_extension("half");
            match fs::copy(from, &half) {
                Ok(_) => fs::rename(half, to)?,
                Err(_) => drop(fs::remove_file(to)),
            }
        }
        Ok(())
    }
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
