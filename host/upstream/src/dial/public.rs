//! Which addresses are anybody's to call, and which are this machine, its network, or nowhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[cfg(test)]
mod tests;

/// Whether an address is on the public internet (the registries of special-purpose addresses, RFC 6890 and after).
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        // This network; private; loopback; private; multicast, reserved, broadcast.
        (0 | 10 | 127 | 224..=255, ..) => true,
        (100, 64..=127, _) => true, // carrier-grade NAT, RFC 6598
        (169, 254, _) => true,      // link-local, with the metadata services of clouds
        (172, 16..=31, _) => true,  // private
        (192, 168, _) => true,      // private
        (192, 0, 0 | 2) => true,    // protocol assignments, documentation
        (192, 88, 99) => true,      // relays of 6to4
        (198, 18 | 19, _) => true,  // benchmarks
        (198, 51, 100) => true,     // documentation
        (203, 0, 113) => true,      // documentation
        _ => false,
    };
    !special
}

fn v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = s {
        // NAT64 (RFC 6052): what it stands for decides.
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        return v4(Ipv4Addr::new(a, b, c, d));
    }
    // Only 2000::/3 is global unicast: this leaves out ::, ::1, mapped and compatible IPv4, fc00::/7, fe80::/10, ff00::/8.
    let global = s[0] & 0xe000 == 0x2000;
    let special = match (s[0], s[1]) {
        (0x2001, 0..0x200) => true,  // protocol assignments: Teredo, ORCHID, benchmarks
        (0x2001, 0xdb8) => true,     // documentation
        (0x2002, _) => true,         // 6to4: an IPv4 address in disguise
        (0x3fff, 0..0x1000) => true, // documentation
        _ => false,
    };
    global && !special
}
