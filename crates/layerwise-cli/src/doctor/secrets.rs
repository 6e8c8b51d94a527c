//! Files in a build context whose names say that they hold secrets: they would be in an image, for everybody who can
//! pull it. Pure; knows names only and never opens a file.

use std::collections::BTreeMap;

use layerwise::inspect::Inspection;

use super::Finding;

const TOPIC: &str = "secrets";

/// Whether a file called `name` usually holds a secret.
fn looks_secret(name: &str) -> bool {
    let exact = ["credentials", ".npmrc", ".pypirc", ".netrc", "_netrc", ".dockercfg", ".htpasswd"];
    let endings = [".pem", ".key", ".p12", ".pfx", ".tfstate", ".tfstate.backup", ".kdbx"];
    // The example of an environment file is there to be read.
    let harmless = [".example", ".sample", ".template", ".dist"];
    exact.contains(&name)
        || endings.iter().any(|ending| name.ends_with(ending))
        || name == ".env"
        || name.starts_with(".env.") && !harmless.iter().any(|ending| name.ends_with(ending))
        || ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"].contains(&name)
}

/// Looks at every input of every image.
#[must_use]
pub fn check(inspection: &Inspection) -> Vec<Finding> {
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (target, inspected) in inspection.graph.targets.iter().zip(&inspection.targets) {
        let files = inspected.ingredients.classes.values().flat_map(|class| class.files.keys());
        for path in files.filter(|path| path.file_name().is_some_and(looks_secret)) {
            let images = found.entry(path.to_string()).or_default();
            if images.last() != Some(&target.label.as_str()) {
                images.push(&target.label);
            }
        }
    }
    if found.is_empty() {
        return vec![Finding::ok(TOPIC, "no input looks like a secret")];
    }
    let remedy = "leave it out with copy_dir_except(…) or PythonPackage::exclude(…), and mount it with .secret(…) \
                  where the build needs it";
    let finding = |(path, images): (String, Vec<&str>)| {
        Finding::warning(TOPIC, format!("`{path}` goes into {}", images.join(", ")), remedy)
    };
    found.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::looks_secret;

    #[test]
    fn names_that_hold_secrets() {
        for name in [".env", ".env.production", "server.pem", "id_rsa", "tls.key", "credentials", ".npmrc"] {
            assert!(looks_secret(name), "{name}");
        }
        for name in
            [".env.example", "id_rsa.pub", "environment.py", "keys.py", "credentials.py", "handler.py"]
        {
            assert!(!looks_secret(name), "{name}");
        }
    }
}
