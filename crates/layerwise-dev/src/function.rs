//! What is run: one Lambda image as one container. Plain data and the environment that follows from it; starts nothing.

use layerwise::graph::Target;
use layerwise::image::OnThisMachine;
use layerwise::image_ref::ImageRef;
use layerwise::platform::Platform;

use crate::debug;

/// Seconds that an invocation may take when nothing is declared. Lambda's own default of three is too little for a first
/// call on a laptop.
pub const DEFAULT_TIMEOUT: u16 = 60;

/// A function to run on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// What it is called: its image's label.
    pub name: String,
    /// The image to run.
    pub image: ImageRef,
    /// The image's platform.
    pub platform: Platform,
    /// How long an invocation may take, in seconds.
    pub timeout: u16,
    /// What it may use, in megabytes; as much as there is when nothing is declared.
    pub memory: Option<u16>,
    /// Environment variables that only hold here.
    pub env: Vec<(String, String)>,
    /// Whether its container publishes a debugger.
    pub debug: bool,
}

impl Function {
    /// The function that `target` declares, run from `image`.
    #[must_use]
    pub fn of(target: &Target, image: ImageRef) -> Self {
        let OnThisMachine { timeout: _, memory, env, events: _ } = &target.image.on_this_machine;
        Self {
            name: target.label.clone(),
            image,
            platform: target.platform,
            timeout: Self::timeout_of(target),
            memory: *memory,
            env: env.clone(),
            debug: false,
        }
    }

    /// The same under a debugger, with time to look around.
    #[must_use]
    pub fn debugged(self) -> Self {
        Self { timeout: debug::TIMEOUT, debug: true, ..self }
    }

    /// How long an invocation of what `target` declares may take, in seconds.
    #[must_use]
    pub fn timeout_of(target: &Target) -> u16 {
        target.image.on_this_machine.timeout.unwrap_or(DEFAULT_TIMEOUT)
    }

    /// The environment that Lambda sets and an image does not have, as the emulator understands it
    /// ([Lambda, defined runtime environment variables](https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html)),
    /// and what is declared for this machine.
    #[must_use]
    pub fn environment(&self) -> Vec<String> {
        let mut env = vec![
            format!("AWS_LAMBDA_FUNCTION_NAME={}", self.name),
            format!("AWS_LAMBDA_FUNCTION_TIMEOUT={}", self.timeout),
        ];
        env.extend(self.memory.map(|memory| format!("AWS_LAMBDA_FUNCTION_MEMORY_SIZE={memory}")));
        env.extend(self.env.iter().map(|(name, value)| format!("{name}={value}")));
        env
    }
}
