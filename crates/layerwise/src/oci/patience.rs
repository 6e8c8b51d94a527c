//! How long we wait for a registry, and what is said of one that keeps us waiting. Never asks it anything itself.

use std::time::Duration;

use ureq::config::ConfigBuilder;
use ureq::typestate::{AgentScope, HttpCrateScope};
use ureq::{AsSendBody, Error, Timeout};

/// Tries of one request, as long as what went wrong may pass.
pub const TRIES: u32 = 4;
/// Tries of one that meets silence, which costs the most time and seldom ends.
const TRIES_IN_SILENCE: u32 = 2;

/// Bytes a second, below which nobody waits for the end of an upload.
const SLOWEST: u64 = 64 << 10;

/// How long we wait. Nobody who stands before a silent registry does so for more than half a minute.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection, encryption included.
    pub connect: Duration,
    /// For the next bytes, the first ones too: what goes on may take its time.
    pub silence: Duration,
    /// For a whole answer, of one that sends a few bytes now and then.
    pub whole: Duration,
    /// Before the first new try; twice as long before each further one.
    pub first_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            silence: Duration::from_secs(10),
            whole: Duration::from_secs(30),
            first_wait: Duration::from_millis(250),
        }
    }
}

impl Patience {
    /// Puts the limits into an agent's settings.
    pub fn limit(self, config: ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> {
        config
            .timeout_connect(Some(self.connect))
            .timeout_per_read(Some(self.silence))
            .timeout_global(Some(self.whole))
    }

    /// For a request that moves a layer: a registry goes over what it was sent before it answers.
    pub fn stretched(self) -> Self {
        Self { silence: self.silence * 12, ..self }
    }

    /// Puts the limits into a request that brings `bytes`: it may take as long as they go on.
    pub fn limit_transfer<S: AsSendBody>(
        self,
        bytes: u64,
        request: ConfigBuilder<HttpCrateScope<S>>,
    ) -> ConfigBuilder<HttpCrateScope<S>> {
        request
            .timeout_global(None)
            .timeout_per_read(Some(self.silence))
            .timeout_send_body(Some(self.sending(bytes)))
    }

    /// How long `bytes` may take to go to a registry that takes them at all.
    fn sending(self, bytes: u64) -> Duration {
        self.silence + Duration::from_secs(bytes / SLOWEST)
    }

    /// How often a request is tried that ends like this: once where another try would change nothing.
    pub fn tries(error: &Error) -> u32 {
        match error {
            // An address where nobody listens will not get better.
            Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => 1,
            // The system's resolver has asked several times already.
            Error::HostNotFound => 1,
            Error::Io(error) if is_about_a_name(error) => 1,
            Error::Timeout(Timeout::Global) => 1,
            Error::Timeout(_) => TRIES_IN_SILENCE,
            Error::Io(_) | Error::ConnectionFailed | Error::Protocol(_) => TRIES,
            _ => 1,
        }
    }

    /// What is said of a request that ended like this.
    pub fn cause(&self, error: &Error) -> String {
        let said = |what: &str, limit: Duration| format!("{what} within {} s", limit.as_secs_f32());
        match error {
            Error::Timeout(Timeout::Connect) => said("no connection", self.connect),
            Error::Timeout(Timeout::PerRead) => {
                said("it takes the connection, but says nothing", self.silence)
            }
            Error::Timeout(Timeout::Global) => said("no whole answer", self.whole),
            other => other.to_string(),
        }
    }
}

/// Whether the system did not find a host: it has no kind of error for that, only words.
fn is_about_a_name(error: &std::io::Error) -> bool {
    error.to_string().starts_with("failed to lookup address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_nobody_knows_is_asked_for_once() {
        let error = std::net::ToSocketAddrs::to_socket_addrs("nobody.invalid:443").unwrap_err();
        assert_eq!(Patience::tries(&Error::Io(error)), 1);
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        assert_eq!(Patience::tries(&Error::Io(reset)), TRIES);
    }

    #[test]
    fn an_upload_may_take_as_long_as_it_is_large_but_not_for_ever() {
        let patience = Patience::default().stretched();
        assert_eq!(patience.sending(0), Duration::from_secs(120));
        assert_eq!(patience.sending(640 << 10), Duration::from_secs(130));
    }

    #[test]
    fn silence_costs_half_a_minute_at_most() {
        let patience = Patience::default();
        let silent = patience.connect + patience.silence;
        // A wait is up to half as long again.
        assert!(silent * TRIES_IN_SILENCE + patience.first_wait * 3 / 2 <= Duration::from_secs(31));
        assert!(patience.whole <= Duration::from_secs(30));
    }
}
