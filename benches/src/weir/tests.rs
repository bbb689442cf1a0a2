use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;
use crate::process_groups::ProcessGroups;

#[test]
fn readiness_is_the_status_of_the_admin_listener() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        for status in ["503 Service Unavailable", "200 OK"] {
            let (mut socket, _) = listener.accept().unwrap();
            let mut head = [0; 9];
            socket.read_exact(&mut head).unwrap();
            assert_eq!(&head, b"GET /read");
            write!(socket, "HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").unwrap();
            // Read what is left, so that closing sends no reset over the answer.
            socket.shutdown(std::net::Shutdown::Write).unwrap();
            let _rest = socket.read_to_end(&mut Vec::new());
        }
    });
    wait_until_ready(&admin).unwrap();
    server.join().unwrap();
}

fn args(chain: &[&str]) -> WeirArgs {
    let chain = chain.iter().map(|name| (*name).to_owned()).collect();
    WeirArgs { weir: "/w".into(), guided: "/g".into(), plugins: "/p".into(), chain, cache: "/c".into() }
}

#[test]
fn the_configuration_binds_every_plugin_of_the_chain_and_leaves_room_for_every_user() {
    let (process_groups, folder) = (ProcessGroups::default(), Path::new("/f"));
    let setup = PeerSetup {
        process_groups: &process_groups,
        upstream: "127.0.0.1:7".parse().unwrap(),
        folder,
        tools: folder,
        cores: 2,
    };
    let hash = key::generate("bench").unwrap().hash_line(PEPPER.as_bytes());
    let args = args(&["prompt-guard", "redact-pii", "route-by-cost", "usage-tap", "other"]);
    let text = config(&args, &setup, Path::new("/p"), &hash);
    let loaded = weir_config::parse(&text, Path::new("/f/weir.toml"), &|_| None, &weir_config::Overrides::default());
    let config = loaded.map_err(|problems| problems.to_string()).unwrap().config;
    let bound: Vec<_> = config.plugins.chain.iter().map(|binding| &*binding.plugin).collect();
    assert_eq!(bound, args.chain);
    assert!(config.plugins.chain.iter().all(|binding| *binding.tenants == ["bench".to_owned()]));
    assert_eq!(config.models.len(), 1);
    assert_eq!(config.tenants.first().unwrap().keys.len(), 1);
    assert!(text.contains("base_url = \"http://127.0.0.1:7/v1\"") && text.contains("max_connections = 4096"));
}

#[test]
fn what_is_not_built_is_named_with_the_way_to_build_it() {
    let why = Weir::bare(&args(&[])).missing(Path::new("/")).unwrap();
    assert!(why.contains("/w") && why.contains("cargo build --release"), "{why}");
    let there = std::env::current_exe().unwrap();
    let why = Weir::with_plugins(&WeirArgs { weir: there.clone(), ..args(&["none"]) }).missing(Path::new("/")).unwrap();
    assert!(why.contains("/p/none.wasm"), "{why}");
    let why = Weir::bare(&args(&[])).guided().missing(Path::new("/")).unwrap();
    assert!(why.contains("/g") && why.contains("benches/guided/build"), "{why}");
    assert_eq!(Weir::bare(&WeirArgs { weir: there, ..args(&[]) }).missing(Path::new("/")), None);
}

#[test]
fn the_name_says_how_many_plugins_there_are() {
    assert_eq!(Weir::bare(&args(&["a"])).name(), "Weir");
    assert_eq!(Weir::with_plugins(&args(&["a"])).name(), "Weir + 1 plugin");
    assert_eq!(Weir::with_plugins(&args(&["a", "b"])).name(), "Weir + 2 plugins");
    assert_eq!(Weir::with_plugins(&args(&["a", "b"])).guided().name(), "Weir guided + 2 plugins");
}
