//! What upstreams may do, case by case: after each of them three ordinary requests are answered, nothing that was cut looks
//! whole, nothing that is whole looks cut, and nothing takes longer than its deadlines.
//!
//! The cases are in `corpus/upstreams.jsonl`, with what must come of them. More of the same form are read from

//! `shared/corpus/upstreams.jsonl` in any folder above the workspace, if it is there.

use crate::support::client::Reply;
use crate::support::upstream::{CHAT, DONE, END, STREAM, chunk, delta, ok};
use crate::support::{ACME, Gateway, PATIENCE, config_with, post, root};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// So many cases at once, each with a provider of its own.
const LANES: usize = 8;
const DEADLINES: &str = "retries = 0\nfirst_byte_timeout = \"3s\"\nidle_timeout = \"2s\"\ntotal_timeout = \"6s\"";
/// Deadlines, and as long again as a busy machine may take for the rest.
const LONGEST: Duration = Duration::from_secs(30);

struct Case {
    name: String,
    actions: Vec<Value>,
    /// What must come of it: `whole`, `cut` or `refused`; nothing where only the rules for all hold, as where a connection
    /// that was kept is closed without a word, and the request goes out again on a fresh one.
    whole: Option<String>,
    stream: Option<String>,
}

fn read(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).unwrap();
    let case = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let expected = |key: &str| line[key].as_str().map(str::to_owned);
        let actions = line["actions"].as_array().unwrap().clone();
        Case { name: expected("name").unwrap(), actions, whole: expected("whole"), stream: expected("stream") }
    };
    text.lines().map(case).collect()
}

/// Strings hold bytes as Latin-1.
fn bytes(value: &Value) -> Vec<u8> {
    value.as_str().unwrap().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

/// What a connection has to do when the next request comes, and whom to tell when that is done.
type Script = Arc<Mutex<Option<(Vec<Value>, Sender<()>)>>>;

/// An upstream that answers as it should but for the request for which there is a script.
fn upstream(script: Script) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let script = Arc::clone(&script);
            std::thread::spawn(move || while serve(&stream, &script).is_some() {});
        }
    });
    address
}

/// Serves one request; nothing when the connection has ended.
fn serve(mut stream: &TcpStream, script: &Script) -> Option<()> {
    let mut head = vec![0];
    stream.read_exact(&mut head).ok()?;
    let scripted = script.lock().unwrap().take();
    let early = scripted.as_ref().is_some_and(|(actions, _)| actions.first().is_some_and(|a| a[0] == "early"));
    let played = if early { scripted.as_ref().map(|(actions, _)| play(stream, actions)) } else { None };
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    // The body is read behind the script, so that a close is a reset where the script says so.
    let played = played.or_else(|| scripted.as_ref().map(|(actions, _)| play(stream, actions)));
    if let Some((_, done)) = &scripted {
        let _ = done.send(());
    }
    if let Some(Played::Over) = played {
        return None;
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap().trim().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    if scripted.is_none() {
        let ask: Value = serde_json::from_slice(&body).unwrap();
        stream.write_all(&ordinary(&ask)).ok()?;
    }
    Some(())
}

/// The answer of an ordinary upstream, which repeats what it was asked.
fn ordinary(ask: &Value) -> Vec<u8> {
    let text = ask["messages"][0]["content"].as_str().unwrap();
    match ask["stream"] == true {
        true => [STREAM, &chunk(&delta(text)), &chunk(DONE), END].concat(),
        false => ok("application/json", &CHAT.replace("hello", text)),
    }
}

enum Played {
    /// The connection stays.
    On,
    Over,
}

fn play(mut stream: &TcpStream, actions: &[Value]) -> Played {
    for action in actions {
        let wait = |value: &Value| std::thread::sleep(Duration::from_secs_f64(value.as_f64().unwrap()));
        let sent = match action[0].as_str().unwrap() {
            "early" => Ok(()),
            "send" => stream.write_all(&bytes(&action[1])),
            "sleep" => {
                wait(&action[1]);
                Ok(())
            }
            "slow" => {
                bytes(&action[1]).chunks(usize::try_from(action[3].as_u64().unwrap()).unwrap()).try_for_each(|piece| {
                    wait(&action[2]);
                    stream.write_all(piece)
                })
            }
            "flood" => (0..action[2].as_u64().unwrap()).try_for_each(|_| stream.write_all(&bytes(&action[1]))),
            "close" => {
                // Everything is read first, for a close on unread bytes is a reset.
                let _ = stream.shutdown(Shutdown::Write);
                let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
                let mut thrown = [0; 4096];
                while matches!(stream.read(&mut thrown), Ok(1..)) {}
                let _ = stream.shutdown(Shutdown::Both);
                return Played::Over;
            }
            "reset" => return Played::Over,
            other => panic!("unknown action {other}"),
        };
        if sent.is_err() {
            return Played::Over;
        }
    }
    Played::On
}

/// What a client takes an answer for.
fn look(reply: &Reply) -> &'static str {
    let events = reply.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
    if reply.status != 200 && !events {
        return "refused";
    }
    let text = reply.text();
    if !events {
        // A mark in front, and a number that is out of every range, are nothing to a client's parser.
        let text = text.trim_start_matches('\u{feff}').replace("1e400", "1");
        let json: Value = serde_json::from_str(&text).unwrap_or_default();
        let answer = json["choices"].as_array().is_some_and(|choices| !choices.is_empty());
        return if answer && reply.clean { "whole" } else { "cut" };
    }
    if reply.clean && !text.contains("\"error\":") { "whole" } else { "cut" }
}

