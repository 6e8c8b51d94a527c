//! What is written from its parts is read back as those parts.

use layerwise::digest::Digest;
use layerwise::image_ref::ImageRef;
use layerwise::python::PackageName;
use layerwise::python::facts::Kind;
use layerwise::python::requirement::Requirement;
use layerwise::python::requirements_file::{RequirementsError, RequirementsFile};
use layerwise::repo_path::RepoPath;
use proptest::prelude::*;

const NAME: &str = "[A-Za-z0-9]([A-Za-z0-9._-]{0,6}[A-Za-z0-9])?";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn image_references(
        registry in prop::option::of("localhost|localhost:[0-9]{1,4}|[a-z]{1,5}\\.[a-z]{2}(:[0-9]{1,4})?"),
        path in "[a-z0-9]{1,4}((\\.|_|__|--?)[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,4}){0,2}",
        tag in prop::option::of("[A-Za-z0-9_][A-Za-z0-9._-]{0,10}"),
        digest in prop::option::of(any::<u64>().prop_map(|number| Digest::of(number.to_le_bytes()))),
    ) {
        // Without a registry a first part with a dot would be one.
        prop_assume!(registry.is_some() || !path.split_once('/').is_some_and(|(first, _)| first.contains('.')));
        let mut text: String = registry.iter().map(|host| format!("{host}/")).collect();
        text += &path;
        text.extend(tag.iter().map(|tag| format!(":{tag}")));
        text.extend(digest.iter().map(|digest| format!("@{digest}")));
        let found = ImageRef::parse(&text).unwrap();
        let parts = (found.registry(), found.path(), found.tag(), found.digest());
        prop_assert_eq!(parts, (registry.as_deref(), path.as_str(), tag.as_deref(), digest));
        prop_assert_eq!(found.to_string(), text);
    }

    #[test]
    fn requirements(
        name in NAME,
        extras in prop::collection::btree_set(NAME, 0..3),
        versions in "(==|>=|~=|!=|<)[0-9]{1,2}(\\.[0-9]{1,2})?(,(<|>=)[0-9]{1,2})?|",
        url in prop::option::of("https://[a-z]{1,5}/[a-z0-9._-]{1,10}(;[a-z]{1,3})?"),
        marker in prop::option::of("os_name == '[a-z]{1,5}'( and \\(python_version < '3\\.[0-9]'\\))?"),
        space in " {0,2}",
    ) {
        let listed: Vec<_> = extras.iter().cloned().collect();
        let mut text = name.clone();
        if !listed.is_empty() {
            text += &format!("{space}[{}]", listed.join(&format!("{space},{space}")));
        }
        text += &url.as_ref().map_or_else(|| format!("{space}{versions}"), |url| format!(" @ {url}"));
        text.extend(marker.iter().map(|marker| format!(" ;{space}{marker}")));

        let found = Requirement::parse(&format!("{space}{text}{space}")).unwrap();
        prop_assert_eq!(&found.name, &PackageName::new(&name).unwrap());
        prop_assert_eq!(found.extras, extras.iter().map(|extra| PackageName::new(extra).unwrap()).collect());
        prop_assert_eq!(found.versions, if url.is_some() { "" } else { versions.as_str() });
        prop_assert_eq!((found.url, found.marker), (url, marker));
        prop_assert_eq!(found.text, text.trim());
    }

    /// Comments, blank lines, continued lines and line ends are no part of what a requirements file says.
    #[test]
    fn requirements_files(
        lines in prop::collection::vec((NAME, "(==|>=)[0-9]{1,3}|", 0..4_usize), 0..8),
        crlf in any::<bool>(),
    ) {
        let mut text = String::new();
        for (name, versions, form) in &lines {
            text += &match form {
                0 => format!("{name}{versions}\n"),
                1 => format!("# a comment\n\n  {name}{versions}  # another\n"),
                2 => format!("{name} \\\n  {versions}\n"),
                _ => format!("{name}{versions} \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\n"),
            };
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let file = RequirementsFile::gather(
            &RepoPath::new("requirements.txt").unwrap(),
            |_| Ok::<_, RequirementsError>(Some(text.clone())),
            |_| Ok(None::<Kind>),
        );
        let file = file.unwrap();
        let parsed = |text: &str| {
            let requirement = Requirement::parse(text).unwrap();
            (requirement.name, requirement.versions)
        };
        let found: Vec<_> = file.requirements().map(parsed).collect();
        let expected: Vec<_> = lines.iter().map(|(name, versions, _)| parsed(&format!("{name}{versions}"))).collect();
        prop_assert_eq!(found, expected);
        let open = lines.iter().filter(|(_, versions, _)| !versions.starts_with("==")).count();
        prop_assert_eq!(file.unpinned().len(), open);
    }
}
