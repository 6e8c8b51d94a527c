//! How long it takes to confirm every image as well, in the engine's store and in a registry on loopback. Beside each stand
//! the same questions alone: what the engine and the registry take for their answers.

use anyhow::{Context as _, Result, bail};
use layerwise::engine::{Endpoint, Engine};
use layerwise::image_ref::ImageRef;
use layerwise::oci::Oci;
use layerwise::process::Env;
use layerwise::registry::Registry;
use layerwise_bench::size::Size;

use crate::measure::{Case, in_turn};
use crate::open_registry::OpenRegistry;
use crate::place::{Repository, this};
use crate::report;
use crate::sandboxed::Sandboxed;

/// The name of this program's subcommand that asks the questions alone.
pub const COMMAND: &str = "questions";

/// Measures a repository of each size, built three times: into the engine, into the sandbox's registry, which checks a
/// password with each question, and into one without a login.
pub fn run(sizes: &[Size], runs: usize) -> Result<()> {
    Sandboxed::with("Confirming", |sandboxed| {
        for &size in sizes {
            let heading =
                format!("Nothing changed, every image confirmed, {size}: {} Lambdas", size.lambdas());
            report::heading(&heading);
            let repository = Repository::to_build(size)?;
            let mut cases = vec![Case::new("floor: walk and digest", repository.child(&repository.floor()?))];
            let open = OpenRegistry::start(&sandboxed.registry, repository.beside("registry"))?;
            let places = [
                ("engine", &["--sandbox"][..]),
                ("registry, login", &["--sandbox", "--push"]),
                ("registry", &["--sandbox", "--push", "--registry", &open.address]),
            ];
            for (place, options) in places {
                let build = repository.tool(&[&["build-lambdas"], options].concat())?;
                let built = sandboxed.with_env(repository.child(&build)).stderr_null().read()?;
                // `<name> <reference>@<digest>`
                let references = built.lines().filter_map(|line| line.split_once(' ')?.1.split('@').next());
                let ask = [this()?.into(), COMMAND.to_owned(), place.to_owned()];
                let ask: Vec<_> = ask.into_iter().chain(references.map(str::to_owned)).collect();
                let plan = repository.tool(&[&["plan"], options].concat())?;
                for (name, command) in
                    [(format!("{place}: questions alone"), ask), (format!("{place}: plan"), plan)]
                {
                    cases.push(Case::new(name, sandboxed.with_env(repository.child(&command))));
                }
            }
            report::table(&cases, &in_turn(&cases, runs)?);
        }
        Ok(())
    })
}

/// Asks `place`, the engine or the registry of the environment, about all `references`.
pub fn ask(place: &str, references: &[String]) -> Result<usize> {
    let env = Env::current();
    let references: Vec<_> = references.iter().map(|text| ImageRef::parse(text)).collect::<Result<_, _>>()?;
    let found = match place {
        "engine" => Engine::at(&Endpoint::discover(&env)?)?.find(&references)?,
        "registry" | "registry, login" => Oci::new(&env, Vec::new()).find(&references)?,
        other => bail!("`{other}` is neither the engine nor the registry"),
    };
    Ok(found.into_iter().collect::<Option<Vec<_>>>().context("an image is missing")?.len())
}