/// The rules for all cases.
fn check(name: &str, reply: &Reply, streaming: bool) {
    let (text, seen) = (reply.text(), look(reply));
    assert!(!text.contains("POISON"), "{name}: {text}");
    assert!(!text.contains("data: {\"id\":data:"), "{name}: half an event: {text}");
    let events = reply.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
    // A whole stream has its own end in it, and what is no stream and not whole is never sent.
    let ends = text.contains("[DONE]") || text.replace(": ", ":").contains("\"finish_reason\":\"");
    assert!(seen != "whole" || !events || ends, "{name} ({streaming}) looks whole: {text}");
    assert!(events || seen != "cut", "{name} ({streaming}): {} {text}", reply.status);
    if seen == "cut" {
        assert!(!reply.clean, "{name} ({streaming}) ends cleanly: {text}");
    }
}

fn run(cases: &[Case]) {
    let scripts: Vec<Script> = (0..LANES).map(|_| Script::default()).collect();
    let first = upstream(Script::default());
    let mut rest = String::new();
    for (n, script) in scripts.iter().enumerate() {
        let address = upstream(Arc::clone(script));
        rest += &format!("[providers.p{n}]\nkind = \"openai\"\nbase_url = \"http://{address}/v1\"\n{DEADLINES}\n");
        rest += &format!("[models.m{n}]\ntargets = [\"p{n}/m\"]\n");
    }
    // One worker, so that a poisoned connection is met again.
    let gateway = Gateway::start(&config_with(first, "", &rest).replace("workers = 2", "workers = 1"));
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for (lane, script) in scripts.iter().enumerate() {
            let (next, gateway) = (&next, &gateway);
            scope.spawn(move || {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for streaming in [false, true] {
                        one(gateway, (lane, script), case, streaming);
                    }
                }
            });
        }
    });
}

fn one(gateway: &Gateway, (lane, script): (usize, &Script), case: &Case, streaming: bool) {
    let name = &case.name;
    let ask = |text: &str, streaming: bool| {
        let ask = serde_json::json!({"model": format!("m{lane}"), "messages": [{"role": "user", "content": text}], "stream": streaming});
        post(gateway.address, ACME, &ask.to_string())
    };
    let (done, is_done) = channel();
    *script.lock().unwrap() = Some((case.actions.clone(), done));
    let start = Instant::now();
    let reply = ask("the case", streaming);
    assert!(start.elapsed() < LONGEST, "{name} ({streaming}) took {:?}", start.elapsed());
    check(name, &reply, streaming);
    if let Some(expected) = if streaming { &case.stream } else { &case.whole } {
        assert_eq!(look(&reply), expected, "{name} ({streaming}): {} {}", reply.status, reply.text());
    }
    // What the upstream does later is done before somebody else's request comes.
    let _ = is_done.recv_timeout(PATIENCE);
    for n in 0..3 {
        let nonce = format!("{name} {streaming} {n}");
        let reply = ask(&nonce, n == 1);
        let said = if n == 1 { reply.streamed() } else { reply.content() };
        assert_eq!((reply.status, said, reply.clean), (200, nonce, true), "{}", reply.text());
    }
}

#[test]
fn every_case_comes_to_what_it_must() {
    let cases = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/upstreams.jsonl"));
    assert!(cases.len() >= 50, "only {} cases", cases.len());
    run(&cases);
}

#[test]
fn the_rules_hold_for_a_larger_corpus_if_it_is_there() {
    let root = root();
    let files = root.ancestors().map(|folder| folder.join("shared/corpus/upstreams.jsonl"));
    let Some(file) = files.into_iter().find(|file| file.is_file()) else {
        eprintln!("skipped: there is no shared/corpus/upstreams.jsonl in a folder above {}", root.display());
        return;
    };
    run(&read(&file));
}
