//! The way out for plugins: what the sandbox allows, sent by the crate that dials.

use bytes::Bytes;
use http::Request;
use std::sync::Arc;
use std::time::Duration;
use weir_config::Callouts;
use weir_sandbox::{CalloutClient, CalloutFuture, CalloutOpener, EgressFailure};
use weir_upstream::EgressError;

/// Opens a way out for each plugin that may call out.
#[derive(Debug)]
pub(crate) struct CalloutConnector;

#[derive(Debug)]
struct Out(weir_upstream::Egress);

impl CalloutOpener for CalloutConnector {
    fn open(&self, rules: &Callouts) -> Result<Arc<dyn CalloutClient>, String> {
        let out = weir_upstream::Egress::new(rules.private, rules.ca_file.as_ref());
        Ok(Arc::new(Out(out.map_err(|error| error.to_string())?)))
    }
}

impl CalloutClient for Out {
    fn send(&self, request: Request<Bytes>, most: usize, within: Duration) -> CalloutFuture<'_> {
        Box::pin(async move { self.0.send(request, most, within).await.map_err(failure) })
    }
}

fn failure(error: EgressError) -> EgressFailure {
    match error {
        EgressError::NotPublic | EgressError::BadTarget => EgressFailure::Denied(error.to_string()),
        EgressError::Timeout => EgressFailure::Timeout,
        EgressError::TooLarge => EgressFailure::TooLarge,
        EgressError::Unresolved(_) | EgressError::Connect(_) | EgressError::Tls(_) | EgressError::Broken(_) => {
            EgressFailure::Failed(error.to_string())
        }
    }
}
