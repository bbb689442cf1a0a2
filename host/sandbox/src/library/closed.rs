//! Who is not served, for something that is meant to apply to them cannot be had. A tenant begins to be served with all that
//! applies to it, and is closed until then: nobody can tell whether what does not load is a guard. Once it is served, a file
//! that does not load changes nothing, for the last good versions of all that ever applied serve on.

use super::{Library, LoadProblem};
use crate::error::LoadError;
use crate::source::{PluginSource, TENANTS};
use std::collections::BTreeMap;
use std::sync::Arc;
use weir_config::Config;

/// Problems of one tenant's files that are named one by one: whoever writes that folder does not fill the log.
const NAMED: usize = 16;

impl Library {
    /// The tenants that are closed, in the order of the configuration. Says of each problem whether it is one of the reasons,
    /// and leaves no more of them than an operator reads.
    pub(super) fn closed(&self, config: &Config, problems: &mut Vec<LoadProblem>) -> Vec<Arc<str>> {
        let is_served = |tenant: &str| self.current.of_tenant(tenant).is_some_and(|chains| !chains.is_closed());
        // What was good and may not serve any more leaves a gap in what is served.
        let leaves_gap = |problem: &LoadProblem| self.outgrown.contains(&problem.source);
        let is_closed = |tenant: &str| {
            let mut missed = problems.iter().filter(|problem| problem.is_missed_by(tenant));
            if is_served(tenant) { missed.any(leaves_gap) } else { missed.next().is_some() }
        };
        let names = config.tenants.iter().map(|tenant| tenant.name.as_str());
        let closed: Vec<Arc<str>> = names.filter(|tenant| is_closed(tenant)).map(Arc::from).collect();
        for problem in problems.iter_mut() {
            problem.closes = closed.iter().any(|tenant| problem.is_missed_by(tenant));
        }
        abridge(problems);
        closed
    }
}

/// Leaves so many problems of each tenant's files, and one that counts the others.
fn abridge(problems: &mut Vec<LoadProblem>) {
    let mut seen: BTreeMap<String, (usize, bool)> = BTreeMap::new();
    problems.retain(|problem| {
        // What is compiled, or tried out, is no problem of anybody's, and somebody waits for it.
        let PluginSource::Tenant(tenant, _) = &problem.source else { return true };
        if problem.error.is_pending() {
            return true;
        }
        let (count, closes) = seen.entry(tenant.clone()).or_default();
        *count += 1;
        *closes |= problem.closes;
        *count <= NAMED
    });
    for (tenant, (count, closes)) in seen.into_iter().filter(|(_, (count, _))| *count > NAMED) {
        let error = LoadError::More { count: count - NAMED };
        let more = LoadProblem::new(PluginSource::Folder(format!("{TENANTS}/{tenant}")), error, true, true);
        problems.push(LoadProblem { closes, ..more });
    }
}
