//! A process that compiles one plugin, seen from the gateway: begun, watched, and ended when it has to be.
//!
//! It is this very program, told by its first argument what it is for. It gets the plugin's bytes and three files in memory,
//! and nothing else: no environment, no open file or socket of the gateway's. What comes out of it is read once it is gone.

use super::artefact::NativeCode;
use super::cancel::Cancel;
use crate::engine::FILE_LIMIT;
use crate::error::LoadError;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::Signal;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};
use weir_config::CompileLimits;
use weir_config::file::{self, FileSpot};

/// The first argument of a process that compiles a plugin; whoever uses [`Compiler::Process`](super::Compiler::Process) runs a [`CompileTask`](super::CompileTask) for it.
pub const SUBCOMMAND: &str = "compile-plugin";
/// The system's own program that runs another one with a low priority.
const NICE: &str = "/usr/bin/nice";
/// How a process says that the plugin does not compile; its reason is on its standard error.
pub(super) const INVALID: u8 = 3;
/// Bytes that are read of what a process has to say.
const WORDS: u64 = 4 << 10;
/// Between looks whether it has ended, at first and later.
const LOOKS: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(20)];

/// Compiles a plugin; `settings` is what code has to fit.
pub(super) fn compile(
    wasm: &SealedFile,
    limits: &CompileLimits,
    settings: u64,
    cancel: &Cancel,
) -> Result<NativeCode, LoadError> {
    let files = || -> io::Result<_> { Ok((memory("weir-code")?, memory("weir-words")?)) };
    let (mut code, mut words) = files().map_err(failed)?;
    let mut child = begin(&wasm.0, &code, &words, limits, settings).map_err(failed)?;
    let ended = watch(&mut child, limits.time, cancel).map_err(failed)?;
    let said = said(&mut words);
    let status = match ended {
        Ended::ByItself(status) => status,
        Ended::OutOfTime => return Err(exceeded(format!("{} s", limits.time.as_secs()), "time")),
        Ended::Unwanted => return Err(LoadError::Compiling),
    };
    if status.success() {
        let length = code.metadata().and_then(|meta| code.rewind().map(|()| meta.len())).map_err(failed)?;
        return NativeCode::read(&mut code, length)
            .ok_or_else(|| LoadError::Compiler("what its process wrote is not whole".to_owned()));
    }
    Err(judge(status, &said, limits))
}

