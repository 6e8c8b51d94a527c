//! The login for a cloud and the registry that it keeps. Asks, and changes nothing.

use layerwise::graph::Graph;

use super::Finding;
use crate::context::Context;
use crate::error::CliError;
use crate::machine::Machine;
use crate::repositories::repositories;
use crate::wiring::Place;

/// Who we are, whether the registry lets us in, and whether its repositories are as they are to be.
pub fn check(context: &Context<'_>, machine: &Machine<'_>, place: &Place) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(cloud) = context.cloud
        && (machine.cloud().is_some() || place.records.address().is_some())
    {
        findings.push(match cloud.identity(machine.env()) {
            Ok(identity) => Finding::ok("login", identity),
            Err(error) => failed("login", error.into()),
        });
    }
    if let Some(registry) = machine.cloud() {
        findings.push(match registry.login() {
            Ok(_) => Finding::ok("registry", "gives a login for pushing"),
            Err(error) => failed("registry", error.into()),
        });
        let different = || -> Result<Vec<String>, CliError> {
            let Graph { targets } = context.graph()?;
            let mut different = Vec::new();
            for wish in repositories(place, &targets) {
                if !registry.differences(&wish)?.is_empty() {
                    different.push(wish.name);
                }
            }
            Ok(different)
        };
        findings.push(match different() {
            Ok(different) if different.is_empty() => {
                Finding::ok("repositories", "are as the settings ask for")
            }
            Ok(different) => {
                let message = format!("not as the settings ask for: {}", different.join(", "));
                Finding::warning(
                    "repositories",
                    message,
                    "`cargo xtask registry plan` says what is different",
                )
            }
            Err(error) => failed("repositories", error),
        });
    }
    findings
}

fn failed(topic: &'static str, error: CliError) -> Finding {
    Finding::error(topic, error.to_string(), error.hint())
}
