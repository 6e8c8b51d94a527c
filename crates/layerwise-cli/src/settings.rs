//! What a monorepo says in its own code about where its images and records are, and its stacks. Plain data: reads nothing,
//! and holds no secret.
//!
//! What is typed wins, then what a variable says, then the chosen stack, then what holds for all stacks.

use layerwise::cloud::RepositoryRules;
use layerwise::process::Env;

use crate::error::CliError;

/// A monorepo's settings, or one stack's difference to them.
///
/// ```
/// use layerwise_cli::Settings;
///
/// let settings = Settings::new()
///     .registry("123456789012.dkr.ecr.eu-west-1.amazonaws.com")
///     .records("s3://team-records/layerwise")
///     .repository("{name}-{stack}")
///     .stack("dev", Settings::new().jobs(8))
///     .stack("prod", Settings::new().registry("210987654321.dkr.ecr.eu-west-1.amazonaws.com"))
///     .default_stack("dev");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    registry: Option<String>,
    records: Option<String>,
    repository: Option<String>,
    jobs: Option<u16>,
    repositories: Option<RepositoryRules>,
    function: Option<String>,
    default_stack: Option<String>,
    stacks: Vec<(String, Settings)>,
}

/// The settings of a run: one stack's, or those of a monorepo without stacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The stack.
    pub stack: Option<String>,
    /// Where images are pushed to, and what comes before their names there.
    pub registry: Option<String>,
    /// Where finished builds are remembered.
    pub records: Option<String>,
    /// The name of an image's repository, with `{name}` in it and no other placeholder.
    pub repository: Option<String>,
    /// How many builds at once.
    pub jobs: Option<u16>,
    /// How repositories are to be that a cloud keeps.
    pub repositories: RepositoryRules,
    /// The name of a function, with `{name}` in it and no other placeholder.
    pub function: Option<String>,
}

impl Chosen {
    /// What the function is called that is declared as `name`.
    pub fn function(&self, name: &str) -> String {
        self.function.as_deref().unwrap_or("{name}").replace("{name}", name)
    }
}

impl Settings {
    /// Nothing is said.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The registry that `--push` pushes to, and what comes before an image's name there: `host[:port][/path]`. Over it:
    /// `--registry`, `LAYERWISE_REGISTRY`.
    #[must_use]
    pub fn registry(mut self, prefix: impl Into<String>) -> Self {
        self.registry = Some(prefix.into());
        self
    }

    /// Where finished builds are remembered: a folder, from the repository's root, or `s3://bucket/prefix`. Over it:
    /// `--records`, `LAYERWISE_RECORDS`.
    #[must_use]
    pub fn records(mut self, place: impl Into<String>) -> Self {
        self.records = Some(place.into());
        self
    }

    /// The name of an image's repository, below the registry's prefix: `{name}` is the image's, `{stack}` the stack's.
    /// `{name}` unless said. Over it: `LAYERWISE_REPOSITORY`.
    #[must_use]
    pub fn repository(mut self, pattern: impl Into<String>) -> Self {
        self.repository = Some(pattern.into());
        self
    }

    /// How many builds at once. Over it: `--jobs`, `LAYERWISE_JOBS`.
    #[must_use]
    pub fn jobs(mut self, jobs: u16) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// How repositories of ECR are to be; [`RepositoryRules::default`] unless said. A missing one is created like that,
    /// and `registry apply` makes it so later.
    #[must_use]
    pub fn repositories(mut self, rules: RepositoryRules) -> Self {
        self.repositories = Some(rules);
        self
    }

    /// The name of a Lambda function: `{name}` is the one that an image's declaration gives it, or the image's own, `{stack}`
    /// the stack's. `{name}` unless said. Over it: `LAYERWISE_FUNCTION`.
    #[must_use]
    pub fn function(mut self, pattern: impl Into<String>) -> Self {
        self.function = Some(pattern.into());
        self
    }

    /// The stack `name` and what is different in it. `--stack` or `LAYERWISE_STACK` chooses it.
    #[must_use]
    pub fn stack(mut self, name: impl Into<String>, difference: Settings) -> Self {
        self.stacks.push((name.into(), difference));
        self
    }

    /// The stack that is meant when none is chosen. Without it, whoever pushes has to choose.
    #[must_use]
    pub fn default_stack(mut self, name: impl Into<String>) -> Self {
        self.default_stack = Some(name.into());
        self
    }

    /// The settings of the stack `typed`, else of the one that the environment chooses, else of the default one.
    pub(crate) fn choose(&self, typed: Option<&str>, env: &Env) -> Result<Chosen, CliError> {
        let stack = typed.or_else(|| env.get("LAYERWISE_STACK")).or(self.default_stack.as_deref());
        let nothing = Settings::default();
        let own = match stack {
            None => &nothing,
            Some(name) => {
                let found = self.stacks.iter().find(|(other, _)| other == name);
                &found.ok_or_else(|| CliError::UnknownStack { name: name.to_owned(), known: self.names() })?.1
            }
        };
        let said = |variable: &str, own: &Option<String>, all: &Option<String>| {
            env.get(variable).map(str::to_owned).or_else(|| own.clone()).or_else(|| all.clone())
        };
        let jobs = match env.get("LAYERWISE_JOBS") {
            None => own.jobs.or(self.jobs),
            Some(value) => {
                let jobs = value.parse().ok().filter(|jobs| *jobs > 0);
                Some(jobs.ok_or_else(|| wrong("LAYERWISE_JOBS", value, "a number from 1 to 65535"))?)
            }
        };
        let repository = said("LAYERWISE_REPOSITORY", &own.repository, &self.repository);
        let function = said("LAYERWISE_FUNCTION", &own.function, &self.function);
        Ok(Chosen {
            stack: stack.map(str::to_owned),
            registry: said("LAYERWISE_REGISTRY", &own.registry, &self.registry),
            records: said("LAYERWISE_RECORDS", &own.records, &self.records),
            repository: repository
                .map(|text| pattern("the name of repositories", &text, stack))
                .transpose()?,
            function: function.map(|text| pattern("the name of functions", &text, stack)).transpose()?,
            jobs,
            repositories: own.repositories.clone().or_else(|| self.repositories.clone()).unwrap_or_default(),
        })
    }

