use super::*;

#[test]
fn a_schema_that_explodes_is_small() {
    assert!(schema_bomb().unwrap().len() < 4_000);
}

#[test]
fn a_folder_can_be_filled_and_emptied_and_has_what_is_said_of_it() {
    let tenants = tempfile::tempdir().unwrap();
    for folder in HOSTILE_FOLDERS {
        folder.lay(tenants.path(), 7).unwrap();
        let names = || fs::read_dir(tenants.path().join(folder.tenant)).unwrap();
        let names_of = |begin: &str| {
            names().filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with(begin)).count()
        };
        folder.said.iter().for_each(|(file, _)| assert!(names_of(file) > 0, "{file}"));
        folder.clear(tenants.path()).unwrap();
        assert_eq!(names().count(), 0, "{}", folder.tenant);
    }
}
