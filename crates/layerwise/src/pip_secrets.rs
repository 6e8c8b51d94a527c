//! What `pip` inside a build needs to know of this machine's package index: the secrets `pip_conf`, `pip_netrc` and
//! `ca_bundle`.
//! Reads pip's own configuration; never writes it, and takes nothing that only makes sense on this machine.
//!
//! A Dockerfile mounts them as optional secrets, so the same one builds where neither is there:
//!
//! ```text
//! RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf,required=false \
//!     --mount=type=secret,id=pip_netrc,required=false \
//!     --mount=type=secret,id=ca_bundle,required=false \
//!     NETRC=/run/secrets/pip_netrc pip install …
//! ```

mod logins;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::builder::{SecretSource, SecretValue};
use crate::process::Env;
use crate::trust;
use logins::Logins;

/// The id of the secret that is pip's configuration.
pub const PIP_CONF: &str = "pip_conf";
/// The id of the secret that is the indexes' logins, as a netrc file.
pub const PIP_NETRC: &str = "pip_netrc";
/// The id of the secret that is the certificate authorities.
pub const CA_BUNDLE: &str = "ca_bundle";
/// Where BuildKit mounts a secret of that id by default.
const CA_BUNDLE_IN_BUILD: &str = "/run/secrets/ca_bundle";

/// The settings that say where packages come from, in pip's configuration and, as `PIP_…`, in the environment. All
/// others (`find-links`, `cache-dir`, `target`, `log`, …) are about this machine, or change what is installed without
/// being in an image's fingerprint.
const SETTINGS: [(&str, &str); 6] = [
    ("index-url", "PIP_INDEX_URL"),
    ("extra-index-url", "PIP_EXTRA_INDEX_URL"),
    ("trusted-host", "PIP_TRUSTED_HOST"),
    ("proxy", "PIP_PROXY"),
    ("timeout", "PIP_DEFAULT_TIMEOUT"),
    ("retries", "PIP_RETRIES"),
];
/// The sections that `pip install` reads, the later one winning.
const SECTIONS: [&str; 2] = ["global", "install"];

/// The secrets that this machine's settings make: none on a machine without any.
///
/// pip reads several files, of which the later wins, and then the environment
/// ([pip's documentation](https://pip.pypa.io/en/stable/topics/configuration/)); so do we. A certificate bundle goes
/// along where one is configured, or where the system has one and packages come from a configured place.
#[must_use]
pub fn pip_secrets(env: &Env) -> Vec<SecretValue> {
    let texts: Vec<_> = files(env).iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
    let settings = Settings::of(&texts, env);
    let named = trust::bundle_named_by(env, &["PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"]);
    let named = named.or_else(|| settings.cert.clone().filter(|path| path.is_file()));
    let bundle = named.or_else(|| trust::system_bundle().filter(|_| !settings.values.is_empty()));
    secrets(&settings, bundle.as_deref())
}

fn secrets(settings: &Settings, bundle: Option<&Utf8Path>) -> Vec<SecretValue> {
    let (conf, netrc) = settings.texts(bundle.is_some());
    let texts = [(PIP_CONF, conf), (PIP_NETRC, netrc)];
    let texts = texts
        .into_iter()
        .filter_map(|(id, text)| Some(SecretValue { id: id.to_owned(), from: SecretSource::Text(text?) }));
    let bundle = bundle
        .map(|path| SecretValue { id: CA_BUNDLE.to_owned(), from: SecretSource::File(path.to_owned()) });
    texts.chain(bundle).collect()
}

/// pip's configuration files, the weakest first. `PIP_CONFIG_FILE` overrules them all; `/dev/null` means none.
fn files(env: &Env) -> Vec<Utf8PathBuf> {
    match env.path("PIP_CONFIG_FILE") {
        Some(path) if path == "/dev/null" => Vec::new(),
        named => {
            let config = env.path("XDG_CONFIG_HOME").or_else(|| env.in_home(".config"));
            let user = config.map(|config| config.join("pip/pip.conf"));
            let legacy = env.in_home(".pip/pip.conf");
            [Some("/etc/pip.conf".into()), legacy, user, named].into_iter().flatten().collect()
        }
    }
}

/// What is configured, by setting.
#[derive(Default)]
struct Settings {
    values: Vec<(&'static str, String)>,
    cert: Option<Utf8PathBuf>,
}

impl Settings {
    /// What the files with these texts say, the weakest first, and then the environment.
    fn of(texts: &[impl AsRef<str>], env: &Env) -> Self {
        let mut settings = Self::default();
        for section in SECTIONS {
            for (key, value) in texts.iter().flat_map(|text| entries(text.as_ref(), section)) {
                settings.set(&key, &value);
            }
        }
        settings.overrule(env);
        settings
    }

    fn overrule(&mut self, env: &Env) {
        for (name, variable) in SETTINGS {
            if let Some(value) = env.get(variable) {
                // In the environment several values stand in one line, in a file each on its own.
                let several = matches!(name, "extra-index-url" | "trusted-host");
                let lines = value.split_whitespace().collect::<Vec<_>>().join("\n");
                self.set(name, if several { &lines } else { value });
            }
        }
    }

