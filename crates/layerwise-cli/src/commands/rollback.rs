//! `rollback`: a function runs again what an earlier version of it ran. Looks at no source and at no record.

use layerwise::graph::Target;

use super::deploy::{Wish, give, names, said};
use crate::args::{Rollback, Where};
use crate::context::{Context, select};
use crate::error::CliError;
use crate::exit::Exit;
use crate::machine::Machine;
use crate::wiring::{Place, running_sandbox};

pub fn run(context: &Context<'_>, typed: &Rollback) -> Result<Exit, CliError> {
    let graph = context.graph()?;
    let asked = Where::from(&typed.place);
    let sandbox = running_sandbox(&asked)?;
    let place = Place::new(context, &asked, sandbox.as_ref())?;
    let machine = Machine::new(context, &place, None, sandbox);
    let functions = machine.functions().ok_or_else(|| place.not_the_clouds())?;
    let declares = |target: &&Target| target.image.functions.contains(&typed.name);
    let called = match graph.targets.iter().find(declares) {
        Some(_) if typed.function.is_none() => vec![place.chosen.function(&typed.name)],
        Some(target) => names(target, typed.function.as_deref(), &place.chosen),
        None => {
            let selected = select(&graph, std::slice::from_ref(&typed.name))?;
            let targets = selected.iter().map(|place| &graph.targets[*place]);
            targets.flat_map(|target| names(target, typed.function.as_deref(), &place.chosen)).collect()
        }
    };
    let mut wishes = Vec::new();
    for function in called {
        // All are found before any is changed.
        let image = functions.earlier(&function, typed.to.as_deref())?.image;
        wishes.push(Wish { function, image, platform: None });
    }
    said(context.console, give(&*functions, &wishes))
}
