//! Method, headers and body of a callout: valid, bounded, and none of the host's own.

use crate::framing::FRAMING;
use crate::host::host_fn::ComponentCaller;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use wasmtime::component::{ComponentType, Lift, WasmList, WasmStr};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// `callouts.outgoing`, left in the guest's memory until it is known to be of valid size.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(super) struct OutgoingCallout {
    pub(super) method: WasmStr,
    pub(super) url: WasmStr,
    pub(super) headers: WasmList<(WasmStr, WasmStr)>,
    pub(super) body: WasmList<u8>,
    #[component(name = "timeout-ms")]
    pub(super) timeout_ms: u32,
}

const METHODS: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// Headers of a callout, and the bytes of their names and values.
const HEADERS: usize = 100;
const HEADER_BYTES: usize = 64 << 10;
/// Bytes of its body.
const BODY: usize = 1 << 20;

/// Headers for a proxy on the way: there is none. Nor may a plugin set those that frame the message.
const PROXYS: [&str; 2] = ["proxy-authorization", "proxy-authenticate"];

/// The request without its URL, or why it is not valid. Nothing is copied before its size is known.
pub(super) fn read(
    caller: &mut ComponentCaller<'_>,
    outgoing: &OutgoingCallout,
) -> wasmtime::Result<Result<Request<Bytes>, String>> {
    let Some(method) = method(&outgoing.method.to_str(&*caller)?) else {
        return Ok(Err("the method is none of GET, HEAD, POST, PUT, PATCH and DELETE".to_owned()));
    };
    if outgoing.headers.len() > HEADERS {
        return Ok(Err(format!("more than {HEADERS} headers")));
    }
    if outgoing.body.len() > BODY {
        return Ok(Err(format!("a body of more than {BODY} bytes")));
    }
    let pairs = outgoing.headers.iter(&mut *caller)?.collect::<wasmtime::Result<Vec<_>>>()?;
    let mut headers = Headers::default();
    for (name, value) in &pairs {
        let added = headers.add(&name.to_str(&*caller)?, &value.to_str(&*caller)?);
        if let Err(why) = added {
            return Ok(Err(why));
        }
    }
    let body = Bytes::copy_from_slice(outgoing.body.as_le_slice(&*caller));
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.headers_mut() = headers.map;
    Ok(Ok(request))
}

fn method(name: &str) -> Option<Method> {
    METHODS.into_iter().find(|method| method.as_str() == name)
}

#[derive(Default)]
struct Headers {
    map: HeaderMap,
    bytes: usize,
}

impl Headers {
    fn add(&mut self, name: &str, value: &str) -> Result<(), String> {
        self.bytes = self.bytes.saturating_add(name.len()).saturating_add(value.len());
        if self.bytes > HEADER_BYTES {
            return Err(format!("headers of more than {HEADER_BYTES} bytes"));
        }
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "a header's name is not one".to_owned())?;
        if FRAMING.contains(&name.as_str()) || PROXYS.contains(&name.as_str()) {
            return Err(format!("the header `{name}` is the gateway's own"));
        }
        let Ok(value) = HeaderValue::from_str(value) else {
            return Err(format!("the value of `{name}` is not one that a header can have"));
        };
        self.map.try_append(name, value).map(|_| ()).map_err(|why| why.to_string())
    }
}
