//! Providers by name: look-ups hold nobody up, neither the start, nor a reload, nor the end, and a name that moves is

//! followed.

use crate::support::dns::{NameServer, Says};
use crate::support::upstream::{CHAT, Upstream, ok};
use crate::support::{ACME, GLOBEX, Gateway, chat, config, config_with, post, until};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

const FIRST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A provider by name.
fn provider(name: &str, host: &str, port: u16) -> String {
    format!("[providers.{name}]\nkind = \"openai\"\nbase_url = \"http://{host}:{port}/v1\"\nretries = 0\n")
}

/// The configuration of `config` whose provider is at this name.
fn by_name(host: &str, port: u16, lines: &str) -> String {
    config_with(SocketAddr::from((FIRST, port)), lines, "")
        .replace(&format!("{FIRST}:{port}"), &format!("{host}:{port}"))
        .replace("workers = 2", "workers = 1")
}

/// What `/readyz?verbose` says of a provider.
fn said(gateway: &Gateway, name: &str) -> serde_json::Value {
    gateway.ready()["providers"].as_array().unwrap().iter().find(|p| p["name"] == name).unwrap().clone()
}

fn chat_at(address: Ipv4Addr, port: u16) -> Upstream {
    let listener = TcpListener::bind((address, port)).unwrap();
    Upstream::on(listener, |_, _, stream| stream.write_all(&ok("application/json", CHAT)).is_ok())
}

#[test]
fn names_that_nobody_answers_for_keep_nobody_from_being_served() {
    let Some(server) = NameServer::start() else { return };
    let upstream = Upstream::chat();
    let mut rest = String::new();
    for n in 0..9 {
        let (name, host) = (format!("lost{n}"), format!("lost{n}.example"));
        server.say(&host, Says::Nothing);
        rest += &provider(&name, &host, 80);
    }
    // Asked first, were it not for the look-up; asked alone; and asked first without a name.
    rest += "[models.both]\ntargets = [\"lost0/m\", \"up/m\"]\n[models.lost]\ntargets = [\"lost1/m\"]\n";
    rest += &provider("gone", "gone.example", 80);
    rest += "[models.gone]\ntargets = [\"gone/m\", \"up/m\"]\n";
    let mut gateway = Gateway::start_named(&config_with(upstream.address, "retries = 0", &rest), &server);
    let ask = |model: &str| post(gateway.address, ACME, &chat("hi").replace("\"m\"", &format!("{model:?}")));
    for model in ["m", "both", "gone"] {
        let reply = ask(model);
        assert_eq!((reply.status, reply.header("x-weir-upstream")), (200, Some("up/m")), "{model}");
    }
    assert_eq!(said(&gateway, "up")["healthy"], true);
    for name in ["lost0", "lost8", "gone"] {
        assert_eq!(said(&gateway, name)["healthy"], false, "{name}");
        soon_eq!(gateway.metric("weir_upstream_healthy", &[&format!("provider=\"{name}\"")]), 0.0);
        soon_eq!(gateway.metric("weir_upstream_addresses", &[&format!("provider=\"{name}\"")]), 0.0);
        until("it is said why", || said(&gateway, name)["trouble"][0].as_str().map(str::to_owned));
    }
    let trouble = said(&gateway, "lost0")["trouble"].to_string();
    assert!(trouble.contains("lost0.example does not resolve (no answer within 5 s)"), "{trouble}");
    let reply = ask("lost");
    assert_eq!((reply.status, reply.code().as_str()), (502, "upstream_unreachable"));
    // And the end waits for none of them.
    gateway.signal("TERM");
    assert!(gateway.wait().success());
}

#[test]
fn a_key_is_taken_out_at_once_whatever_names_the_new_configuration_has() {
    let Some(server) = NameServer::start() else { return };
    server.say("lost.example", Says::Nothing);
    let upstream = Upstream::chat();
    let with = config(upstream.address);
    let gateway = Gateway::start_named(&with, &server);
    assert_eq!(post(gateway.address, GLOBEX, &chat("hi")).status, 200);
    let at = with.find("[[tenants.globex.keys]]").unwrap();
    let end = at + with[at..].find("\n\n").unwrap_or(with.len() - at);
    let lost = provider("lost", "lost.example", 80) + "[models.lost]\ntargets = [\"lost/m\"]\n";
    gateway.write_config(&format!("{}{}\n{lost}", &with[..at], &with[end..]));
    until("the key is refused", || (post(gateway.address, GLOBEX, &chat("hi")).status == 401).then_some(()));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    until("the name is asked for", || (server.asked("lost.example") > 0).then_some(()));
}

#[test]
fn the_first_request_waits_for_the_first_look_up() {
    let Some(server) = NameServer::start() else { return };
    let upstream = Upstream::chat();
    server.say("api.example", Says::Addresses(vec![FIRST]));
    let gateway = Gateway::start_named(&by_name("api.example", upstream.address.port(), "retries = 0"), &server);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    assert_eq!(said(&gateway, "up"), serde_json::json!({"name": "up", "healthy": true}));
}

