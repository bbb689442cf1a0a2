//! What the ledger keeps of a refusal.

use super::Refusal;
use weir_ledger::EndReason;

impl Refusal {
    /// The reason that the ledger keeps for it after money may have been spent.
    pub(crate) fn ledger_reason(&self) -> EndReason {
        match self {
            Self::PluginRefused { .. } | Self::PluginFailed { .. } | Self::PluginBroke(_) => EndReason::PluginRefused,
            Self::Invalid(_)
            | Self::NotFound
            | Self::MethodNotAllowed(_)
            | Self::Loop
            | Self::Denied(_)
            | Self::NotSigned(_)
            | Self::TenantClosed
            | Self::EncodedBody(_)
            | Self::Mislabelled(_)
            | Self::BodyInflated(_)
            | Self::BodyTooLarge(_)
            | Self::BodyTimeout(_)
            | Self::BodyBroken
            | Self::BodyCut(_)
            | Self::Unreadable(_)
            | Self::ModelNotFound(_)
            | Self::UnknownResponse { .. }
            | Self::Unshown { .. }
            | Self::UnsupportedField { .. }
            | Self::UnsupportedOperation { .. }
            | Self::Untranslated { .. }
            | Self::UpstreamUnshown { .. }
            | Self::UpstreamBusy { .. }
            | Self::UpstreamUnreachable { .. }
            | Self::UpstreamTimeout { .. }
            | Self::UpstreamStatus { .. }
            | Self::UpstreamAuth { .. }
            | Self::UpstreamNoAnswer { .. }
            | Self::UpstreamBroken { .. }
            | Self::UpstreamTooLarge { .. }
            | Self::UpstreamEncoded { .. } => EndReason::UpstreamFailed,
            Self::Overloaded | Self::ShuttingDown | Self::RequestMemory | Self::ResponseMemory | Self::Internal => {
                EndReason::GatewayFailed
            }
        }
    }
}
