//! What the output of a failing step gives away about its cause. A guess for people, never a decision.

/// What is said, and what to do about it. The texts are those of pip, Python, libcurl, containerd and Linux.
const HINTS: [(&[&str], &str); 6] = [
    (
        &["CERTIFICATE_VERIFY_FAILED", "SSLCertVerificationError"],
        "the step does not trust the server's certificate: set SSL_CERT_FILE or PIP_CERT to a CA bundle that \
               does, it is handed to the build as the secret `ca_bundle`",
    ),
    (
        &["Temporary failure in name resolution", "Name or service not known", "Could not resolve host"],
        "the step has no network: check the engine's DNS and proxy settings",
    ),
    (
        // What pip warns of before it says that there is no such distribution.
        &["401 Error, Credentials not correct", "403 Client Error", "User for "],
        "the package index refuses our login: put one that it takes into pip.conf or PIP_INDEX_URL                (`https://user:password@host/simple`); both are handed to the build as a secret",
    ),
    (
        &["No matching distribution found"],
        "the package index has no such version for this Python and platform",
    ),
    (
        &[
            "authorization failed",
            "no basic auth credentials",
            "401 Unauthorized",
            "403 Forbidden",
            "insufficient_scope",
        ],
        "the registry refuses our credentials: log in again with `docker login`",
    ),
    (
        &["exec format error"],
        "the engine cannot run programs of this platform: build on such a machine, or register an emulator \
               (qemu-user-static)",
    ),
];

/// What to do about a failure that left these lines.
pub fn of<'a>(lines: impl Iterator<Item = &'a String> + Clone) -> Option<&'static str> {
    let hint =
        HINTS.iter().find(|(said, _)| lines.clone().any(|line| said.iter().any(|said| line.contains(said))));
    hint.map(|(_, hint)| *hint)
}
