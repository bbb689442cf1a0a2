use super::*;

#[test]
fn a_version_is_the_first_number_with_points() {
    assert_eq!(number("nginx version: nginx/1.22.1\n").as_deref(), Some("1.22.1"));
    assert_eq!(number("HAProxy version 2.6.12-1+deb12u4 2026/10/17").as_deref(), Some("2.6.12"));
    assert_eq!(number("Version:      3.7.15\nCodename:     langres").as_deref(), Some("3.7.15"));
    assert_eq!(number("no number 7 with points."), None);
}

#[test]
fn a_version_behind_a_mark_skips_what_comes_before_it() {
    let mut command = Command::new("echo");
    assert_eq!(version_after(command.arg("version: 9e55.8/1.40.0/Clean"), "/"), "1.40.0");
    assert_eq!(version_after(&mut Command::new("no-such-program"), "/"), "unknown");
}

#[test]
fn a_python_package_tells_its_version_by_its_folder() {
    let lib = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(lib.path().join("python3.11/site-packages/litellm_extras-9.dist-info")).unwrap();
    std::fs::create_dir_all(lib.path().join("python3.11/site-packages/litellm-1.106.2.dist-info")).unwrap();
    assert_eq!(package_version(lib.path(), "litellm").as_deref(), Some("1.106.2"));
    assert_eq!(package_version(lib.path(), "portkey"), None);
}

#[test]
fn a_program_of_the_system_is_found_wherever_it_lies() {
    assert!(on_path("sh").is_some());
    assert_eq!(on_path("no-such-program"), None);
}
