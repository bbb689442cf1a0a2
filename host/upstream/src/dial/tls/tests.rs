#![allow(clippy::unwrap_used, clippy::panic)]
use super::{TLS_KINDS, TlsFailure, TlsKind};
use rustls::{AlertDescription as Alert, CertificateError, Error, InvalidMessage};
use std::io;

fn failed(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[test]
fn a_failure_is_told_in_the_words_of_the_library_and_counted_by_its_kind() {
    for (error, kind) in [
        (Error::InvalidCertificate(CertificateError::UnknownIssuer), "untrusted"),
        (Error::InvalidCertificate(CertificateError::Expired), "expired"),
        (Error::InvalidCertificate(CertificateError::NotValidYet), "expired"),
        (Error::InvalidCertificate(CertificateError::NotValidForName), "wrong_name"),
        (Error::InvalidCertificate(CertificateError::Revoked), "certificate"),
        (Error::AlertReceived(Alert::CertificateRequired), "client_certificate"),
        (Error::AlertReceived(Alert::UnknownCA), "client_certificate"),
        (Error::AlertReceived(Alert::InternalError), "alert"),
        (Error::AlertReceived(Alert::HandshakeFailure), "protocol"),
        (Error::NoApplicationProtocol, "protocol"),
        (Error::InvalidMessage(InvalidMessage::InvalidContentType), "not_tls"),
    ] {
        let failure = TlsFailure::of(&failed(error.clone()));
        assert_eq!((failure.kind(), failure.to_string()), (kind, error.to_string()));
    }
    let closed = TlsFailure::of(&io::ErrorKind::UnexpectedEof.into());
    assert_eq!((closed.kind(), closed.to_string().as_str()), ("closed", "unexpected end of file"));
}

#[test]
fn an_alert_that_ends_the_handshake_is_told_from_one_that_ends_a_connection_at_work() {
    for alert in [Alert::CertificateRequired, Alert::BadCertificate, Alert::AccessDenied, Alert::DecryptError] {
        assert!(TlsFailure::after_handshake(&failed(Error::AlertReceived(alert))).is_some(), "{alert:?}");
    }
    for alert in [Alert::InternalError, Alert::BadRecordMac, Alert::UserCanceled, Alert::UnexpectedMessage] {
        assert!(TlsFailure::after_handshake(&failed(Error::AlertReceived(alert))).is_none(), "{alert:?}");
    }
    assert!(TlsFailure::after_handshake(&io::ErrorKind::ConnectionReset.into()).is_none());
    assert!(TlsFailure::after_handshake(&failed(Error::DecryptError)).is_none());
}

#[test]
fn every_kind_has_its_label_and_words_have_an_end() {
    for (at, kind) in [(0, TlsKind::Untrusted), (4, TlsKind::ClientCertificate), (8, TlsKind::Closed)] {
        assert_eq!(kind.label(), TLS_KINDS[at]);
    }
    assert_eq!(TlsFailure::new(TlsKind::Alert, &"ü".repeat(1_000)).to_string().chars().count(), 300);
}
