//! `deploy`: functions get the pushed images of the sources as they are now, by digest. Builds nothing, and makes no function.

use std::thread;

use layerwise::cloud::{CloudError, Deployed, Functions, Update};
use layerwise::digest::Digest;
use layerwise::graph::Target;
use layerwise::image::Kind;
use layerwise::image_ref::ImageRef;
use layerwise::platform::Platform;

use super::pinned::pinned;
use crate::args::{Deploy, Where};
use crate::console::{Console, Tone};
use crate::context::{Context, select};
use crate::error::CliError;
use crate::exit::Exit;
use crate::machine::Machine;
use crate::settings::Chosen;
use crate::wiring::{Place, running_sandbox};

/// Updates that go on at once; each waits for Lambda most of the time.
const AT_ONCE: usize = 8;

/// A function and the image that it is to run.
pub struct Wish {
    pub function: String,
    pub image: ImageRef,
    /// What the image is made for, where that is known.
    pub platform: Option<Platform>,
}

pub fn run(context: &Context<'_>, typed: &Deploy) -> Result<Exit, CliError> {
    let inspection = context.inspect()?;
    let targets = &inspection.graph.targets;
    let mut selected = select(&inspection.graph, &typed.images)?;
    selected.retain(|place| targets[*place].image.kind == Kind::Lambda);
    if typed.function.is_some() && selected.len() != 1 {
        return Err(CliError::FunctionOfMany);
    }
    let asked = Where::from(&typed.place);
    let sandbox = running_sandbox(&asked)?;
    let place = Place::new(context, &asked, sandbox.as_ref())?;
    let machine = Machine::new(context, &place, None, sandbox);
    let functions = machine.functions().ok_or_else(|| place.not_the_clouds())?;
    let mut wishes = Vec::new();
    for (target, head) in pinned(context, &inspection, &selected, &place, &machine)? {
        let target = &targets[target];
        for function in names(target, typed.function.as_deref(), &place.chosen) {
            let image = head.reference.at_digest(head.digest);
            wishes.push(Wish { function, image, platform: Some(target.platform) });
        }
    }
    if typed.dry_run {
        return said(context.console, wishes.iter().map(|wish| (wish, look(&*functions, wish))).collect());
    }
    said(context.console, give(&*functions, &wishes))
}

/// The functions that run `target`, as they are called in the chosen stack.
pub fn names(target: &Target, typed: Option<&str>, chosen: &Chosen) -> Vec<String> {
    match (typed, target.image.functions.as_slice()) {
        (Some(typed), _) => vec![typed.to_owned()],
        (None, []) => vec![chosen.function(target.name.as_str())],
        (None, declared) => declared.iter().map(|name| chosen.function(name)).collect(),
    }
}

/// Gives every function its image, several at once. One that fails stops no other.
pub fn give<'w>(
    functions: &dyn Functions,
    wishes: &'w [Wish],
) -> Vec<(&'w Wish, Result<Update, CloudError>)> {
    let update = |wish: &'w Wish| (wish, functions.update(&wish.function, &wish.image, wish.platform));
    let mut updates = Vec::new();
    for wishes in wishes.chunks(AT_ONCE) {
        thread::scope(|scope| {
            let running: Vec<_> = wishes.iter().map(|wish| scope.spawn(move || update(wish))).collect();
            for update in running {
                updates.push(update.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
        });
    }
    updates
}

/// What an update would do.
fn look(functions: &dyn Functions, wish: &Wish) -> Result<Update, CloudError> {
    let before = functions.current(&wish.function)?;
    let is_new = before.image.digest() != wish.image.digest();
    Ok(Update { before, version: is_new.then(|| "next".to_owned()) })
}

/// Says what became of each function.
pub fn said(console: &Console, updates: Vec<(&Wish, Result<Update, CloudError>)>) -> Result<Exit, CliError> {
    let width = updates.iter().map(|(wish, _)| wish.function.chars().count()).max().unwrap_or(0);
    let mut failed = false;
    for (Wish { function, image, .. }, update) in updates {
        match update {
            Ok(Update { version: Some(version), before: Deployed { image: before, .. } }) => {
                let short = |image: &ImageRef| image.digest().as_ref().map(Digest::short).unwrap_or_default();
                let (is, was) = (short(image), short(&before));
                let message = format!("{function:width$}  version {version}: {is}, before that {was}");
                console.status(Tone::Good, "Deployed", &message);
                console.result(&format!("{function} {image} {version}"));
            }
            Ok(Update { version: None, before }) => {
                console.status(
                    Tone::Good,
                    "Current",
                    &format!("{function:width$}  it runs this image already"),
                );
                console.result(&format!("{function} {image} {}", before.version));
            }
            Err(error) => {
                failed = true;
                CliError::Cloud(error).report(console);
            }
        }
    }
    Ok(if failed { Exit::Failed } else { Exit::Done })
}
