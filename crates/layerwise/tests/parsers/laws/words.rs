//! The words of a declaration: whatever is taken is written as it was read, and normal forms are normal.
use layerwise::destination::Destination;
use layerwise::digest::Digest;
use layerwise::image_ref::ImageRef;
use layerwise::name::Name;
use layerwise::python::PackageName;
use layerwise::repo_path::RepoPath;

/// Holds the law for one text.
pub fn hold(text: &str) {
    if let Ok(reference) = ImageRef::parse(text) {
        assert_eq!(reference.to_string(), text);
        let registry = reference.registry().map_or_else(String::new, |host| format!("{host}/"));
        assert_eq!(format!("{registry}{}", reference.path()), reference.repository());
        let pinned = reference.at_digest(Digest::of(text));
        assert_eq!(ImageRef::parse(&pinned.to_string()), Ok(pinned));
    }
    if let Ok(name) = Name::new(text) {
        assert_eq!(name.as_str(), text);
        assert!(ImageRef::tagged(name.as_str(), "t").is_ok());
        // Any prefix that is taken makes a reference together with any name.
        if let Ok(place) = Destination::registry("registry.example.com/team") {
            assert!(place.content_reference(&name, &Digest::of(text)).is_ok());
        }
    }
    if let Ok(place) = Destination::registry(text) {
        let name = Name::new("it").unwrap();
        let reference = place.content_reference(&name, &Digest::of(text)).expect("a reference");
        assert_eq!(reference.repository(), place.repository(&name));
    }
    if let Ok(digest) = Digest::parse(text) {
        assert_eq!(digest.to_string(), text);
    }
    if let Ok(name) = PackageName::new(text) {
        assert_eq!(PackageName::new(name.as_str()), Ok(name));
    }
    let folder = RepoPath::new("a/b").unwrap();
    for path in [RepoPath::new(text), RepoPath::below(&folder, text)].into_iter().flatten() {
        assert_eq!(RepoPath::new(path.as_str()).as_ref(), Ok(&path));
        assert!(path.is_within(&RepoPath::root()));
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
            assert_eq!(parent.child(name).as_ref(), Ok(&path));
            assert_eq!(path.relative_to(&parent), Some(name));
        }
    }
}
