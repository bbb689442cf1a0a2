//! Signed plugins in time: an older version that is put back, whatever its signature says, is no update.

use crate::support;

use crate::guest::policies::{code, good, refusing, told};
use crate::guest::signing::{Author, CHAIN, REQUIRED, trusting};
use crate::support::upstream::Upstream;
use crate::support::{ACME, Gateway, until};
use std::fs;
use std::process::Command;

fn serves(gateway: &Gateway, wanted: &str) {
    until(&format!("{wanted:?} serves"), || (code(gateway, ACME) == wanted).then_some(()));
}

#[test]
fn an_older_version_than_has_served_is_refused_also_after_a_restart_unless_it_is_allowed() {
    let (own, upstream) = (Author::new(), Upstream::chat());
    let folder = tempfile::tempdir().unwrap();
    let (file, plugins) = (folder.path().join("weir.toml"), folder.path().join("plugins"));
    fs::create_dir(&plugins).unwrap();
    let written = |more: &str| {
        let more = format!("{REQUIRED}\nfolder = \"plugins\"\ncache = \"cache\"\n{more}");
        trusting(&upstream, &[&own], &more, CHAIN)
    };
    fs::write(&file, written("")).unwrap();
    let start = || Gateway::start_file(&file, &[]);
    let (old, new) =
        (own.signed("it", 4, &refusing("old").build(), &[]), own.signed("it", 5, &refusing("new").build(), &[]));
    old.put(&plugins);
    let gateway = start();
    assert_eq!(code(&gateway, ACME), "old");
    new.put(&plugins);
    serves(&gateway, "new");
    good(&gateway);
    old.put(&plugins);
    told(&gateway, "its version 4 is older than 5, which has served here");
    assert_eq!(code(&gateway, ACME), "new");
    // Nor is another plugin the same version.
    own.signed("it", 5, &refusing("other").build(), &[]).put(&plugins);
    told(&gateway, "its version 5 has served here with other files");
    assert_eq!(code(&gateway, ACME), "new");
    old.put(&plugins);
    told(&gateway, "its version 4 is older than 5");
    drop(gateway);
    // A start remembers, and so does a look beforehand, which changes nothing.
    let check = || Command::new(support::weir()).arg("check").arg("--config").arg(&file).output().unwrap();
    for _ in 0..2 {
        let said = String::from_utf8_lossy(&check().stderr).into_owned();
        assert!(said.contains("its version 4 is older than 5"), "{said}");
    }
    let newest = own.signed("it", 6, &refusing("newest").build(), &[]);
    newest.put(&plugins);
    assert!(check().status.success(), "what was only looked at has not served");
    new.put(&plugins);
    let gateway = start();
    assert_eq!(code(&gateway, ACME), "new");
    drop(gateway);
    // On purpose.
    fs::write(&file, written("allow_older = [\"it\"]")).unwrap();
    old.put(&plugins);
    let gateway = start();
    assert_eq!(code(&gateway, ACME), "old");
}

#[test]
fn a_version_on_trial_does_not_keep_the_old_one_from_coming_back() {
    let (own, upstream) = (Author::new(), Upstream::chat());
    let chain = format!("{CHAIN}\ncanary = {{ percent = 1, for = \"1h\" }}");
    let (old, new) =
        (own.signed("it", 1, &refusing("old").build(), &[]), own.signed("it", 2, &refusing("new").build(), &[]));
    let config = trusting(&upstream, &[&own], REQUIRED, &chain);
    let gateway = Gateway::start_with(&config, |folder| old.put(folder));
    new.put(&gateway.plugins());
    let on_trial = || {
        let told = gateway.admin_get("/admin/v1/plugins").json();
        told["plugins"].as_array().unwrap().iter().any(|plugin| !plugin["canary_percent"].is_null())
    };
    until("the new version is on trial", || on_trial().then_some(()));
    old.put(&gateway.plugins());
    until("the trial is over", || (!on_trial()).then_some(()));
    good(&gateway);
    assert_eq!(code(&gateway, ACME), "old");
}
