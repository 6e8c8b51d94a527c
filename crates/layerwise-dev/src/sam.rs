//! A template for AWS's SAM CLI: the Lambdas as `AWS::Serverless::Function`s of local images. Pure; writes nothing and
//! runs nothing.
//!
//! [AWS::Serverless::Function](https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html):
//! an image needs `PackageType: Image` and `ImageUri`, which may be any name that the local engine knows.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use camino::Utf8PathBuf;
use layerwise::platform::Platform;

use crate::function::{DEFAULT_TIMEOUT, Function};

/// The first line, by which a template of ours is known.
pub const HEADER: &str = "# Written by `cargo xtask sam` from the declarations; change those, not this file.";

/// Megabytes for a function that declares none: SAM, as Lambda, takes 128 then, which is too little for most.
const MEMORY: u16 = 1024;

/// The template of `functions`, each with a sample event where there is one, from the repository's root.
#[must_use]
pub fn template(functions: &[(Function, Option<Utf8PathBuf>)]) -> String {
    let mut text = format!(
        "{HEADER}\n\
         # The images are built by `cargo xtask build-lambdas`; then for instance\n\
         #   sam local invoke --skip-pull-image NAME --event FILE\n\
         #   sam local start-lambda --skip-pull-image --warm-containers EAGER\n\
         AWSTemplateFormatVersion: \"2010-09-09\"\n\
         Transform: AWS::Serverless-2016-10-31\n\
         Description: The Lambda images of this repository, on this machine\n\n\
         Globals:\n  Function:\n    Timeout: {DEFAULT_TIMEOUT}\n    MemorySize: {MEMORY}\n\n\
         Resources:\n"
    );
    let mut taken = BTreeSet::new();
    for (function, event) in functions {
        let Function { name, image, platform, timeout, memory, env, debug: _ } = function;
        let id = logical_id(name, &mut taken);
        let mut line = |indent: usize, line: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{:indent$}{line}", "");
        };
        line(2, &format!("{id}:"));
        if let Some(event) = event {
            line(4, &format!("# sam local invoke --skip-pull-image {id} --event {event}"));
        }
        line(4, "Type: AWS::Serverless::Function");
        line(4, "Properties:");
        // Lambda's own names hold nothing else.
        let own = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_', "-");
        line(6, &format!("FunctionName: {}", quoted(&own)));
        line(6, "PackageType: Image");
        line(6, &format!("ImageUri: {}", quoted(&image.to_string())));
        line(6, &format!("Architectures: [{}]", architecture(*platform)));
        if *timeout != DEFAULT_TIMEOUT {
            line(6, &format!("Timeout: {timeout}"));
        }
        if let Some(memory) = memory {
            line(6, &format!("MemorySize: {memory}"));
        }
        if !env.is_empty() {
            line(6, "Environment:");
            line(8, "Variables:");
        }
        for (number, (name, value)) in env.iter().enumerate() {
            // The last of several is the one that holds, and YAML allows a key once.
            if env[number + 1..].iter().all(|(later, _)| later != name) {
                line(10, &format!("{}: {}", quoted(name), quoted(value)));
            }
        }
    }
    text
}

/// CloudFormation's names hold letters and digits only.
fn logical_id(name: &str, taken: &mut BTreeSet<String>) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    let id: String = words.map(capital).collect();
    let numbered = (2..).map(|number| format!("{id}{number}"));
    let free = std::iter::once(id.clone()).chain(numbered).find(|id| !taken.contains(id));
    let id = free.unwrap_or_else(|| unreachable!("there are more numbers than names"));
    taken.insert(id.clone());
    id
}

fn architecture(platform: Platform) -> &'static str {
    match platform {
        Platform::LinuxAmd64 => "x86_64",
        Platform::LinuxArm64 => "arm64",
    }
}

/// A string of JSON is one of YAML too.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|error| unreachable!("a string has a JSON form: {error}"))
}

#[cfg(test)]
mod tests {
    use layerwise::image_ref::ImageRef;

    use super::*;

    #[test]
    fn a_function_of_every_kind() {
        let function = |name: &str, image: &str| Function {
            name: name.to_owned(),
            image: ImageRef::parse(image).unwrap(),
            platform: Platform::LinuxAmd64,
            timeout: DEFAULT_TIMEOUT,
            memory: None,
            env: Vec::new(),
            debug: false,
        };
        let env = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let declared = Function {
            platform: Platform::LinuxArm64,
            timeout: 5,
            memory: Some(256),
            env: vec![
                env("STAGE", "first"),
                env("TEXT", "a \"quoted\": #text\nof two lines"),
                env("STAGE", "local"),
                env("ON", "yes"),
            ],
            ..function("upload-images@arm64", "upload-images:local-arm64")
        };
        let event = Some("lambdas/poll/events/sample.json".into());
        insta::assert_snapshot!(template(&[
            (function("poll-lines", "poll-lines:local"), event),
            (function("poll_lines", "poll-lines:local"), None),
            (declared, None),
        ]));
    }
}
