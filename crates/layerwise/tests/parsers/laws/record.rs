//! Records: what a store holds is a record or an error, and a record says again what it was read from.
use layerwise::difference::difference;
use layerwise::digest::Digest;
use layerwise::fingerprint::Ingredients;
use layerwise::image_ref::ImageRef;
use layerwise::name::Name;
use layerwise::platform::Platform;
use layerwise::record::{Record, RecordKey};

/// Holds the law for one text.
pub fn hold(text: &str) {
    // The file as it is, under the name that its second line gives it, which no mutation finds by itself.
    let second = text.split_once('\n').map_or("", |(_, second)| second.strip_suffix('\n').unwrap_or(second));
    let fingerprint = Digest::of(second);
    let first = text.lines().next().unwrap_or_default();
    for first in [first, &first.replace(FINGERPRINT, &fingerprint.to_string())] {
        let text = format!("{first}\n{second}\n");
        match Record::parse(&key(fingerprint), &text) {
            Ok(record) => {
                assert_eq!(Record::parse(&key(fingerprint), &record.text()).as_ref(), Ok(&record));
                let _ = record.ingredients();
            }
            Err(error) => drop(error.to_string()),
        }
    }

    // Each line as ingredients.
    let known: Vec<_> = text.lines().take(4).filter_map(|line| Ingredients::parse(line).ok()).collect();
    for now in &known {
        let canonical = now.canonical();
        assert!(!canonical.contains('\n'), "a record is two lines");
        assert_eq!(Ingredients::parse(&canonical).ok().as_ref(), Some(now));
        let reference = ImageRef::parse("registry.example.com/it:sha-0").unwrap();
        let record = Record::new(&key(now.fingerprint()), now, reference, fingerprint, 1, 1);
        assert_eq!(Record::parse(&key(now.fingerprint()), &record.text()), Ok(record));
        for before in &known {
            let changes = difference(before, now);
            changes.iter().for_each(|change| drop(change.what.to_string()));
            // The platform is a part of the key: records of another one are never compared.
            if before.platform == now.platform {
                assert_eq!(changes.is_empty(), before == now, "{before:?} and {now:?}");
            }
        }
    }
}

/// What a seed holds in place of its fingerprint.
const FINGERPRINT: &str = "FINGERPRINT";

fn key(fingerprint: Digest) -> RecordKey {
    RecordKey { image: Name::new("it").unwrap(), platform: Platform::LinuxAmd64, fingerprint }
}
