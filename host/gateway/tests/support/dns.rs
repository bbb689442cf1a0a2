//! A gateway that asks a name server of the test's own: in a mount namespace with another `/etc/resolv.conf`.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// What the server says of a name.
#[derive(Debug, Clone)]
pub enum Says {
    /// Nothing; the resolver waits for much longer than any test does.
    Nothing,
    /// There is no such name.
    NoSuchName,
    Addresses(Vec<Ipv4Addr>),
}

/// A name server on a loopback address. Its thread ends with the test's process.
pub struct NameServer {
    names: Arc<Mutex<BTreeMap<String, Says>>>,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
    folder: TempDir,
}

impl NameServer {
    /// None, with a word on standard error, where a mount namespace or port 53 cannot be had.
    pub fn start() -> Option<Self> {
        let unshared = Command::new("unshare").args(["-m", "true"]).stderr(Stdio::null()).status();
        if !unshared.is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: this test needs a mount namespace (run it as root)");
            return None;
        }
        let Some((socket, address)) = bind() else {
            eprintln!("SKIPPED: this test needs port 53 of a loopback address (run it as root)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let resolver = format!("nameserver {address}\noptions timeout:30 attempts:5\n");
        std::fs::write(folder.path().join("resolv.conf"), resolver).unwrap();
        std::fs::write(folder.path().join("nsswitch.conf"), "hosts: files dns\n").unwrap();
        let server = Self { names: Arc::default(), asked: Arc::default(), folder };
        let (names, asked) = (Arc::clone(&server.names), Arc::clone(&server.asked));
        std::thread::spawn(move || serve(&socket, &names, &asked));
        Some(server)
    }

    pub fn say(&self, name: &str, says: Says) {
        self.names.lock().unwrap().insert(name.to_owned(), says);
    }

    /// How often it was asked for a name's IPv4 addresses.
    pub fn asked(&self, name: &str) -> usize {
        self.asked.lock().unwrap().get(name).copied().unwrap_or_default()
    }

    /// The command, in a world in which this is the name server.
    pub fn around(&self, command: &Command) -> Command {
        let mut around = Command::new("unshare");
        let mount = |file: &str| format!("mount --bind {:?} /etc/{file}", self.folder.path().join(file));
        let script = format!("{} && {} && exec \"$0\" \"$@\"", mount("resolv.conf"), mount("nsswitch.conf"));
        around.args(["-m", "sh", "-c", &script]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => around.env(name, value),
                None => around.env_remove(name),
            };
        }
        assert!(Path::new("/etc/nsswitch.conf").exists() && Path::new("/etc/resolv.conf").exists());
        around
    }
}

/// Any loopback address whose port 53 is free.
fn bind() -> Option<(UdpSocket, Ipv4Addr)> {
    let start = std::process::id();
    (0..50_u32).find_map(|n| {
        let [_, b, c, d] = start.wrapping_mul(7_919).wrapping_add(n * 104_729).to_be_bytes();
        let address = Ipv4Addr::new(127, b, c, d.clamp(1, 254));
        UdpSocket::bind((address, 53)).ok().map(|socket| (socket, address))
    })
}

fn serve(socket: &UdpSocket, names: &Mutex<BTreeMap<String, Says>>, asked: &Mutex<BTreeMap<String, usize>>) {
    let mut query = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut query) {
        let Some((name, end)) = name_of(&query[..length]) else { continue };
        let is_a = query[end..end + 2] == [0, 1];
        if is_a {
            *asked.lock().unwrap().entry(name.clone()).or_default() += 1;
        }
        let says = names.lock().unwrap().get(&name).cloned().unwrap_or(Says::NoSuchName);
        let (code, addresses) = match says {
            Says::Nothing => continue,
            Says::NoSuchName => (3, vec![]),
            Says::Addresses(addresses) => (0, if is_a { addresses } else { vec![] }),
        };
        let mut answer = query[..2].to_vec();
        answer.extend([0x81, 0x80 | code, 0, 1, 0, u8::try_from(addresses.len()).unwrap(), 0, 0, 0, 0]);
        answer.extend_from_slice(&query[12..end + 4]);
        for address in addresses {
            // The name as above, type A, class IN, no time to live, four bytes.
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
            answer.extend(address.octets());
        }
        let _ = socket.send_to(&answer, from);
    }
}

/// The name in a query, and where its type stands.
fn name_of(query: &[u8]) -> Option<(String, usize)> {
    let (mut at, mut labels) = (12, vec![]);
    loop {
        let length = usize::from(*query.get(at)?);
        if length == 0 {
            return (query.len() >= at + 5).then(|| (labels.join("."), at + 1));
        }
        labels.push(String::from_utf8_lossy(query.get(at + 1..at + 1 + length)?).to_ascii_lowercase());
        at += 1 + length;
    }
}
