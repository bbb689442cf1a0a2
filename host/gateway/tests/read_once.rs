//! What a reload reads of plugins' files: what has changed, and not what there is.

use crate::guest::{Guest, install};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, chat, config, post, until};
use std::fs;

/// Plugins that lie there, and bytes of each at the least.
const PLUGINS: usize = 24;
const BYTES: usize = 256 << 10;

/// A component that refuses with a code, made as long as that by a section that says nothing.
fn refusing(code: &str) -> Vec<u8> {
    let mut wasm = Guest::on("policy", &format!(r#"(call $refuse (i32.const 400) @"{code}" @"")"#)).build();
    // A custom section (component model, binary format): 0, the length of what follows in LEB128, a name, anything.
    let length = BYTES + 4;
    let leb = [length & 0x7f | 0x80, length >> 7 & 0x7f | 0x80, length >> 14 & 0x7f];
    wasm.push(0);
    wasm.extend(leb.map(|byte| byte as u8));
    wasm.extend(b"\x03pad");
    wasm.extend(vec![b'x'; BYTES]);
    wasm
}

/// Bytes that the gateway has read from files so far (proc(5), `rchar`).
fn read(gateway: &Gateway) -> usize {
    let io = fs::read_to_string(format!("/proc/{}/io", gateway.pid())).unwrap();
    io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}

fn code(gateway: &Gateway) -> String {
    post(gateway.address, ACME, &chat("hi")).code()
}

#[test]
fn a_reload_reads_what_has_changed_and_a_signal_has_all_of_it_read() {
    let gateway = Gateway::start_with(&config(Upstream::chat().address), |folder| {
        (0..PLUGINS).for_each(|n| install(&folder.join("tenants/acme"), &format!("p{n:02}"), &refusing("many")));
    });
    let acme = gateway.plugins().join("tenants/acme");
    until("they serve", || (code(&gateway) == "many").then_some(()));
    let (mut n, all) = (0, PLUGINS * BYTES);
    let mut reload = || {
        n += 1;
        let (before, wanted) = (read(&gateway), if n % 2 == 0 { "odd" } else { "even" });
        install(&acme, "a", &refusing(wanted));
        until("it serves", || (code(&gateway) == wanted).then_some(()));
        read(&gateway) - before
    };
    // As long as they are young they are read again. Compiling reads the one that is new several times.
    until("they are known", || (reload() < all / 2).then_some(()));
    assert!(reload() < all / 2);
    let (before, said) = (read(&gateway), gateway.log().matches("SIGHUP: ").count());
    gateway.signal("HUP");
    until("the signal is answered", || (gateway.log().matches("SIGHUP: ").count() > said + 1).then_some(()));
    assert!(read(&gateway) - before >= all, "whoever asks for it has all of it read");
    // What is written in the place of a known file is noticed, however alike the two look.
    let (file, was) = (acme.join("p00.wasm"), fs::metadata(acme.join("p00.wasm")).unwrap());
    let other = refusing("mine");
    assert_eq!(other.len() as u64, was.len());
    fs::remove_file(acme.join("a.wasm")).unwrap();
    until("the first one serves", || (code(&gateway) == "many").then_some(()));
    fs::write(&file, other).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(was.modified().unwrap()).unwrap();
    until("the other one serves", || (code(&gateway) == "mine").then_some(()));
}
