//! Finds in the machine's own apt sources where Debian's packages come from: its mirror is the one that works here.
//! Never writes anything, and knows no mirror's address itself.

use camino::Utf8PathBuf;
use std::io;

/// Where one part of the archive of Debian lies.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    uri: String,
    suites: Vec<String>,
    components: Vec<String>,
    signed_by: Option<String>,
}

/// The mirrors of the machine, for its release of Debian or another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirror {
    host_release: String,
    main: Source,
    security: Option<Source>,
}

/// The sources have no mirror of Debian.
#[derive(Debug, thiserror::Error)]
#[error("no mirror of Debian {release} in /etc/apt/sources.list or /etc/apt/sources.list.d")]
pub struct NoMirror {
    release: String,
}

impl NoMirror {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "the sandbox takes its packages from the mirror that apt uses: add an entry with the suite of this release and \
         the component main"
    }
}

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

impl Mirror {
    /// The mirror that this machine, of the release `release`, gets its packages from.
    pub(crate) fn of_host(release: &str) -> Result<Self, crate::SandboxError> {
        let mut sources = Vec::new();
        for path in files()? {
            let text = fs_err::read_to_string(&path)?;
            sources.extend(if path.extension() == Some("sources") { deb822(&text) } else { one_line(&text) });
        }
        Ok(Self::among(&sources, release).ok_or_else(|| NoMirror { release: release.to_owned() })?)
    }

    fn among(sources: &[Source], release: &str) -> Option<Self> {
        // Other publishers use Debian's suite names too: prefer what is signed as Debian's, then what looks like it.
        let best = |suite: &str| {
            let of_suite = |source: &&Source| {
                source.suites.iter().any(|name| name == suite)
                    && source.components.iter().any(|name| name == "main")
            };
            let strangeness = |source: &&Source| {
                let signed = source.signed_by.as_deref().is_some_and(|by| by.contains("debian-archive"));
                (!signed, !source.uri.trim_end_matches('/').contains("/debian"))
            };
            sources.iter().filter(of_suite).min_by_key(strangeness).cloned()
        };
        let main = best(release)?;
        Some(Self { host_release: release.to_owned(), main, security: best(&format!("{release}-security")) })
    }

    /// Sources for apt, in its newer format: the packages of `release` with their security updates.
    pub(crate) fn render(&self, release: &str, architecture: &str) -> String {
        let mut text = String::new();
        for source in [Some(&self.main), self.security.as_ref()].into_iter().flatten() {
            let suites: Vec<String> = source
                .suites
                .iter()
                .filter(|suite| **suite == self.host_release || suite.ends_with("-security"))
                .map(|suite| suite.replace(&self.host_release, release))
                .collect();
            let signed_by = source.signed_by.as_deref().unwrap_or(KEYRING);
            text += &format!(
                "Types: deb\nURIs: {}\nSuites: {}\nComponents: main\nArchitectures: {architecture}\nSigned-By: \
                 {signed_by}\n\n",
                source.uri,
                suites.join(" ")
            );
        }
        text
    }
}

fn files() -> io::Result<Vec<Utf8PathBuf>> {
    let mut files = vec![Utf8PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs_err::read_dir("/etc/apt/sources.list.d") {
        for entry in entries {
            files.extend(Utf8PathBuf::from_path_buf(entry?.path()));
        }
    }
    files.retain(|path| path.is_file() && matches!(path.extension(), Some("list" | "sources")));
    files.sort();
    Ok(files)
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Reads the newer format: paragraphs of fields.
fn deb822(text: &str) -> Vec<Source> {
    let text: String =
        text.lines().filter(|line| !line.starts_with('#')).flat_map(|line| [line, "\n"]).collect();
    let paragraphs = text.split("\n\n").filter_map(|paragraph| {
        let field = |name: &str| {
            let mut lines = paragraph.lines();
            let first = lines.find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.trim().eq_ignore_ascii_case(name).then(|| value.to_owned())
            })?;
            // A value goes on in the lines below that begin with a space.
            Some(lines.take_while(|line| line.starts_with([' ', '\t'])).fold(first, |all, line| all + line))
        };
        let enabled = field("Enabled").is_none_or(|value| !value.trim().eq_ignore_ascii_case("no"));
        let binary = field("Types").is_some_and(|types| words(&types).iter().any(|word| word == "deb"));
        (enabled && binary).then_some(())?;
        Some(Source {
            uri: words(&field("URIs")?).into_iter().next()?,
            suites: words(&field("Suites")?),
            components: words(&field("Components")?),
            // A key may be written out there; then it is not a path, and Debian's own keyring is used.
            signed_by: field("Signed-By").map(|by| by.trim().to_owned()).filter(|by| by.starts_with('/')),
        })
    });
    paragraphs.collect()
}

