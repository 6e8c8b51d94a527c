//! How the console looks: colours, live area, verbosity, decided once from what was typed and what is there. Pure.

use layerwise::process::Env;

use crate::surroundings::Stream;

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are heard.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How the console looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// Colours on stdout.
    pub stdout_color: bool,
    /// Colours on stderr.
    pub stderr_color: bool,
    /// Whether lines may be redrawn in place.
    pub live: bool,
    /// Nothing but errors and results.
    pub quiet: bool,
    /// More than usual.
    pub verbose: bool,
}

impl Look {
    /// Decides.
    #[must_use]
    pub fn new(
        choice: ColorChoice,
        quiet: bool,
        verbose: bool,
        env: &Env,
        stdout: &Stream,
        stderr: &Stream,
    ) -> Self {
        let dumb = env.get("TERM") == Some("dumb");
        let color = |terminal: bool| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if env.get("NO_COLOR").is_some() => false,
            ColorChoice::Auto if env.get("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            ColorChoice::Auto => terminal && !dumb && env.get("CLICOLOR") != Some("0"),
        };
        Self {
            stdout_color: color(stdout.terminal.is_some()),
            stderr_color: color(stderr.terminal.is_some()),
            live: stderr.terminal.is_some() && !dumb && !quiet,
            quiet,
            verbose,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surroundings::Size;

    fn stream(terminal: bool) -> Stream {
        Stream {
            writer: Box::new(Vec::new()),
            terminal: terminal.then_some(|| Size { width: 80, height: 24 }),
        }
    }

    #[track_caller]
    fn colored(choice: ColorChoice, env: &[(&str, &str)], terminal: bool, expected: bool) {
        let env = Env::from_iter(env.iter().copied());
        let look = Look::new(choice, false, false, &env, &stream(false), &stream(terminal));
        assert_eq!(look.stderr_color, expected);
    }

    #[test]
    fn the_flag_wins_over_the_environment_and_that_over_the_terminal() {
        colored(ColorChoice::Auto, &[], true, true);
        colored(ColorChoice::Auto, &[], false, false);
        colored(ColorChoice::Auto, &[("NO_COLOR", "1")], true, false);
        colored(ColorChoice::Auto, &[("NO_COLOR", "")], true, true);
        colored(ColorChoice::Auto, &[("CLICOLOR_FORCE", "1")], false, true);
        colored(ColorChoice::Auto, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false, false);
        colored(ColorChoice::Auto, &[("CLICOLOR", "0")], true, false);
        colored(ColorChoice::Auto, &[("TERM", "dumb")], true, false);
        colored(ColorChoice::Always, &[("NO_COLOR", "1")], false, true);
        colored(ColorChoice::Never, &[("CLICOLOR_FORCE", "1")], true, false);
    }

    #[test]
    fn without_colour_lines_still_move() {
        let env = Env::from_iter([("NO_COLOR", "1")]);
        let look = |quiet| Look::new(ColorChoice::Auto, quiet, false, &env, &stream(true), &stream(true));
        assert!(look(false).live && !look(false).stderr_color);
        assert!(!look(true).live);
    }
}
