use super::allowed;
use weir_config::Allowed;

fn entry(plain: bool, host: &str, port: u16, path: &str) -> Allowed {
    Allowed { plain, host: host.to_owned(), port, path: path.to_owned() }
}

fn rules() -> Vec<Allowed> {
    vec![
        entry(false, "policy.example.com", 443, ""),
        entry(false, "api.example.com", 8443, "/v1"),
        entry(true, "plain.example.com", 80, ""),
        entry(false, "[2606:4700::1111]", 443, ""),
        entry(false, "xn--mnchen-3ya.example", 443, ""),
        entry(true, "127.0.0.1", 8080, ""),
    ]
}

#[test]
fn what_is_allowed_goes_out_in_its_canonical_form() {
    let table = [
        ("https://policy.example.com", "https://policy.example.com/"),
        ("https://policy.example.com?q", "https://policy.example.com/?q"),
        ("HTTPS://Policy.EXAMPLE.com:443/A/b?C=%2f&d=..//", "https://policy.example.com/A/b?C=%2f&d=..//"),
        ("https://policy.example.com/a%20b/c;d/e.f/..g/h../", "https://policy.example.com/a%20b/c;d/e.f/..g/h../"),
        ("https://api.example.com:8443/v1", "https://api.example.com:8443/v1"),
        ("https://api.example.com:8443/v1/", "https://api.example.com:8443/v1/"),
        ("https://api.example.com:8443/v1/x?y", "https://api.example.com:8443/v1/x?y"),
        ("http://plain.example.com:80/", "http://plain.example.com/"),
        ("https://[2606:4700:0:0::1111]/", "https://[2606:4700::1111]/"),
        ("https://XN--mnchen-3ya.example/", "https://xn--mnchen-3ya.example/"),
        ("http://127.0.0.1:08080/", "http://127.0.0.1:8080/"),
        ("https://Policy.Example.com./a", "https://policy.example.com/a"),
    ];
    for (url, wanted) in table {
        assert_eq!(allowed(url, &rules()).map(|uri| uri.to_string()), Ok(wanted.to_owned()), "{url}");
    }
}

#[test]
fn other_origins_and_paths_are_not_allowed() {
    let table = [
        "http://policy.example.com/",
        "https://policy.example.com:8443/",
        "https://policy.example.com:80/",
        "https://a.policy.example.com/",
        "https://policy.example.com.evil.example/",
        "https://evil.example/policy.example.com",
        "https://api.example.com/v1/",
        "https://api.example.com:8443/",
        "https://api.example.com:8443/v10",
        "https://api.example.com:8443/v1.0",
        "https://api.example.com:8443/V1/",
        "https://api.example.com:8443/%761/",
        "https://api.example.com:8443/v2/v1/",
        "https://api.example.com:8443/?/v1/",
        "https://[2606:4700::1112]/",
        "https://plain.example.com/",
        "http://127.1:8080/",
        "http://2130706433:8080/",
        "http://0x7f.0.0.1:8080/",
        "http://0177.0.0.1:8080/",
        "http://[::ffff:127.0.0.1]:8080/",
        "http://localhost:8080/",
    ];
    for url in table {
        let said = allowed(url, &rules()).unwrap_err();
        assert!(said.contains("not allowed") || said.contains("host or port is not one"), "{url}: {said}");
    }
    assert!(allowed("https://policy.example.com/", &[]).is_err());
}

#[test]
fn what_can_be_read_in_two_ways_leads_nowhere() {
    let below = |path: &str| format!("https://api.example.com:8443/v1{path}");
    let paths = [
        "/../v2",
        "/..",
        "/.",
        "/./x",
        "/a/../../v2",
        "/%2e%2e/v2",
        "/%2E%2e/v2",
        "/.%2e/v2",
        "/%2e/x",
        "//v2",
        "/a//b",
        "/..%2fv2",
        "/%2Fv2",
        "/..%5cv2",
        "/%5C..",
        "/%252e%252e/v2",
        "/%252fv2",
        "/%255c",
        "/..;/v2",
        "/..;a=b/v2",
        "/%2e%2e;x/v2",
        "/..%3b/v2",
        "/.;/",
        "/%00",
        "/a%",
        "/a%2",
        "/a%zz",
        "/%u002e",
    ];
    for path in paths {
        let said = allowed(&below(path), &rules()).unwrap_err();
        assert!(said.contains("not read alike"), "{path}: {said}");
    }
    for path in ["/..\\v2", "\\..\\v2", "/\\/v2", "/a b", "/a\tb", "/a\r\nHost: evil", "/a\nb", "/\0", "/a\u{7f}"] {
        let said = allowed(&below(path), &rules()).unwrap_err();
        assert!(said.contains("backslash"), "{path:?}: {said}");
    }
}

#[test]
fn what_is_no_plain_url_is_refused() {
    let table = [
        "",
        "/v1",
        "policy.example.com",
        "//policy.example.com/",
        "ftp://policy.example.com/",
        "file:///etc/passwd",
        "https:policy.example.com",
        "https:///policy.example.com",
        "https://",
        "https://user@policy.example.com/",
        "https://user:password@policy.example.com/",
        "https://policy.example.com@evil.example/",
        "https://evil.example@policy.example.com/",
        "https://policy.example.com:443@evil.example/",
        "https://policy.example.com#@evil.example/",
        "https://policy.example.com/#fragment",
        "https://policy.example.com:/",
        "https://policy.example.com:0/",
        "https://policy.example.com:65979/",
        "https://policy.example.com:+443/",
        "https://[policy.example.com]/",
        "https://[::1/",
        "https://policy%2eexample.com/",
        "https://münchen.example/",
        "https://policy。example.com/",
        " https://policy.example.com/",
        "https://policy.example.com/\n",
    ];
    for url in table {
        assert!(allowed(url, &rules()).is_err(), "{url}");
    }
    assert!(allowed(&format!("https://policy.example.com/{}", "a".repeat(8192)), &rules()).is_err());
}