#[test]
fn names_are_looked_up_at_each_reload_and_one_that_moved_takes_every_request_along() {
    let Some(server) = NameServer::start() else { return };
    let old = Upstream::chat();
    let port = old.address.port();
    let new = chat_at(SECOND, port);
    server.say("api.example", Says::Addresses(vec![FIRST]));
    let config = by_name("api.example", port, "retries = 0");
    let gateway = Gateway::start_named(&config, &server);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    soon_eq!((old.seen().len(), gateway.metric("weir_upstream_connections", &[])), (1, 1.0));

    server.say("api.example", Says::Addresses(vec![SECOND]));
    let asked = server.asked("api.example");
    gateway.signal("HUP");
    until("it is looked up", || (server.asked("api.example") > asked).then_some(()));
    until("requests follow", || {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
        (!new.seen().is_empty()).then_some(())
    });
    let before = old.seen().len();
    (0..20).for_each(|_| assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200));
    assert_eq!(old.seen().len(), before, "nothing goes to the old address, whatever connection is open there");
    until("the old connection is closed", || (gateway.metric("weir_upstream_connections", &[]) == 1.0).then_some(()));
    until("it is said", || gateway.log().contains("has other addresses now").then_some(()));
    // A name that goes away keeps what it had, and says so.
    server.say("api.example", Says::NoSuchName);
    gateway.signal("HUP");
    until("it is said", || said(&gateway, "up")["trouble"][0].as_str().map(str::to_owned));
    assert_eq!(said(&gateway, "up")["healthy"], true);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
}

#[test]
fn a_provider_whose_settings_change_is_not_looked_for_anew() {
    let Some(server) = NameServer::start() else { return };
    let upstream = Upstream::chat();
    let port = upstream.address.port();
    server.say("api.example", Says::Addresses(vec![FIRST]));
    let gateway = Gateway::start_named(&by_name("api.example", port, "retries = 0"), &server);
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    server.say("api.example", Says::Nothing);
    gateway.write_config(&by_name("api.example", port, "retries = 1"));
    until("the change is live", || (gateway.ready()["reloads"]["live"].as_u64() > Some(0)).then_some(()));
    assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    assert_eq!(said(&gateway, "up")["healthy"], true);
}

/// An address at which connections are neither accepted nor refused.
fn silent(address: Ipv4Addr, port: u16) -> Option<(TcpListener, Vec<TcpStream>)> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    // A port that is free at one address may be somebody's at another.
    socket.bind(&SocketAddr::from((address, port)).into()).ok()?;
    socket.listen(1).unwrap();
    let listener = TcpListener::from(socket);
    let full = || TcpStream::connect_timeout(&listener.local_addr().unwrap(), Duration::from_millis(300)).ok();
    let held = std::iter::from_fn(full).collect();
    Some((listener, held))
}

#[test]
fn a_dead_address_is_said_and_counted_and_costs_one_connection_a_quarter_of_a_second() {
    let Some(server) = NameServer::start() else { return };
    // The system's resolver puts the first one first: it is nearer to the address that connections come from.
    let both = std::iter::repeat_with(|| {
        let listener = TcpListener::bind((SECOND, 0)).unwrap();
        let held = silent(FIRST, listener.local_addr().unwrap().port())?;
        Some((listener, held))
    });
    let (listener, _held) = both.flatten().next().unwrap();
    let upstream = Upstream::on(listener, |_, _, stream| {
        // Every request needs a connection of its own.
        let answer = String::from_utf8(ok("application/json", CHAT)).unwrap();
        let _ = stream.write_all(answer.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes());
        false
    });
    let port = upstream.address.port();
    server.say("api.example", Says::Addresses(vec![FIRST, SECOND]));
    let config = by_name("api.example", port, "retries = 0\nconnect_timeout = \"4s\"");
    let gateway = Gateway::start_named(&config, &server);
    let start = Instant::now();
    for _ in 0..12 {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
    }
    // Half of the time to connect, which is what a dead address cost each connection, would be 24 s.
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
    let addresses = |state: &str| gateway.metric("weir_upstream_addresses", &[&format!("state=\"{state}\"")]);
    until("it is known to be dead", || (addresses("dead") == 1.0).then_some(()));
    soon_eq!((addresses("live"), upstream.seen().len()), (1.0, 12));
    until("the log says which", || gateway.log().contains(&format!("address={FIRST}:{port}")).then_some(()));
}

#[test]
fn connections_have_a_greatest_age() {
    let upstream = Upstream::chat();
    let gateway = Gateway::start(&config_with(upstream.address, "max_connection_age = \"100ms\"", ""));
    until("connections are replaced", || {
        assert_eq!(post(gateway.address, ACME, &chat("hi")).status, 200);
        (gateway.metric("weir_upstream_connections_opened_total", &[]) > 5.0).then_some(())
    });
    soon_eq!(gateway.metric("weir_refusals_total", &[]), 0.0);
}
