//! Which development loop runs for a checkout: at most one, found by a lock that ends with its process, and a small file
//! that says where it serves.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::fs::{Lock, remove_if_there, write_if_different};
use layerwise::process::Cancel;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::driver::Driver;
use crate::error::DevError;
use crate::invoke;

/// A development loop that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// The port of all functions by name.
    pub port: u16,
    /// The names of the functions that it serves.
    pub functions: Vec<String>,
}

/// The right to be the one loop of a checkout; the file goes with it.
pub(crate) struct Claim {
    _lock: Lock,
    file: Utf8PathBuf,
}

fn lock(work: &Utf8Path) -> std::io::Result<Option<Lock>> {
    Lock::acquire(&work.join("dev/lock"), || {}, || true)
}

fn file(work: &Utf8Path) -> Utf8PathBuf {
    work.join("dev/running.json")
}

impl Claim {
    /// Takes it; `work` is our own folder below the checkout.
    pub(crate) fn take(work: &Utf8Path) -> Result<Self, DevError> {
        let system = |cause| DevError::System { doing: "lock the development loop of this checkout", cause };
        match lock(work).map_err(system)? {
            Some(lock) => Ok(Self { _lock: lock, file: file(work) }),
            None => {
                let pid =
                    Running::read(work).map_or_else(|| "?".to_owned(), |running| running.pid.to_string());
                Err(DevError::Twice { pid })
            }
        }
    }

    /// Says where the loop serves.
    pub(crate) fn say(&self, running: &Running) -> Result<(), DevError> {
        let system = |cause| DevError::System { doing: "say where the functions are", cause };
        let text = serde_json::to_vec(running).map_err(|error| system(error.into()))?;
        write_if_different(&self.file, &text).map(drop).map_err(system)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Without the lock nobody believes it.
        let _ = remove_if_there(&self.file);
    }
}

impl Running {
    /// The loop that runs for the checkout with our own folder `work`, if one does.
    #[must_use]
    pub fn find(work: &Utf8Path) -> Option<Self> {
        if !work.join("dev/lock").exists() {
            return None;
        }
        // Whoever gets the lock, if only for a moment, is alone.
        match lock(work) {
            Ok(None) => Self::read(work),
            _ => None,
        }
    }

    fn read(work: &Utf8Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(file(work)).ok()?).ok()
    }

    /// Asks the function `name`, which takes all that was saved until now into account.
    ///
    /// # Errors
    /// [`DevError::NoAnswer`] when the loop does not answer, [`DevError::Stopped`] when `cancel` says so first.
    pub fn invoke(&self, name: &str, event: &[u8], cancel: &Cancel) -> Result<Answer, DevError> {
        let driver = Driver::start()
            .map_err(|cause| DevError::System { doing: "start a thread for the question", cause })?;
        let asked = invoke::invoke_by_name(self.port, name, event.to_vec().into());
        let answer = driver.wait(invoke::unless_cancelled(asked, cancel));
        answer?.map_err(|cause| DevError::NoAnswer { name: name.to_owned(), cause })
    }
}
