use serde_json::{Value, json};

use super::read;

fn file() -> Value {
    json!({
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "k1",
        "private_key": "-----BEGIN PRIVATE KEY-----\nczNjcmV0\n-----END PRIVATE KEY-----\n",
        "client_email": "weir@p.example",
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com"
    })
}

#[test]
fn a_key_file_is_read_as_google_makes_it() {
    let account = read(&file().to_string()).unwrap();
    assert_eq!((&*account.email, account.project.as_deref()), ("weir@p.example", Some("p")));
    assert_eq!((account.key_id.as_deref(), &*account.token_uri), (Some("k1"), "https://oauth2.googleapis.com/token"));
    let said = format!("{account:?}");
    assert!(!said.contains("czNjcmV0") && !said.contains("weir@"), "{said}");
    let mut short = file();
    for optional in ["project_id", "private_key_id", "token_uri"] {
        short.as_object_mut().unwrap().remove(optional);
    }
    let account = read(&short.to_string()).unwrap();
    assert_eq!((account.project, account.key_id), (None, None));
    assert_eq!(account.token_uri, "https://oauth2.googleapis.com/token");
}

#[test]
fn what_is_no_key_file_is_refused_without_a_word_of_it() {
    let with = |name: &str, value: Value| {
        let mut file = file();
        file[name] = value;
        file.to_string()
    };
    for (text, wanted) in [
        ("s3cret".to_owned(), "is no JSON"),
        ("{\"type\":\"service_account\",\"private_key\":7}".to_owned(), "is no JSON"),
        ("{}".to_owned(), "is no JSON"),
        (with("type", json!("authorized_user")), "another type"),
        (with("client_email", json!("")), "no `client_email`"),
        (with("private_key", json!("s3cret")), "no `private_key`"),
        (
            with("private_key", json!("-----BEGIN CERTIFICATE-----\nczNjcmV0\n-----END CERTIFICATE-----\n")),
            "no `private_key`",
        ),
        (with("token_uri", json!("s3cret")), "has a `token_uri` that is not an http"),
        (with("token_uri", json!("http://tokens.example/")), "neither https:// nor"),
    ] {
        let said = read(&text).unwrap_err();
        assert!(said.contains(wanted) && !said.contains("s3cret"), "{text}: {said}");
    }
    assert!(read(&with("token_uri", json!("http://127.0.0.1:1/token"))).is_ok());
}
