//! `doctor`: everything that was looked at, the worst last. Changes nothing.

use layerwise::inspect::{Broken, Problem};
use layerwise_sandbox::Running;
use serde::Serialize;

use crate::args::{Doctor, Where};
use crate::context::Context;
use crate::doctor::{Finding, Severity, cloud, machine, modes, pins, secrets};
use crate::error::CliError;
use crate::exit::Exit;
use crate::machine::Machine;
use crate::summary::{self, SCHEMA};
use crate::wiring::{Place, running_sandbox};
use crate::wording;

/// The JSON form.
#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    findings: &'a [Finding],
}

pub fn run(context: &Context<'_>, typed: &Doctor) -> Result<Exit, CliError> {
    let asked = Where { sandbox: typed.sandbox, ..Where::default() };
    let sandbox = running_sandbox(&asked)?;
    let place = Place::new(context, &asked, sandbox.as_ref())?;
    let own = Machine::new(context, &place, None, sandbox.clone());
    let pushed = pushed(context, typed, sandbox.as_ref())?;
    let records = pushed.as_ref().map_or(&place.records, |pushed| &pushed.records);
    let mut findings = machine::check(&own, records, &context.work());
    if let Some(pushed) = &pushed {
        findings.extend(cloud::check(context, &Machine::new(context, pushed, None, sandbox), pushed));
    }
    findings.extend(declarations(context));
    findings.sort_by_key(|finding| finding.severity);

    let console = context.console;
    let worst = findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok);
    if typed.json {
        console.result(&summary::json(&Report { schema: SCHEMA, findings: &findings }));
    } else {
        findings.iter().for_each(|finding| show(context, finding));
        let number = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        let (warnings, errors) = (number(Severity::Warning), number(Severity::Error));
        console.result(&format!(
            "\n{}, {}",
            wording::count(errors, "error"),
            wording::count(warnings, "warning")
        ));
    }
    Ok(if worst == Severity::Error { Exit::Environment } else { Exit::Done })
}

/// Where images are pushed to, if that is known.
fn pushed(
    context: &Context<'_>,
    typed: &Doctor,
    sandbox: Option<&Running>,
) -> Result<Option<Place>, CliError> {
    let chosen = context.settings.choose(typed.stack.as_deref(), context.env)?;
    let is_known = typed.registry.is_some() || chosen.registry.is_some();
    if !is_known || context.settings.needs_a_stack(&chosen).is_err() {
        return Ok(None);
    }
    let (stack, registry) = (typed.stack.clone(), typed.registry.clone());
    let asked = Where { sandbox: typed.sandbox, push: true, stack, registry, ..Where::default() };
    Place::new(context, &asked, sandbox).map(Some)
}

fn declarations(context: &Context<'_>) -> Vec<Finding> {
    let finding = |problem: &Problem| Finding::error("images", problem.to_string(), problem.hint());
    let inspection = match context.inspect() {
        Ok(inspection) => inspection,
        Err(CliError::Problems(problems)) => return problems.iter().map(finding).collect(),
        Err(error) => return vec![Finding::error("images", error.to_string(), error.hint())],
    };
    let problems = inspection.broken.iter().flat_map(Broken::problems);
    let mut findings: Vec<Finding> = problems.map(finding).collect();
    if inspection.broken.is_empty() {
        let count = wording::count(inspection.targets.len(), "image");
        findings.push(Finding::ok("images", format!("{count} declared, every input readable")));
    }
    findings.extend(secrets::check(&inspection));
    findings.extend(modes::check(&inspection));
    findings.extend(pins::bases(&inspection.graph));
    findings.extend(pins::requirements(&inspection));
    findings
}

fn show(context: &Context<'_>, finding: &Finding) {
    let Finding { severity, topic, message, remedy } = finding;
    context
        .console
        .result(&format!("{} {topic:<12}  {message}", context.console.strong(&format!("{severity:<7}"))));
    if let Some(remedy) = remedy {
        context.console.result(&format!("{:22}{remedy}", ""));
    }
}
