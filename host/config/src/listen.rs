//! Addresses to listen on, as file and command line name them.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Reads an address to listen on: an IP address and a port, an IPv6 address in brackets.
///
/// # Errors
/// What to write in its place.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    const LOCAL: &str = "127.0.0.1";
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest).trim_end_matches('/');
    if bare != text && bare.parse::<SocketAddr>().is_ok() {
        return Err(format!("write \"{bare}\", without what is around it"));
    }
    let is_port = |text: &str| text.parse::<u16>().is_ok() && text.bytes().all(|b| b.is_ascii_digit());
    if is_port(text) {
        return Err(format!(
            "write an IP address and the port: \"{LOCAL}:{text}\" for this machine alone, \"0.0.0.0:{text}\" for all"
        ));
    }
    if let Some((host, port)) = bare.rsplit_once(':').filter(|(_, port)| is_port(port)) {
        if host.is_empty() || host == "*" {
            return Err(format!("write \"0.0.0.0:{port}\" for every address of this machine, or \"[::]:{port}\""));
        }
        if host.parse::<Ipv6Addr>().is_ok() {
            return Err(format!("an IPv6 address stands in brackets: write \"[{host}]:{port}\""));
        }
        let address = if host == "localhost" { LOCAL } else { "0.0.0.0" };
        return Err(format!("give an IP address in place of the name, such as \"{address}:{port}\""));
    }
    match bare.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => Err(format!("the port is missing: write \"{ip}:8080\"")),
        Ok(IpAddr::V6(ip)) => Err(format!("the port is missing: write \"[{ip}]:8080\"")),
        Err(_) => match bare.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && host.parse::<IpAddr>().is_ok() => {
                Err(format!("a port is a number from 0 to 65535, such as \"{host}:8080\""))
            }
            _ => Err("give an IP address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"".to_owned()),
        },
    }
}
