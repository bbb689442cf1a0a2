//! The start of a peer: a free port, its messages in a file, and a first answer before anybody measures.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::{PeerSetup, Up};
use crate::process_groups::ChildProcess;

/// The key that peers with a key check let in.
pub(super) const KEY: &str = "sk-peer-4f1d0c7a9e52b683";
/// The model that the mock serves.
pub(super) const MODEL: &str = "mock";
/// What a peer shows to the upstream in place of the caller's key.
pub(super) const UPSTREAM_KEY: &str = "sk-upstream-0b7e";

/// How much of a peer's messages an error shows, in bytes.
const TAIL: usize = 4_000;

/// What is to be started, and how to speak to it.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) name: String,
    pub(super) command: Command,
    pub(super) address: SocketAddr,
    pub(super) key: Option<String>,
    pub(super) model: String,
    pub(super) headers: Vec<(String, String)>,
    /// Longest time until the first answer.
    pub(super) patience: Duration,
    /// What each of the workers writes into its messages once it is ready, and how many they are.
    pub(super) announced: Option<(&'static str, usize)>,
}

impl Launch {
    /// A peer that looks at no key and needs no further header.
    pub(super) fn new(name: &str, command: Command, port: u16) -> Self {
        Self {
            name: name.to_owned(),
            command,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            key: None,
            model: MODEL.to_owned(),
            headers: Vec::new(),
            patience: Duration::from_secs(20),
            announced: None,
        }
    }

    /// Starts the peer and waits for its first answer.
    pub(super) fn up(mut self, setup: &PeerSetup<'_>) -> Result<Up> {
        let messages = setup.folder.join("messages.log");
        let file = File::create(&messages).with_context(|| format!("cannot write {}", messages.display()))?;
        self.command.current_dir(setup.folder).stderr(file);
        let running = setup.process_groups.start(&mut self.command)?;
        self.wait(&running, &messages)
            .with_context(|| format!("{} does not answer on {}", self.name, self.address))
            .with_context(|| format!("last messages of {}:\n{}", self.name, tail(&messages)))?;
        Ok(Up {
            url: format!("http://{}", self.address),
            key: self.key,
            model: self.model,
            headers: self.headers,
            running,
        })
    }

    fn wait(&self, running: &ChildProcess, messages: &Path) -> Result<()> {
        let until = Instant::now() + self.patience;
        loop {
            ensure!(alive(running.pid), "it has ended");
            let answer = self.announced(messages).and_then(|()| self.ask());
            match answer {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() >= until => {
                    return Err(error.context(format!("not ready after {:?}", self.patience)));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    fn announced(&self, messages: &Path) -> Result<()> {
        let Some((word, workers)) = self.announced else { return Ok(()) };
        let ready = String::from_utf8_lossy(&fs::read(messages)?).matches(word).count();
        ensure!(ready >= workers, "{ready} of {workers} workers are ready");
        Ok(())
    }

    /// One whole chat request, which has to be answered with usage.
    fn ask(&self) -> Result<()> {
        let answer = exchange(self.address, &self.request())?;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        if status != "200" || !answer.contains("\"usage\"") {
            let start: String = answer.chars().take(600).collect();
            bail!("a chat request is not answered as it should be:\n{start}");
        }
        Ok(())
    }

    fn request(&self) -> String {
        let body = json!({"model": self.model, "messages": [{"role": "user", "content": "ready?"}]});
        chat(self.address, self.key.as_deref(), &self.headers, &body)
    }
}

/// A chat request over a connection of its own.
pub(super) fn chat(address: SocketAddr, key: Option<&str>, headers: &[(String, String)], body: &Value) -> String {
    let body = body.to_string();
    let mut head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    let key = key.map(|key| ("authorization", format!("Bearer {key}")));
    let others = headers.iter().map(|(name, value)| (name.as_str(), value.clone()));
    for (name, value) in key.into_iter().chain(others) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{head}\r\n{body}")
}

/// Sends a request and reads until the other side closes.
pub(super) fn exchange(address: SocketAddr, request: &str) -> Result<String> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(15)))?;
    socket.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    socket.take(1 << 20).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A port that nobody listens on at this moment.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?.port())
}

/// Writes a file of the peer's into its folder, with every `{word}` of `words` replaced.
pub(super) fn write(folder: &Path, name: &str, template: &str, words: &[(&str, &str)]) -> Result<PathBuf> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(&path, replaced(template, words)).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

pub(super) fn replaced(template: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(template.to_owned(), |text, (word, value)| text.replace(&format!("{{{word}}}"), value))
}

/// Whether a process runs: one that has ended but was not waited for does not.
fn alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with('Z'))
}

fn tail(messages: &Path) -> String {
    let read = |path: &Path| -> io::Result<String> { Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned()) };
    let text = read(messages).unwrap_or_default();
    let from = text.ceil_char_boundary(text.len().saturating_sub(TAIL));
    text.get(from..).unwrap_or_default().trim_end().to_owned()
}