    fn names(&self) -> Vec<String> {
        self.stacks.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Whoever pushes has to say to which stack.
    pub(crate) fn needs_a_stack(&self, chosen: &Chosen) -> Result<(), CliError> {
        let open = [&chosen.repository, &chosen.function];
        let open = open.into_iter().flatten().any(|pattern| pattern.contains("{stack}"));
        if chosen.stack.is_none() && (open || !self.stacks.is_empty()) {
            return Err(CliError::NoStack { known: self.names() });
        }
        Ok(())
    }
}

/// `text` with the stack in it.
fn pattern(what: &'static str, text: &str, stack: Option<&str>) -> Result<String, CliError> {
    let filled = match stack {
        Some(stack) => text.replace("{stack}", stack),
        // It is said when somebody pushes: until then nothing has a name.
        None => text.to_owned(),
    };
    let rest = filled.replacen("{name}", "", 1).replace("{stack}", "");
    if filled.contains("{name}") && !rest.contains(['{', '}']) {
        return Ok(filled);
    }
    Err(wrong(what, text, "a text with {name} in it once, and {stack} where wanted"))
}

fn wrong(name: &'static str, value: &str, known: &str) -> CliError {
    CliError::Setting { name, value: value.to_owned(), known: known.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new()
            .registry("registry.example.com/team")
            .records("s3://team-records")
            .repository("{name}-{stack}")
            .function("receipts-{name}-{stack}")
            .jobs(4)
            .stack("dev", Settings::new())
            .stack("prod", Settings::new().registry("prod.example.com").jobs(2))
    }

    fn choose(typed: Option<&str>, env: &[(&str, &str)]) -> Result<Chosen, String> {
        settings().choose(typed, &env.iter().copied().collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_stack_says_what_is_different_in_it() {
        let dev = choose(Some("dev"), &[]).unwrap();
        assert_eq!(dev.registry.as_deref(), Some("registry.example.com/team"));
        assert_eq!((dev.repository.as_deref(), dev.jobs), (Some("{name}-dev"), Some(4)));
        assert_eq!(dev.function("ping"), "receipts-ping-dev");
        let prod = choose(None, &[("LAYERWISE_STACK", "prod")]).unwrap();
        assert_eq!(prod.registry.as_deref(), Some("prod.example.com"));
        assert_eq!(prod.records.as_deref(), Some("s3://team-records"));
        assert_eq!((prod.repository.as_deref(), prod.jobs), (Some("{name}-prod"), Some(2)));
    }

    #[test]
    fn a_variable_wins_over_the_code_and_a_flag_over_the_variable() {
        let variables = [
            ("LAYERWISE_STACK", "dev"),
            ("LAYERWISE_REGISTRY", "localhost:5000"),
            ("LAYERWISE_REPOSITORY", "x/{name}"),
            ("LAYERWISE_JOBS", "7"),
        ];
        let chosen = choose(Some("prod"), &variables).unwrap();
        assert_eq!(chosen.stack.as_deref(), Some("prod"));
        assert_eq!(chosen.registry.as_deref(), Some("localhost:5000"));
        assert_eq!((chosen.repository.as_deref(), chosen.jobs), (Some("x/{name}"), Some(7)));
    }

    #[test]
    fn without_a_choice_there_may_be_a_default() {
        let env = Env::default();
        let none = settings().choose(None, &env).unwrap();
        assert_eq!(none.stack, None);
        assert!(settings().needs_a_stack(&none).is_err());
        let by_default = settings().default_stack("dev");
        let chosen = by_default.choose(None, &env).unwrap();
        assert_eq!(chosen.stack.as_deref(), Some("dev"));
        assert!(by_default.needs_a_stack(&chosen).is_ok());
        let without = Settings::new().registry("r.example.com");
        assert!(without.needs_a_stack(&without.choose(None, &env).unwrap()).is_ok());
    }

    #[test]
    fn what_cannot_be_is_said() {
        assert_eq!(choose(Some("pord"), &[]).unwrap_err(), "there is no stack `pord`; there is dev, prod");
        let jobs = choose(None, &[("LAYERWISE_JOBS", "0")]).unwrap_err();
        assert_eq!(jobs, "LAYERWISE_JOBS is `0`, which is not one of: a number from 1 to 65535");
        for pattern in ["layers", "{name}-{stag}", "{name}/{name}"] {
            let error = choose(None, &[("LAYERWISE_REPOSITORY", pattern)]).unwrap_err();
            assert!(error.contains(&format!("`{pattern}`")), "{error}");
        }
    }
}
