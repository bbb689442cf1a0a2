//! `upstream`: who is asked.

use super::super::state::call;

pub(crate) fn provider() -> String {
    call(|state| state.provider.clone()).unwrap_or_default()
}

pub(crate) fn model() -> String {
    call(|state| state.upstream_model.clone()).unwrap_or_default()
}
