//! A process that compiles one plugin, seen from inside: it binds itself, reads the plugin from its standard input, compiles it,
//! and writes the code to its standard output.

use super::artefact::NativeCode;
use super::process::INVALID;
use crate::engine::{FILE_LIMIT, compiler};
use crate::error::LoadError;
use nix::sys::prctl::{set_no_new_privs, set_pdeathsig};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::getppid;
use std::io::{self, Read, Write};
use std::process::ExitCode;

/// Seconds of CPU time after the bound, should the signal that says so not end the process.
const SLACK: u64 = 5;

/// What such a process is told.
#[derive(Debug, Clone, Copy)]
pub struct CompileTask {
    /// Bytes of memory that it may have.
    pub memory: u64,
    /// Seconds of CPU time.
    pub cpu: u64,
    /// Bytes that it may write.
    pub output: u64,
    /// What its code has to fit: a hash over the version and the settings of the engine.
    pub settings: u64,
    /// The process that it works for, and ends with.
    pub parent: u32,
}

impl CompileTask {
    /// Does it. To be called first thing in a process that is there for nothing else.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        let done = self.bind().map_err(|e| LoadError::Compiler(e.to_string())).and_then(|()| self.compile());
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(LoadError::Compile(why)) => end(&why, INVALID),
            Err(LoadError::Compiler(why)) => end(&why, 1),
            Err(other) => end(&other.to_string(), 1),
        }
    }

    /// From here on nothing can take more than it may.
    fn bind(&self) -> io::Result<()> {
        set_pdeathsig(Signal::SIGKILL)?;
        // Whoever was gone before that cannot send it.
        if u32::try_from(getppid().as_raw()) != Ok(self.parent) {
            return Err(io::Error::other("whom it works for is gone"));
        }
        set_no_new_privs()?;
        setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
        setrlimit(Resource::RLIMIT_FSIZE, self.output, self.output)?;
        setrlimit(Resource::RLIMIT_CPU, self.cpu, self.cpu.saturating_add(SLACK))?;
        // What is written to and nobody else's: the heap, and stacks of threads.
        setrlimit(Resource::RLIMIT_DATA, self.memory, self.memory)?;
        Ok(())
    }

    fn compile(&self) -> Result<(), LoadError> {
        let fault = |e: io::Error| LoadError::Compiler(e.to_string());
        let mut wasm = Vec::new();
        io::stdin().lock().take(FILE_LIMIT).read_to_end(&mut wasm).map_err(fault)?;
        let (engine, settings) = compiler()?;
        if settings != self.settings {
            return Err(LoadError::Compiler("it compiles for another engine".to_owned()));
        }
        NativeCode::compile(&engine, &wasm)?.write(&mut io::stdout().lock()).map_err(fault)
    }
}

fn end(why: &str, code: u8) -> ExitCode {
    let _ = io::stderr().lock().write_all(why.as_bytes());
    ExitCode::from(code)
}
