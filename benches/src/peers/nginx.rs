//! nginx: as a plain reverse proxy, and with the Lua module doing a gateway's work.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::launch::{self, KEY, Launch, MODEL, UPSTREAM_KEY};
use super::{Peer, PeerSetup, Up, program};

const CONFIG: &str = include_str!("../../peers/nginx/nginx.conf");
const LUA_HTTP: &str = include_str!("../../peers/nginx/lua-http.conf");
const LUA_LOCATION: &str = include_str!("../../peers/nginx/lua-location.conf");
const LUA_SERVER: &str = include_str!("../../peers/nginx/lua-server.conf");
const GATEWAY: &str = include_str!("../../peers/nginx/gateway.lua");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nginx {
    Plain,
    Lua,
}

impl Peer for Nginx {
    fn name(&self) -> &str {
        match self {
            Self::Plain => "nginx",
            Self::Lua => "nginx + Lua",
        }
    }

    fn does(&self) -> &str {
        match self {
            Self::Plain => "forwards",
            Self::Lua => "key check, rate limit, JSON parse, header mutation, usage metering",
        }
    }

    fn settings(&self) -> &str {
        match self {
            Self::Plain => {
                "one worker process per core with a listener each (reuseport), HTTP/1.1 and up to 1,024 idle \
                 connections per worker to the upstream, connections kept open without a limit of requests, \
                 proxy_buffering off as streams need it, no access log"
            }
            Self::Lua => {
                "as nginx, with LuaJIT, lua-resty-core and the code cache on: keys by SHA-1 in a table, a counter per \
                 key and minute in a shared dict, the body read and parsed by cjson, usage read from the reply"
            }
        }
    }

    fn missing(&self, _tools: &Path) -> Option<String> {
        if nginx().is_none() {
            return Some("nginx is not on PATH (apt-get install nginx-extras)".to_owned());
        }
        if *self == Self::Plain {
            return None;
        }
        if modules().is_none() {
            return Some("nginx's Lua module is not there (apt-get install nginx-extras)".to_owned());
        }
        cjson().is_none().then(|| "the Lua module cjson is not there (apt-get install lua-cjson)".to_owned())
    }

    fn version(&self, _tools: &Path) -> String {
        nginx().map_or_else(|| "unknown".to_owned(), |nginx| program::version(Command::new(nginx).arg("-v")))
    }

    fn start(&self, setup: &PeerSetup<'_>) -> Result<Up> {
        let nginx = nginx().context("nginx is not on PATH")?;
        let port = launch::free_port()?;
        let (http, server, location) = match self {
            Self::Plain => ("", "", ""),
            Self::Lua => (LUA_HTTP, LUA_SERVER, LUA_LOCATION),
        };
        let modules = if *self == Self::Lua { modules() } else { None }.unwrap_or_default();
        let folder = setup.folder.to_string_lossy();
        let cjson = cjson().unwrap_or_default();
        let words = [
            // First those that hold words themselves.
            ("lua_http", http),
            ("lua_server", server),
            ("lua_location", location),
            ("modules", &modules),
            ("folder", &folder),
            ("cjson", &cjson.to_string_lossy()),
            ("cores", &setup.cores.to_string()),
            ("port", &port.to_string()),
            ("upstream", &setup.upstream.to_string()),
        ];
        let config = launch::write(setup.folder, "nginx.conf", CONFIG, &words)?;
        if *self == Self::Lua {
            let words = [("key", KEY), ("upstream_key", UPSTREAM_KEY), ("model", MODEL)];
            launch::write(setup.folder, "gateway.lua", GATEWAY, &words)?;
        }
        let mut command = Command::new(nginx);
        command.arg("-p").arg(setup.folder).arg("-c").arg(config).args(["-e", "stderr"]);
        let mut launch = Launch::new(self.name(), command, port);
        launch.key = (*self == Self::Lua).then(|| KEY.to_owned());
        launch.up(setup)
    }
}

fn nginx() -> Option<PathBuf> {
    program::on_path("nginx")
}

/// The lines that load the Lua module and what it needs.
fn modules() -> Option<String> {
    let folders = ["/usr/lib/nginx/modules", "/usr/share/nginx/modules", "/usr/lib64/nginx/modules"];
    let module = |name: &str| program::file(&folders.map(|folder| Path::new(folder).join(name)));
    let lua = module("ngx_http_lua_module.so")?;
    let kit = module("ndk_http_module.so");
    let lines = kit.into_iter().chain([lua]).map(|path| format!("load_module {};\n", path.display()));
    Some(lines.collect())
}

/// The folder of Lua 5.1's compiled cjson, which LuaJIT loads.
fn cjson() -> Option<PathBuf> {
    const REST: &str = "lua/5.1/cjson.so";
    let file = program::below(Path::new("/usr/lib"), REST)
        .or_else(|| program::file(&["/usr/lib", "/usr/local/lib"].map(|folder| Path::new(folder).join(REST))))?;
    file.parent().map(Path::to_path_buf)
}
