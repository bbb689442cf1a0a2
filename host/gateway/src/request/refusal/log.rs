//! How a refusal is told to the operator.

use super::Refusal;
use super::table::Blame;
use crate::request::request_id::RequestId;
use std::time::Instant;
use weir_series::RareLine;

impl Refusal {
    /// Writes the line that the table's blame asks for. What a client does wrong is no news to an operator.
    pub(crate) fn log(&self, request: &RequestId, tenant: &str) {
        let (request, client_request) = (request.as_str(), request.clients());
        let info = self.info();
        let (code, status) = (info.code, info.status.as_u16());
        // Clients and plugins have a hand in the text: on one line, and without anything that a terminal obeys.
        let why = self.to_string().replace(char::is_control, " ");
        match info.blame {
            Blame::Client | Blame::Tenant => {
                tracing::debug!(target: "weir::refusal", request, client_request, tenant, code, status, "refused: {why}");
            }
            // The sandbox has said how the plugin faulted, and bounds how often that is said.
            Blame::Plugin if matches!(self, Self::PluginFailed { .. }) => {
                tracing::debug!(target: "weir::refusal", request, client_request, tenant, code, status, "refused: {why}");
            }
            // A plugin can spoil every request that it sees.
            Blame::Plugin => {
                static SPOILT: RareLine = RareLine::new();
                if let Some(times) = SPOILT.now(Instant::now()) {
                    tracing::warn!(target: "weir::refusal", request, client_request, tenant, code, status, times, "refused: {why}");
                }
            }
            Blame::Upstream => {
                tracing::warn!(target: "weir::refusal", request, client_request, tenant, code, status, "refused: {why}");
            }
            // A gateway that sheds load, or ends, is at work: one line for each would be one more flood.
            Blame::Gateway if self.is_shed() => {
                tracing::debug!(target: "weir::refusal", request, client_request, tenant, code, status, "refused: {why}");
            }
            Blame::Gateway => {
                tracing::error!(target: "weir::refusal", request, client_request, tenant, code, status, "refused: {why}")
            }
        }
    }

    /// Whether the request was turned away for what the gateway has to do beside it.
    fn is_shed(&self) -> bool {
        matches!(self, Self::Overloaded | Self::ShuttingDown | Self::RequestMemory | Self::ResponseMemory)
    }
}
