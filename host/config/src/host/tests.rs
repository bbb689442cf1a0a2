use super::*;

#[test]
fn every_spelling_of_a_host_is_read_as_one() {
    for (spellings, wanted, is_loopback) in [
        (&["localhost", "LOCALHOST", "localhost.", "LocalHost."][..], "localhost", true),
        (&["a.localhost", "A.LocalHost."], "a.localhost", true),
        (&["policy.example.com", "Policy.Example.COM", "policy.example.com."], "policy.example.com", false),
        (&["127.0.0.1"], "127.0.0.1", true),
        (&["[::1]", "[0:0:0:0:0:0:0:1]", "[0::0001]"], "[::1]", true),
        (&["[::ffff:127.0.0.1]", "[::FFFF:7f00:1]"], "[::ffff:127.0.0.1]", true),
        (&["[2001:DB8::1]", "[2001:db8:0:0::1]"], "[2001:db8::1]", false),
        (&["10.0.0.8"], "10.0.0.8", false),
        (&["xn--bcher-kva.example"], "xn--bcher-kva.example", false),
        (&["localhost.example"], "localhost.example", false),
        (&["notlocalhost"], "notlocalhost", false),
    ] {
        for spelling in spellings {
            let host = Hostname::read(spelling).unwrap_or_else(|why| panic!("{spelling}: {why}"));
            assert_eq!((host.text.as_str(), host.is_loopback), (wanted, is_loopback), "{spelling}");
            assert_eq!(Hostname::read(&host.text).unwrap(), host, "read again it is the same");
        }
    }
}

#[test]
fn what_is_not_read_alike_everywhere_is_no_host() {
    let long = format!("{}.example", "a".repeat(64));
    let whole = vec!["a".repeat(60); 5].join(".");
    for bad in [
        "2130706433",
        "0x7f000001",
        "0x7F.1",
        "127.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "1.2.3.4.5",
        "256.0.0.1",
        "0x",
        "a.0x",
        "localhost..",
        "..",
        ".",
        ".a",
        "a..b",
        "[::1",
        "::1",
        "[::1%25lo]",
        "[::1%lo]",
        "[]",
        "[127.0.0.1]",
        "a b",
        "a%2eb",
        "ä.example",
        "a/b",
        "a:1",
        "user@a",
        &long,
        &whole,
    ] {
        assert_eq!(Hostname::read(bad), Err(HostFault::Bad), "{bad}");
    }
    assert_eq!(Hostname::read(""), Err(HostFault::Missing));
}
