use std::net::TcpListener;

use super::*;

#[test]
fn readiness_is_the_status_of_the_admin_listener() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        for status in ["503 Service Unavailable", "200 OK"] {
            let (mut socket, _) = listener.accept().unwrap();
            let mut head = [0; 9];
            socket.read_exact(&mut head).unwrap();
            assert_eq!(&head, b"GET /read");
            write!(socket, "HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").unwrap();
            // Read what is left, so that closing sends no reset over the answer.
            socket.shutdown(std::net::Shutdown::Write).unwrap();
            let _rest = socket.read_to_end(&mut Vec::new());
        }
    });
    assert_eq!(readiness(&admin).unwrap(), 503);
    wait_until_ready(&admin).unwrap();
    server.join().unwrap();
}

#[test]
fn the_configuration_binds_every_plugin_of_the_chain_to_the_tenant() {
    let mocks = [1, 2, 3].map(|port| format!("http://127.0.0.1:{port}"));
    let chain = ["one".to_owned(), "two".to_owned()];
    let folder = Path::new("/f");
    let setup = Setup { program: folder, plugins: folder, workers: 2, mocks: &mocks, folder, chain: &chain };
    let text = config(&setup, Path::new("/p"), &key::generate("bench").unwrap().hash_line(PEPPER.as_bytes()));
    let loaded = weir_config::parse(&text, Path::new("/f/weir.toml"), &|_| None, &weir_config::Overrides::default());
    let config = loaded.map_err(|problems| problems.to_string()).unwrap().config;
    let bound: Vec<_> = config.plugins.chain.iter().map(|binding| (&*binding.plugin, &*binding.tenants)).collect();
    let tenants = vec!["bench".to_owned()];
    assert_eq!(bound, [("one", &*tenants), ("two", &*tenants)]);
    assert_eq!(config.models.len(), 3);
    assert_eq!(config.tenants.first().unwrap().keys.len(), 1);
}
