//! Who is measured: the mock directly, Weir, and its peers.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::peers::{self, Peer};
use crate::weir::{self, Weir};

/// The choice of the command line.
#[derive(clap::Args, Debug, Clone)]
pub(crate) struct SubjectChoice {
    /// Of direct (the mock without a gateway), weir (without plugins), plugins (with the chain), guided and
    /// guided-plugins (the same two from benches/guided/build, left out if that has not been run); or none [default:
    /// direct,plugins,guided-plugins for the ladder, all of them for compare]
    #[arg(long, value_delimiter = ',')]
    pub(crate) subjects: Option<Vec<Ours>>,
    /// Gateways to measure beside them, by name as in `nginx,nginx+lua`; or all, or none [default: nginx for the
    /// ladder, all for compare]
    #[arg(long, value_delimiter = ',')]
    pub(crate) peers: Option<Vec<String>>,
    /// One more, by command line: name=…,command=…,url=…,key=…,model=…,header=NAME:VALUE, where `{port}`, `{upstream}`
    /// (the mock's address) and `{folder}` are replaced; may be given several times
    #[arg(long = "peer")]
    pub(crate) given: Vec<String>,
    /// Where benches/peers/install.sh put what it installed
    #[arg(long, default_value = "target/peers")]
    pub(crate) tools: PathBuf,
    #[command(flatten)]
    pub(crate) weir: weir::WeirArgs,
}

impl SubjectChoice {
    /// Fits the choice to a run: where its scratch files go, and paths that hold wherever a gateway is started.
    pub(crate) fn prepare(&mut self, scratch: &Path) {
        self.weir.cache = scratch.join("compiled");
        // A folder that is not there is named as it was given.
        self.tools = self.tools.canonicalize().unwrap_or_else(|_| self.tools.clone());
    }
}

/// What needs no peer.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ours {
    /// The mock without a gateway
    Direct,
    /// Weir without plugins
    Weir,
    /// Weir with the chain
    Plugins,
    /// Weir from a guided build, without plugins
    Guided,
    /// Weir from a guided build, with the chain
    GuidedPlugins,
    /// Peers only
    None,
}

/// One that is measured.
pub(crate) enum Subject {
    Direct,
    /// The same again: what it "adds" is the noise that every other difference has to be read against.
    Again,
    Weir(Weir),
    Peer(Box<dyn Peer>),
}

/// One that was asked for and is not measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub(crate) name: String,
    pub(crate) why: String,
}

/// The subjects of a choice, in the order of the report, and the peers that cannot run here.
///
/// # Errors
/// Weir is not built; a name is unknown; a specification has a mistake.
pub(crate) fn chosen(choice: &SubjectChoice, ours: &[Ours], peers: &[&str]) -> Result<(Vec<Subject>, Vec<Skipped>)> {
    let (mut subjects, mut skipped) = (Vec::new(), Vec::new());
    for one in choice.subjects.as_deref().unwrap_or(ours) {
        let weir = match one {
            Ours::Direct => {
                subjects.extend([Subject::Direct, Subject::Again]);
                continue;
            }
            Ours::None => continue,
            Ours::Weir => Weir::bare(&choice.weir),
            Ours::Plugins => Weir::with_plugins(&choice.weir),
            Ours::Guided => Weir::bare(&choice.weir).guided(),
            Ours::GuidedPlugins => Weir::with_plugins(&choice.weir).guided(),
        };
        match weir.missing(&choice.tools) {
            None => subjects.push(Subject::Weir(weir)),
            Some(why) if weir.is_guided() => skipped.push(Skipped { name: weir.name().to_owned(), why }),
            Some(why) => bail!("{} cannot be measured: {why}", weir.name()),
        }
    }
    let named = choice.peers.clone().unwrap_or_else(|| peers.iter().map(|name| (*name).to_owned()).collect());
    let mut found = named_peers(&named, peers::known())?;
    for spec in &choice.given {
        found.push(peers::by_command_line(spec)?);
    }
    for peer in found {
        match peer.missing(&choice.tools) {
            Some(why) => skipped.push(Skipped { name: peer.name().to_owned(), why }),
            None => subjects.push(Subject::Peer(peer)),
        }
    }
    Ok((subjects, skipped))
}

fn named_peers(names: &[String], known: Vec<Box<dyn Peer>>) -> Result<Vec<Box<dyn Peer>>> {
    let plain = |name: &str| name.to_lowercase().replace([' ', '-', '_'], "");
    match names {
        [all] if plain(all) == "all" => return Ok(known),
        [none] if plain(none) == "none" => return Ok(Vec::new()),
        _ => {}
    }
    for name in names {
        if !known.iter().any(|peer| plain(peer.name()) == plain(name)) {
            let known: Vec<_> = known.iter().map(|peer| peer.name()).collect();
            bail!("--peers: `{name}` is not known; write all, none, or some of: {}", known.join(", "));
        }
    }
    Ok(known.into_iter().filter(|peer| names.iter().any(|name| plain(name) == plain(peer.name()))).collect())
}

impl Subject {
    pub(crate) fn name(&self) -> &str {
        match self.gateway() {
            Some(gateway) => gateway.name(),
            None if matches!(self, Self::Again) => "direct again",
            None => "direct",
        }
    }

    /// What is to be started; nothing for the mock itself.
    pub(crate) fn gateway(&self) -> Option<&dyn Peer> {
        match self {
            Self::Direct | Self::Again => None,
            Self::Weir(weir) => Some(weir),
            Self::Peer(peer) => Some(&**peer),
        }
    }

    pub(crate) fn is_weir(&self) -> bool {
        matches!(self, Self::Weir(_))
    }

    pub(crate) fn version(&self, tools: &Path) -> String {
        self.gateway().map_or_else(String::new, |gateway| gateway.version(tools))
    }
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Subject").field(&self.name()).finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Result<Vec<String>> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(named_peers(&names, peers::known())?.iter().map(|peer| peer.name().to_owned()).collect())
    }

    #[test]
    fn peers_are_named_without_regard_to_case_and_spaces_and_keep_their_order() {
        assert_eq!(names(&["haproxy", "NGINX+lua"]).unwrap(), ["nginx + Lua", "HAProxy"]);
        assert_eq!(names(&["all"]).unwrap().len(), peers::known().len());
        assert!(names(&["none"]).unwrap().is_empty());
        let error = names(&["nginx", "ngin"]).unwrap_err().to_string();
        assert!(error.contains("`ngin`") && error.contains("HAProxy"), "{error}");
    }

    #[test]
    fn a_gateway_that_is_not_built_is_an_error_and_a_peer_by_command_line_needs_nothing() {
        let none = std::path::PathBuf::from("/none");
        let weir = weir::WeirArgs {
            weir: none.clone(),
            guided: none.clone(),
            plugins: none.clone(),
            chain: vec![],
            cache: none,
        };
        let given = vec!["name=other,command=other {port}".to_owned()];
        let choice =
            SubjectChoice { subjects: None, peers: Some(vec!["none".to_owned()]), given, tools: "/none".into(), weir };
        let error = chosen(&choice, &[Ours::Weir], &[]).unwrap_err().to_string();
        assert!(error.contains("/none") && error.contains("--weir"), "{error}");
        let (subjects, skipped) = chosen(&choice, &[Ours::Direct], &[]).unwrap();
        let names: Vec<_> = subjects.iter().map(Subject::name).collect();
        assert_eq!((names, skipped), (vec!["direct", "direct again", "other"], vec![]));
    }
}
