use super::*;

#[test]
fn an_answer_is_coded_if_any_member_of_any_field_names_a_coding() {
    let of = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, HeaderValue::from_str(value).unwrap());
        }
        is_coded(&headers)
    };
    let plain: [&[&str]; 7] =
        [&[], &[""], &["identity"], &["Identity"], &["identity, identity"], &["", "identity"], &[" ,\t, "]];
    plain.iter().for_each(|values| assert!(!of(values), "{values:?}"));
    let coded: [&[&str]; 8] = [
        &["gzip"],
        &["GZip"],
        &["br"],
        &["identity, gzip"],
        &["identity", "gzip"],
        &["", "zstd"],
        &["identity;q=1"],
        &["what is it"],
    ];
    coded.iter().for_each(|values| assert!(of(values), "{values:?}"));
}
