//! Which certificate authorities are trusted, here and inside builds. Reads files; never the network.

use camino::Utf8PathBuf;
use fs_err as fs;
use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use crate::process::Env;

/// Where systems keep their bundle: Debian and Alpine, Fedora and Amazon Linux, macOS.
const SYSTEM: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The bundle that the first set one of `variables` names, as long as it is a file.
#[must_use]
pub fn bundle_named_by(env: &Env, variables: &[&str]) -> Option<Utf8PathBuf> {
    variables.iter().filter_map(|name| env.path(name)).find(|path| path.is_file())
}

/// The system's own bundle, where there is one.
#[must_use]
pub fn system_bundle() -> Option<Utf8PathBuf> {
    SYSTEM.into_iter().map(Utf8PathBuf::from).find(|path| path.is_file())
}

/// What our own HTTPS connections trust: the bundle of `SSL_CERT_FILE`, else the system's, else Mozilla's, which is
/// compiled in.
#[must_use]
pub fn roots(env: &Env) -> RootCerts {
    let bundle = bundle_named_by(env, &["SSL_CERT_FILE"]).or_else(system_bundle);
    match bundle.and_then(|path| fs::read(path).ok()).map(|pem| certificates(&pem)) {
        Some(certificates) if !certificates.is_empty() => RootCerts::new_with_certs(&certificates),
        _ => RootCerts::WebPki,
    }
}

/// The certificates in a PEM text; what else is in it is left out.
#[must_use]
pub fn certificates(pem: &[u8]) -> Vec<Certificate<'static>> {
    parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect()
}