fn memory(name: &str) -> io::Result<File> {
    Ok(File::from(memfd_create(name, MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?))
}

/// A file in memory which nobody can change any more: what a process compiles is what was hashed.
#[derive(Debug)]
pub(super) struct SealedFile(File);

impl SealedFile {
    /// Copies a plugin's file, which never lies in this process's own memory for it.
    ///
    /// # Errors
    /// [`LoadError::Unreadable`] and its like if it cannot be read, [`LoadError::Compiler`] if there is no room for it.
    pub(super) fn copy(spot: &FileSpot) -> Result<(Self, blake3::Hash), LoadError> {
        let sink = HashedFile { file: memory("weir-plugin").map_err(failed)?, hasher: blake3::Hasher::new() };
        let copied = file::copy(spot.clone(), FILE_LIMIT, sink);
        let HashedFile { mut file, hasher } = copied.map_err(|why| LoadError::unread(spot.path().to_owned(), &why))?;
        file.rewind().map_err(failed)?;
        let seals = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_SEAL;
        fcntl(&file, FcntlArg::F_ADD_SEALS(seals)).map_err(|e| failed(e.into()))?;
        Ok((Self(file), hasher.finalize()))
    }
}

/// A file, and the hash of what is written to it.
struct HashedFile {
    file: File,
    hasher: blake3::Hasher,
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn failed(e: io::Error) -> LoadError {
    LoadError::Compiler(format!("no process for it: {e}"))
}

/// Begins a process. The thread that does must live longer than it: it is killed when that thread ends, and so with the gateway.
fn begin(input: &File, code: &File, words: &File, limits: &CompileLimits, settings: u64) -> io::Result<Child> {
    let begin = |mut command: Command| {
        command.args(arguments(limits, settings)).env_clear().current_dir("/").process_group(0);
        // What the allocator keeps for later must not count as used; and half of the cores, for the other half serves.
        let threads = std::thread::available_parallelism().map_or(1, usize::from).div_ceil(2);
        command.env("MIMALLOC_ARENA_EAGER_COMMIT", "0").env("RAYON_NUM_THREADS", threads.to_string());
        command.stdin(input.try_clone()?).stdout(code.try_clone()?).stderr(words.try_clone()?).spawn()
    };
    let program = program()?;
    let mut nicely = Command::new(NICE);
    nicely.args(["-n", "10"]).arg(&program);
    match begin(nicely) {
        // Then what serves has no precedence.
        Err(why) if why.kind() == ErrorKind::NotFound => begin(Command::new(program)),
        begun => begun,
    }
}

/// The file of this program: by its name, since for the system a tool that runs it may be another one; or, where the name leads
/// elsewhere since it began, by what this process is.
fn program() -> io::Result<PathBuf> {
    let named = std::env::current_exe()?;
    let is_gone = named.as_os_str().as_encoded_bytes().ends_with(b" (deleted)");
    Ok(if is_gone { format!("/proc/{}/exe", std::process::id()).into() } else { named })
}

fn arguments(limits: &CompileLimits, settings: u64) -> Vec<String> {
    let cpu = limits.cpu.as_secs().max(1);
    let numbers = [("memory", limits.memory), ("cpu", cpu), ("output", limits.output), ("settings", settings)];
    let parent = [("parent", u64::from(std::process::id()))];
    let numbers = numbers.into_iter().chain(parent).map(|(name, number)| format!("--{name}={number}"));
    std::iter::once(SUBCOMMAND.to_owned()).chain(numbers).collect()
}

/// How a process ended.
enum Ended {
    ByItself(ExitStatus),
    OutOfTime,
    /// Nobody wants what it does any more.
    Unwanted,
}

/// Waits for a process, and ends it where it has to be.
fn watch(child: &mut Child, time: Duration, cancel: &Cancel) -> io::Result<Ended> {
    let (begun, [mut pause, longest]) = (Instant::now(), LOOKS);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::ByItself(status));
        }
        let late = begun.elapsed() >= time;
        if late || cancel.is_set() {
            child.kill()?;
            child.wait()?;
            return Ok(if late { Ended::OutOfTime } else { Ended::Unwanted });
        }
        cancel.wait(pause);
        pause = longest.min(pause * 2);
    }
}

fn said(words: &mut File) -> String {
    let mut bytes = Vec::new();
    let _ = words.rewind().and_then(|()| Read::take(words, WORDS).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

/// Why a process did not do it.
fn judge(status: ExitStatus, said: &str, limits: &CompileLimits) -> LoadError {
    let signal = status.signal().and_then(|signal| Signal::try_from(signal).ok());
    let no_memory = ["memory allocation of", "annot allocate memory", "out of memory"];
    match signal {
        Some(Signal::SIGXCPU) => exceeded(format!("{} s of CPU time", limits.cpu.as_secs().max(1)), "cpu"),
        Some(Signal::SIGXFSZ) => exceeded(format!("{} MiB of code", limits.output >> 20), "output"),
        _ if no_memory.iter().any(|words| said.contains(words)) => {
            exceeded(format!("{} MiB of memory", limits.memory >> 20), "memory")
        }
        None if status.code() == Some(i32::from(INVALID)) => LoadError::Compile(said.to_owned()),
        Some(signal) => LoadError::Compiler(format!("its process ended by {signal}: {}", first_line(said))),
        None => LoadError::Compiler(format!("its process ended with {status}: {}", first_line(said))),
    }
}

fn first_line(said: &str) -> &str {
    said.lines().find(|line| !line.is_empty()).unwrap_or("it said nothing")
}

fn exceeded(limit: String, key: &'static str) -> LoadError {
    LoadError::Exceeded { limit, key }
}
