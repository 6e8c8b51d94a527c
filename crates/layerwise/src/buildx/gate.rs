//! Keeps builds apart that would give different values to a secret of the same id.
//!
//! BuildKit runs a step that two builds share at the same moment only once, and a secret's value is no part of what
//! makes steps the same: the second build would get what the first one's secret gave. Builds of other processes are
//! beyond our reach.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::builder::SecretValue;
use crate::process::Cancel;

/// The secrets of the builds that run now.
#[derive(Default)]
pub struct Gate {
    inside: Mutex<Vec<Vec<SecretValue>>>,
    left: Condvar,
}

/// Leave to build, until it is dropped.
pub struct Pass<'gate> {
    gate: &'gate Gate,
    secrets: Vec<SecretValue>,
}

impl Gate {
    /// Waits until no build runs that contradicts `secrets`; `None` when cancelled meanwhile.
    pub fn enter(&self, secrets: &[SecretValue], cancel: &Cancel) -> Option<Pass<'_>> {
        let mut inside = self.lock();
        while inside.iter().any(|other| contradict(other, secrets)) {
            if cancel.is_cancelled() {
                return None;
            }
            let waited = self.left.wait_timeout(inside, Duration::from_millis(50));
            inside = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        inside.push(secrets.to_vec());
        Some(Pass { gate: self, secrets: secrets.to_vec() })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<SecretValue>>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut inside = self.gate.lock();
        if let Some(index) = inside.iter().position(|secrets| *secrets == self.secrets) {
            inside.swap_remove(index);
        }
        self.gate.left.notify_all();
    }
}

fn contradict(a: &[SecretValue], b: &[SecretValue]) -> bool {
    a.iter().any(|a| b.iter().any(|b| a.id == b.id && a.from != b.from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::SecretSource;

    fn secrets(value: &str) -> Vec<SecretValue> {
        vec![SecretValue { id: "token".into(), from: SecretSource::Text(value.into()) }]
    }

    #[test]
    fn only_a_contradiction_waits() {
        let (gate, cancel) = (Gate::default(), Cancel::default());
        let first = gate.enter(&secrets("a"), &cancel).unwrap();
        let _same = gate.enter(&secrets("a"), &cancel).unwrap();
        let _none = gate.enter(&[], &cancel).unwrap();
        std::thread::scope(|scope| {
            let other = scope.spawn(|| gate.enter(&secrets("b"), &cancel).is_some());
            drop((first, _same));
            assert!(other.join().unwrap());
        });
        let _b = gate.enter(&secrets("b"), &cancel).unwrap();
        cancel.cancel();
        assert!(gate.enter(&secrets("c"), &cancel).is_none());
    }
}
