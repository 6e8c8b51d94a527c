//! The program: images, tasks of the monorepo's own, and one way through from arguments to exit code.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, CommandFactory, FromArgMatches};
use layerwise::cloud::Cloud;
use layerwise::image::Images;

use crate::args::{Command, Typed};
use crate::commands::{self, external};
use crate::console::{ColorChoice, Console, Look};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::root;
use crate::settings::Settings;
use crate::surroundings::Surroundings;

/// A monorepo's command line.
#[derive(Debug)]
pub struct App {
    images: Images,
    externals: Vec<External>,
    cache: Option<String>,
    cloud: Option<Box<dyn Cloud>>,
    settings: Settings,
}

/// A task that is another package of the workspace: it is compiled only when it is called.
#[derive(Debug)]
struct External {
    name: &'static str,
    package: &'static str,
    about: &'static str,
}

impl App {
    /// A command line for `images`.
    #[must_use]
    pub fn new(images: Images) -> Self {
        Self { images, externals: Vec::new(), cache: None, cloud: own_cloud(), settings: Settings::new() }
    }

    /// Adds the task `name`: it runs the binary of the workspace's `package` with all arguments that follow.
    #[must_use]
    pub fn external(mut self, name: &'static str, package: &'static str, about: &'static str) -> Self {
        self.externals.push(External { name, package, about });
        self
    }

    /// Lets builds share layers by this repository of a registry, unless the command line or `LAYERWISE_CACHE` names another one.
    #[must_use]
    pub fn cache(mut self, repository: impl Into<String>) -> Self {
        self.cache = Some(repository.into());
        self
    }

    /// Takes these settings, where neither an argument nor a variable says otherwise.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Opens what lies in a cloud by `cloud`. With the feature `aws` that is AWS without a word.
    #[must_use]
    pub fn cloud(mut self, cloud: impl Cloud + 'static) -> Self {
        self.cloud = Some(Box::new(cloud));
        self
    }

    /// Runs as this process.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        match Surroundings::of_process() {
            Ok(surroundings) => self.run_in(surroundings).into(),
            // Without a current folder there is nothing that a console could be made for.
            Err(_) => Exit::Environment.into(),
        }
    }

    /// Runs with what `surroundings` says and nothing else.
    #[must_use]
    pub fn run_in(&self, surroundings: Surroundings) -> Exit {
        let Surroundings { args, env, folder, stdout, stderr, signals } = surroundings;
        let width = stdout.terminal.map_or(100, |size| size().width.min(100));
        let program = std::iter::once("xtask".into());
        let matches = match self.command().term_width(width).try_get_matches_from(program.chain(args)) {
            Ok(matches) => matches,
            Err(error) => {
                let look = Look::new(ColorChoice::Auto, false, false, &env, &stdout, &stderr);
                return show(&error, look, &Console::new(stdout, stderr, look));
            }
        };
        if let Some((external, args)) = self.called_external(&matches) {
            let look = Look::new(ColorChoice::Auto, false, false, &env, &stdout, &stderr);
            let error = external::run(external.package, &args, &env);
            return ended(Err(error), &Console::new(stdout, stderr, look));
        }
        let Typed { global, command } = match Typed::from_arg_matches(&matches) {
            Ok(typed) => typed,
            Err(error) => {
                let look = Look::new(ColorChoice::Auto, false, false, &env, &stdout, &stderr);
                return show(&error, look, &Console::new(stdout, stderr, look));
            }
        };
        let look = Look::new(global.color, global.quiet, global.verbose, &env, &stdout, &stderr);
        let console = Console::new(stdout, stderr, look);
        if let Command::Completions { shell } = command {
            return commands::completions::run(self.command(), shell, &console);
        }
        let said = global.root.or_else(|| env.path("LAYERWISE_ROOT"));
        let result = root::find(said.as_deref(), &folder).map_err(CliError::from).and_then(|root| {
            let context = Context {
                images: &self.images,
                root,
                cache: self.cache.as_deref(),
                env: &env,
                console: &console,
                signals,
                cloud: self.cloud.as_deref(),
                settings: &self.settings,
            };
            commands::run(&context, command)
        });
        ended(result, &console)
    }

    /// clap's tree, with the monorepo's own tasks.
    fn command(&self) -> clap::Command {
        let all = || {
            Arg::new("args")
                .num_args(0..)
                .action(ArgAction::Append)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
        };
        let tasks = self.externals.iter().map(|external| {
            clap::Command::new(external.name).about(external.about).disable_help_flag(true).arg(all())
        });
        Typed::command().subcommands(tasks)
    }

    fn called_external(&self, matches: &ArgMatches) -> Option<(&External, Vec<String>)> {
        let (name, matches) = matches.subcommand()?;
        let external = self.externals.iter().find(|external| external.name == name)?;
        let args = matches.get_many::<String>("args").into_iter().flatten().cloned().collect();
        Some((external, args))
    }
}

fn own_cloud() -> Option<Box<dyn Cloud>> {
    #[cfg(feature = "aws")]
    return Some(Box::new(layerwise_aws::Aws));
    #[cfg(not(feature = "aws"))]
    None
}

/// What clap has to say: help on stdout, errors on stderr.
fn show(error: &clap::Error, look: Look, console: &Console) -> Exit {
    let text = error.render();
    let text = |color: bool| {
        let text = if color { text.ansi().to_string() } else { text.to_string() };
        text.trim_end().to_owned()
    };
    if error.use_stderr() {
        console.text(&text(look.stderr_color));
        Exit::Usage
    } else {
        console.result(&text(look.stdout_color));
        Exit::Done
    }
}

fn ended(result: Result<Exit, CliError>, console: &Console) -> Exit {
    // Whoever reads a half-written document must not be told that all is well.
    let lost = console.lost_result().map_or(Ok(()), |cause| Err(CliError::Output { cause }));
    result.and_then(|exit| lost.map(|()| exit)).unwrap_or_else(|error| {
        error.report(console);
        error.exit()
    })
}
