use super::*;

fn written(artefact: &NativeCode) -> Vec<u8> {
    let mut bytes = Vec::new();
    artefact.write(&mut bytes).unwrap();
    bytes
}

fn read(bytes: &[u8]) -> Option<NativeCode> {
    NativeCode::read(&mut &*bytes, bytes.len() as u64)
}

#[test]
fn what_was_written_is_read_and_nothing_that_is_not_whole() {
    let plain = NativeCode { component: b"component".to_vec(), direct: None };
    let whole = NativeCode { direct: Some((b"guest".to_vec(), b"driver".to_vec())), ..plain.clone() };
    let component_alone = written(&plain).len();
    for artefact in [plain, whole] {
        let bytes = written(&artefact);
        assert_eq!(read(&bytes), Some(artefact));
        for length in (0..bytes.len()).filter(|length| *length != component_alone) {
            assert_eq!(read(&bytes[..length]), None, "{length} of {}", bytes.len());
        }
        let more = [bytes.as_slice(), b"x"].concat();
        assert_eq!(read(&more), None);
    }
    assert_eq!(read(b"weircod\x02"), None);
    assert_eq!(read(b""), None);
}

#[test]
fn lengths_that_lie_are_found_out() {
    let mut bytes = written(&NativeCode { component: b"component".to_vec(), direct: None });
    for length in [u64::MAX, 1 << 40, 10, 4] {
        bytes[8..16].copy_from_slice(&length.to_le_bytes());
        assert_eq!(read(&bytes), None, "{length}");
    }
}