    fn set(&mut self, key: &str, value: &str) {
        if key == "cert" {
            self.cert = Some(value.into());
        }
        let Some((name, _)) = SETTINGS.iter().find(|(name, _)| *name == key) else { return };
        self.values.retain(|(present, _)| present != name);
        // An index in a folder of this machine is none in a build.
        let urls = value.lines().map(str::trim).filter(|line| !line.is_empty() && !is_local(line));
        let value = urls.collect::<Vec<_>>().join("\n");
        if !value.is_empty() {
            self.values.push((name, value));
        }
    }

    /// pip's configuration for the build, and its logins; `None` for what would say nothing.
    fn texts(&self, bundle: bool) -> (Option<String>, Option<String>) {
        let mut text = "[global]\n".to_owned();
        let mut logins = Logins::default();
        let mut values = self.values.clone();
        values.sort();
        for (name, value) in &mut values {
            if matches!(*name, "index-url" | "extra-index-url") {
                *value = value.lines().map(|url| logins.take(url)).collect::<Vec<_>>().join("\n");
            }
        }
        values.extend(bundle.then(|| ("cert", CA_BUNDLE_IN_BUILD.to_owned())));
        for (name, value) in &values {
            text.push_str(&format!("{name} = {}\n", value.replace('\n', "\n    ")));
        }
        ((!values.is_empty()).then_some(text), logins.text())
    }
}

/// What one section of an INI file says; values may go on over indented lines.
fn entries(text: &str, section: &str) -> Vec<(String, String)> {
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in text.lines().map(str::trim_end) {
        let inner = line.trim_start();
        if inner.is_empty() || inner.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = name.trim() == section;
        } else if !inside {
            continue;
        } else if let (true, Some((_, value))) = (inner.len() < line.len(), entries.last_mut()) {
            value.push('\n');
            value.push_str(inner);
        } else if let Some((key, value)) = line.split_once(['=', ':']) {
            entries.push((key.trim().to_ascii_lowercase().replace('_', "-"), value.trim().to_owned()));
        }
    }
    entries
}

fn is_local(value: &str) -> bool {
    value.starts_with(['/', '.', '~']) || value.starts_with("file:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(files: &[&str], env: &[(&str, &str)], bundle: bool) -> Option<String> {
        Settings::of(files, &env.iter().copied().collect()).texts(bundle).0
    }

    #[test]
    fn later_files_and_then_the_environment_win() {
        let system = "[global]\nindex-url = https://system/simple\ntimeout: 5\n[install]\ntrusted-host = a\n    b # not\n";
        let user = "# mine\n[global]\nindex_url = https://me:token@user/simple\n";
        insta::assert_snapshot!(
            text(&[system, user], &[("PIP_EXTRA_INDEX_URL", "https://x https://y")], true).unwrap()
        );
        assert_eq!(
            text(&[system], &[("PIP_INDEX_URL", "https://env")], false).unwrap().lines().nth(1),
            Some("index-url = https://env")
        );
    }

    #[test]
    fn what_is_about_this_machine_stays_out() {
        let file = "[global]\nfind-links = /opt/wheels\ncache-dir = /cache\ncert = /etc/mine.pem\nindex-url = file:///srv/pypi\n[list]\nformat = columns\n";
        let env =
            [("PIP_FIND_LINKS", "/opt/wheels"), ("PIP_NO_INDEX", "1"), ("PIP_EXTRA_INDEX_URL", "/srv/extra")];
        assert_eq!(text(&[file], &env, false), None);
        assert_eq!(text(&[file], &env, true).unwrap(), "[global]\ncert = /run/secrets/ca_bundle\n");
    }

    #[test]
    fn secrets_follow_the_environment_and_the_files_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        fs::write(path("bundle"), "").unwrap();
        fs::write(path("pip.conf"), "[global]\nindex-url = https://conf/simple\n").unwrap();
        let secrets = |env: &[(&str, &str)]| pip_secrets(&env.iter().copied().collect());
        let none = ("PIP_CONFIG_FILE", "/dev/null");
        assert_eq!(secrets(&[none]), []);
        let [conf, bundle] =
            &secrets(&[none, ("PIP_CERT", "/no/such"), ("SSL_CERT_FILE", &path("bundle"))])[..]
        else {
            panic!("two secrets")
        };
        assert!(conf.from == SecretSource::Text("[global]\ncert = /run/secrets/ca_bundle\n".into()));
        assert!(bundle.id == CA_BUNDLE && bundle.from == SecretSource::File(path("bundle").into()));
        let conf = &secrets(&[("PIP_CONFIG_FILE", &path("pip.conf"))])[0];
        let SecretSource::Text(text) = &conf.from else { panic!("a text") };
        assert!(text.contains("index-url = https://conf/simple\n"), "{text}");
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config {
            failure_persistence: None, ..proptest::test_runner::Config::default()
        })]

        #[test]
        fn what_is_written_for_the_build_says_what_was_read(
            lines in "(\\[(global|install|list)\\]\n|( ){0,2}(index[-_]url|extra-index-url|timeout|x)?( )?[=:]?.{0,12}\n){0,8}",
        ) {
            if let Some(written) = text(&[&lines], &[], false) {
                proptest::prop_assert_eq!(text(&[&written], &[], false), Some(written));
            }
        }
    }
}
