//! What the development loop tells while it goes on, and what it asks of whoever started it. Plain data and one port;
//! prints nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use layerwise::difference::Change;
use layerwise::fingerprint::Ingredients;
use layerwise::image_ref::ImageRef;
use layerwise::inspect::{Inspection, Problem};
use layerwise::process::Cancel;

use crate::answer::Answer;
use crate::error::DevError;

/// Whoever started the loop: it looks at the sources, builds and prints.
pub trait Host: Sync {
    /// The images as the sources say now.
    ///
    /// # Errors
    /// Every [`Problem`] of the sources.
    fn inspect(&self) -> Result<Inspection, Vec<Problem>>;

    /// Builds what is stale among the targets at `places`, on stable bases, which are built as their sources say only when
    /// `rebuild_bases` says so or they are missing. Answers about each one that is there now. What went wrong is said
    /// before it returns.
    fn build(
        &self,
        inspection: &Inspection,
        places: &BTreeSet<usize>,
        rebuild_bases: bool,
        cancel: &Cancel,
    ) -> BTreeMap<usize, Made>;

    /// An image that holds debugpy below `/opt/layerwise`, for the Python of the target at `place`. What went wrong is said
    /// before it returns.
    fn debugger(&self, inspection: &Inspection, place: usize, cancel: &Cancel) -> Option<ImageRef>;

    /// Compiles the declarations as they are now. Whether that went well; if not, why was said.
    fn compile(&self, cancel: &Cancel) -> bool;

    /// What Layerwise's user has to be told. Called from several threads.
    fn tell(&self, told: Told<'_>);
}

/// An image that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its tag.
    pub image: ImageRef,
    /// Whether it was there already, so that nothing has been said of it.
    pub fresh: bool,
    /// What the bases below it were made of, by their labels, as far as that is known.
    pub bases: BTreeMap<String, Ingredients>,
}

/// A function that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Its name.
    pub name: String,
    /// Its own port.
    pub port: u16,
    /// What its image stands on.
    pub base: String,
    /// Whether it runs; if not, its image could not be built or started.
    pub runs: bool,
}

/// Why a container was started anew from the same image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Somebody asked for it.
    Asked,
    /// It has ended by itself, or somebody has removed it.
    Ended {
        /// Which container.
        id: String,
    },
    /// It did not answer in time.
    Stuck,
}

/// What happened.
#[derive(Debug)]
pub enum Told<'a> {
    /// Containers that an earlier run left were removed.
    Leftovers(&'a [String]),
    /// All that was asked for is there, or was tried.
    Serving {
        /// The port of all functions by name.
        port: u16,
        /// The functions, in the order of their declaration.
        functions: &'a [Served],
        /// Since the start.
        took: Duration,
    },
    /// Files of a container were brought up to date.
    Synced {
        /// The function.
        name: &'a str,
        /// Why.
        changes: &'a [Change],
        /// How long it took from the moment at which the change was known.
        took: Duration,
    },
    /// A file that was put into a container cannot be compiled.
    Broken {
        /// The function.
        name: &'a str,
        /// The file, from the repository's root.
        path: &'a str,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: &'a str,
    },
    /// The sources of a base have changed in a way that only a build of the base would show.
    Drifted {
        /// The function.
        name: &'a str,
        /// How.
        changes: &'a [Change],
    },
    /// A container of another image has taken over.
    Swapped {
        /// The function.
        name: &'a str,
        /// The image.
        image: &'a ImageRef,
        /// Why, where no build has said it.
        because: &'a [Change],
        /// How long starting it took.
        took: Duration,
    },
    /// A container was started anew from the same image.
    Restarted {
        /// The function.
        name: &'a str,
        /// Why.
        why: &'a Why,
        /// How long it took.
        took: Duration,
    },
    /// Something could not be done with a function.
    Failed {
        /// The function.
        name: &'a str,
        /// Why.
        error: &'a DevError,
    },
    /// The sources cannot be read as they are; everything stays as it was.
    Problems(&'a [Problem]),
    /// The sources can be read again.
    Readable,
    /// The engine does not answer; it is asked again until it does.
    EngineGone(&'a DevError),
    /// The engine answers again.
    EngineBack,
    /// The declarations themselves have changed, which the running program cannot follow.
    Declarations,
    /// From now on some changes are seen only together with others.
    Unwatched(&'a DevError),
    /// Changes may have been missed.
    Lost(&'a str),
    /// A function waits for an editor's debugger.
    Debugging {
        /// Which one.
        name: &'a str,
        /// Where.
        port: u16,
        /// What the editor has to know.
        configuration: &'a str,
    },
    /// A function printed a line.
    Printed {
        /// Which one, counted as it is served.
        function: usize,
        /// Its name.
        name: &'a str,
        /// The line.
        line: &'a str,
    },
    /// A function answered.
    Invoked {
        /// Which one.
        name: &'a str,
        /// What.
        answer: &'a Answer,
        /// Whether it was asked from here, so that nobody else has seen the answer.
        from_here: bool,
    },
    /// There is nothing to invoke again.
    NothingToRepeat,
}
