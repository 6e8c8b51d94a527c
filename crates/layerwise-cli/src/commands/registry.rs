//! `registry plan` and `registry apply`: the repositories of all declared images in a registry that a cloud keeps. Deletes
//! nothing.

use crate::args::{Pushed, Registry, Where};
use crate::console::Tone;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::machine::Machine;
use crate::repositories::repositories;
use crate::wiring::{Place, running_sandbox};

pub fn run(context: &Context<'_>, typed: &Registry) -> Result<Exit, CliError> {
    let (pushed, apply): (&Pushed, bool) = match typed {
        Registry::Plan(pushed) => (pushed, false),
        Registry::Apply(pushed) => (pushed, true),
    };
    let graph = context.graph()?;
    let asked = Where::from(pushed);
    let sandbox = running_sandbox(&asked)?;
    let place = Place::new(context, &asked, sandbox.as_ref())?;
    let machine = Machine::new(context, &place, None, sandbox);
    let cloud = machine.cloud().ok_or_else(|| place.not_the_clouds())?;
    let wishes = repositories(&place, &graph.targets);
    let width = wishes.iter().map(|wish| wish.name.chars().count()).max().unwrap_or(0);
    let mut different = 0;
    for wish in &wishes {
        let differences = cloud.differences(wish)?;
        for difference in &differences {
            context.console.result(&format!("{:width$}  {difference}", wish.name));
        }
        if !differences.is_empty() {
            different += 1;
            if apply {
                cloud.apply(wish)?;
            }
        }
    }
    let (verb, end) = if apply { ("Applied", "set up") } else { ("Planned", "to be set up") };
    let message = format!("{different} of {} repositories {end}", wishes.len());
    context.console.status(Tone::Good, verb, &message);
    Ok(Exit::Done)
}
