//! What the threads and tasks of the development loop say to each other: everything goes through one queue, so that
//! one thread decides.

use std::collections::BTreeSet;

use hyper::body::Bytes;
use tokio::sync::oneshot;

use crate::answer::Answer;
use crate::door::Refused;
use crate::lambda::{Swapped, Then};
use crate::watch::Seen;

/// A key that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Start every function anew.
    Restart,
    /// Build every image again that is stale, and start anew what is.
    Build,
    /// Ask the last question again.
    Invoke,
    /// Compile the declarations and begin anew with them.
    Renew,
    /// End.
    Quit,
}

/// Something for the loop.
pub(crate) enum Message {
    /// Of the watcher.
    Seen(Seen),
    /// An operation has ended.
    Done { lambda: usize, then: Then },
    /// A container of a newly built image has taken over, or could not.
    Swapped { lambda: usize, then: Then, swapped: Option<Swapped> },
    /// A build has ended, and what it built was started; these could not be built.
    Built { lambdas: BTreeSet<usize> },
    /// A container printed something.
    Printed { lambda: usize, line: String },
    /// A container has ended.
    Ended { lambda: usize, id: String },
    /// A question waits until all that was saved before it is done. Dropping the sender lets it go on.
    Settle { lambda: usize, settled: oneshot::Sender<()> },
    /// A question was answered.
    Invoked { lambda: usize, event: Bytes, answer: Result<Answer, Refused>, from_here: bool },
    /// The declarations were compiled, or could not be.
    Compiled(bool),
    /// A key was pressed.
    Key(Key),
}