/// Reads the older format: `deb [option=value …] uri suite component…`.
fn one_line(text: &str) -> Vec<Source> {
    let lines = text.lines().filter_map(|line| {
        let rest = line.split('#').next()?.trim().strip_prefix("deb")?;
        let rest = rest.strip_prefix([' ', '\t'])?.trim();
        let (options, rest) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => ("", rest),
        };
        let signed_by =
            words(options).iter().find_map(|option| Some(option.strip_prefix("signed-by=")?.to_owned()));
        let mut words = words(rest).into_iter();
        Some(Source {
            uri: words.next()?,
            suites: vec![words.next()?],
            components: words.collect(),
            signed_by: signed_by.filter(|by| by.starts_with('/')),
        })
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWER: &str = "Types: deb\n# snapshot\nURIs: http://mirror.example/debian\nSuites: bookworm \
                         bookworm-updates\nComponents: main\nSigned-By: /k/debian-archive-keyring.gpg\n\nTypes: \
                         deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\nComponents: \
                         main\n\nTypes: deb-src\nURIs: http://x/debian\nSuites: bookworm\nComponents: main\n";

    #[test]
    fn takes_the_release_and_its_security_updates() {
        let mirror = Mirror::among(&deb822(NEWER), "bookworm").unwrap();
        assert_eq!(
            mirror.render("trixie", "arm64"),
            "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\nArchitectures: \
             arm64\nSigned-By: /k/debian-archive-keyring.gpg\n\nTypes: deb\nURIs: \
             http://mirror.example/debian-security\nSuites: trixie-security\nComponents: main\nArchitectures: \
             arm64\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
        );
        assert_eq!(Mirror::among(&deb822(NEWER), "trixie"), None);
    }

    #[test]
    fn reads_the_older_format() {
        let text = "# deb http://no/debian bookworm main\ndeb-src http://no/debian bookworm main\ndeb \
                    [arch=amd64 signed-by=/k/other.gpg] https://other.example/deb bookworm main\ndeb \
                    http://mirror.example/debian/ bookworm main contrib # ours\n";
        let sources = one_line(text);
        assert_eq!(sources.len(), 2);
        let mirror = Mirror::among(&sources, "bookworm").unwrap();
        assert_eq!(mirror.main.uri, "http://mirror.example/debian/");
        assert_eq!(mirror.security, None);
    }

    #[test]
    fn another_publisher_with_the_same_suite_is_not_taken() {
        let others =
            one_line("deb [signed-by=/k/docker.asc] https://x.example/linux/debian bookworm stable\n");
        assert_eq!(Mirror::among(&others, "bookworm"), None);
    }

    #[test]
    fn a_disabled_entry_does_not_count_and_values_go_on_below() {
        let text = "Enabled: no\nTypes: deb\nURIs: a\nSuites: bookworm\nComponents: main\n\nTypes: deb\nURIs: \
                    b\nSuites: bookworm\n bookworm-updates\nComponents: main\nSigned-By:\n -----BEGIN PGP-----\n";
        let sources = deb822(text);
        assert_eq!(sources.len(), 1);
        assert_eq!(sources[0].suites, ["bookworm", "bookworm-updates"]);
        assert_eq!(sources[0].signed_by, None);
    }
}
