use super::{Egress, EgressError, Target, vet};
use bytes::Bytes;
use http::{Request, Uri};
use std::net::SocketAddr;
use std::time::Duration;

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn of_mixed_addresses_only_the_public_ones_are_left() {
    let found = ["10.0.0.1:443", "1.1.1.1:443", "[::1]:443", "[2606:4700::1111]:443"];
    let public = addresses(&["1.1.1.1:443", "[2606:4700::1111]:443"]);
    assert_eq!(vet(addresses(&found), false), Ok(public));
    assert_eq!(vet(addresses(&found), true), Ok(addresses(&found)));
    assert_eq!(vet(addresses(&["169.254.169.254:80", "[::ffff:127.0.0.1]:80"]), false), Err(EgressError::NotPublic));
}

#[test]
fn a_target_has_host_port_and_path() {
    let target = |uri: &str| {
        let target = Target::of(&uri.parse::<Uri>().unwrap()).ok()?;
        let header = target.host_header.to_str().unwrap().to_owned();
        Some((target.tls, target.host, target.port, header, target.path.to_string()))
    };
    let is = |tls, host: &str, port, header: &str, path: &str| {
        Some((tls, host.to_owned(), port, header.to_owned(), path.to_owned()))
    };
    assert_eq!(target("https://a.example/b?c"), is(true, "a.example", 443, "a.example", "/b?c"));
    assert_eq!(target("http://a.example"), is(false, "a.example", 80, "a.example", "/"));
    assert_eq!(target("http://[::1]:8080/"), is(false, "::1", 8080, "[::1]:8080", "/"));
    assert_eq!(target("ftp://a.example/"), None);
    assert_eq!(target("/b"), None);
}

#[tokio::test]
async fn this_machine_is_not_called_by_name_or_address() {
    let egress = Egress::new(false, None).unwrap();
    for uri in ["http://localhost:1/", "http://127.0.0.1:1/", "http://[::1]:1/", "https://[::ffff:7f00:1]/"] {
        let request = Request::get(uri).body(Bytes::new()).unwrap();
        let answer = egress.send(request, 1, Duration::from_secs(30)).await;
        assert_eq!(answer.map(|_| ()), Err(EgressError::NotPublic), "{uri}");
    }
}
