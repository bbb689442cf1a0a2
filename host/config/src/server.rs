//! `[server]`: where Weir listens and how it runs.

use std::net::SocketAddr;
use std::time::Duration;

use crate::Overrides;
use crate::keys::{ConfigKey, CountKey, FlagKey, TimeKey, keys};
use crate::listen::listen_address;
use crate::table::ConfigTable;
use crate::told::ToldTable;
use crate::units::LONGEST;
use crate::value::ConfigValue;

keys! {
    /// `[server]`: where Weir listens and how it runs.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Server(table, overrides: &Overrides), with defaults {
        /// Where clients connect; 127.0.0.1:8080 by default. Port 0 lets the system choose one.
        pub listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)) => "listen" AddressKey(overrides.listen);
        /// Where metrics, health and the admin API are; 127.0.0.1:9090 by default, and always on loopback.
        pub admin: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9090)) => "admin" AddressKey(overrides.admin);
        /// Worker threads, 0 to 1,024; 0, the default, is one per core.
        pub workers: usize = 0 => "workers" CountKey(0..=1_024);
        /// How long requests in flight may take to end after Weir was told to stop; 30 s by default, 0 to 24 h.
        pub drain: Duration = Duration::from_secs(30) => "drain" TimeKey(Duration::ZERO..=LONGEST);
        /// What this gateway calls itself in `Via`, by which it knows a request that comes back to it; `weir` by default.
        pub name: String = "weir".to_owned() => "name" PseudonymKey();
        /// Whether a proxy that can be trusted speaks TLS with the clients, so that requests for `https` resources are
        /// meant for this gateway (RFC 9110 section 7.4); false by default.
        pub behind_tls: bool = false => "behind_tls" FlagKey();
        /// Whether answers say in `x-weir-generation` which generation of plugins served them; false by default.
        pub debug_headers: bool = false => "debug_headers" FlagKey();
        /// Whether the system may back the heap with pages of 2 MiB; false by default: they take some CPU off a busy gateway,
        /// and cost tens of MiB.
        pub huge_pages: bool = false => "huge_pages" FlagKey();
    }
}

impl Server {
    pub(crate) fn read(table: ConfigTable<'_>, overrides: &Overrides) -> Self {
        let server = Self::of(&table, overrides);
        let admin_at = table.at_of("admin");
        let blame = |option: Option<&str>, what: String, fix: &str| match option {
            Some(option) => table.source.problem_of_option(option, what, fix),
            None => table.source.problem(&admin_at, what, fix),
        };
        let admin_option = overrides.admin.map(|_| "--admin");
        if !server.admin.ip().is_loopback() {
            let what =
                format!("the admin listener asks for no token yet, and {} can be reached by others", server.admin);
            blame(admin_option, what, "use a loopback address such as \"127.0.0.1:9090\"");
        }
        if server.listen == server.admin && server.listen.port() != 0 {
            let fix = "give the two listeners different ports";
            match (admin_option, overrides.listen) {
                (None, Some(listen)) => blame(Some("--listen"), format!("{listen} is also server.admin"), fix),
                (option, _) => blame(option, format!("{} is also server.listen", server.admin), fix),
            }
        }
        table.finish();
        server
    }
}

/// An address to listen on, unless the command line names another one.
struct AddressKey(Option<SocketAddr>);

impl ConfigKey<SocketAddr> for AddressKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: SocketAddr) -> SocketAddr {
        // What stands in the file is checked even where the command line has its way.
        let written = table.value(key).and_then(|value| address(&value));
        self.0.or(written).unwrap_or(default)
    }

    fn tell(value: &SocketAddr, key: &str, told: &mut ToldTable) {
        told.open(key, value);
    }
}

fn address(value: &ConfigValue<'_>) -> Option<SocketAddr> {
    if let Some(port) = value.toml.as_integer() {
        let fix = listen_address(port.as_str()).err().unwrap_or_default();
        value.problem("is an integer, and a string is due", fix);
        return None;
    }
    let text = value.text()?;
    // What the environment holds is not repeated.
    let general = || "give an IP address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"".to_owned();
    let address = listen_address(&text.value).map_err(|fix| if text.is_as_written() { fix } else { general() });
    address.inspect_err(|fix| value.problem(format!("{} is not an address to listen on", text.quote()), fix)).ok()
}

/// A name that can stand in `Via` (RFC 9110 section 7.6.3).
struct PseudonymKey();

impl ConfigKey<String> for PseudonymKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: String) -> String {
        table.value(key).and_then(|value| pseudonym(&value)).unwrap_or(default)
    }

    fn tell(value: &String, key: &str, told: &mut ToldTable) {
        told.open(key, value);
    }
}

fn pseudonym(value: &ConfigValue<'_>) -> Option<String> {
    let text = value.text()?;
    if (1..=64).contains(&text.value.len()) && text.value.bytes().all(crate::tokens::is_token) {
        return Some(text.value);
    }
    value.problem(
        format!("{} is not a name for `Via`", text.quote()),
        "use 1 to 64 letters, digits and `-`, such as \"weir-europe\"",
    );
    None
}
