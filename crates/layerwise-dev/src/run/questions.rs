//! Questions to functions, which wait for what was saved before them, and what their answers lead to; an engine that does not answer.

use hyper::body::Bytes;

use super::Run;
use crate::answer::Answer;
use crate::door::Refused;
use crate::error::DevError;
use crate::invoke::Failure;
use crate::session::ask;
use crate::told::{Told, Why};

impl<'scope, 'env: 'scope> Run<'scope, 'env> {
    /// All that was saved before this mark is known: who waits for no operation goes on.
    pub(super) fn marked(&mut self, mark: u64) {
        for (number, lambda, settled) in std::mem::take(&mut self.marks) {
            if number > mark {
                self.marks.push((number, lambda, settled));
            } else if self.desk.is_busy(lambda) && !(self.is_built(lambda) && self.lambdas[lambda].runs()) {
                self.waiting[lambda].push(settled);
            }
        }
    }

    pub(super) fn invoked(
        &mut self,
        lambda: usize,
        event: Bytes,
        answer: Result<Answer, Refused>,
        from_here: bool,
    ) {
        let name = &self.lambdas[lambda].name;
        match answer {
            Ok(answer) => {
                self.tools.host.tell(Told::Invoked { name, answer: &answer, from_here });
            }
            Err(Refused::NotRunning) => {}
            Err(Refused::Failed(Failure::Stuck(answer))) => {
                self.tools.host.tell(Told::Invoked { name, answer: &answer, from_here });
                self.start_anew(lambda, Why::Stuck);
            }
            Err(Refused::Failed(Failure::Broken(cause))) => {
                let error = DevError::NoAnswer { name: name.clone(), cause };
                self.tools.host.tell(Told::Failed { name, error: &error });
                self.start_anew(lambda, Why::Stuck);
            }
        }
        self.last = Some((lambda, event));
    }

    /// Asks the last question again.
    pub(super) fn repeat(&mut self) {
        let Some((lambda, event)) = self.last.clone() else {
            self.tools.host.tell(Told::NothingToRepeat);
            return;
        };
        let (door, messages) = (self.lambdas[lambda].door.clone(), self.tools.messages.clone());
        self.tools.containers.driver().spawn(async move {
            drop(ask(door, messages, lambda, event, true).await);
        });
    }

    /// The engine does not answer; it is asked again until it does.
    pub(super) fn lose_engine(&mut self) {
        if !self.engine_gone
            && let Err(error) = self.tools.containers.ping()
        {
            self.engine_gone = true;
            self.tools.host.tell(Told::EngineGone(&error));
        }
    }

    /// An engine that was gone may be back.
    pub(super) fn ask_engine(&mut self) {
        if self.tools.containers.ping().is_err() {
            return;
        }
        self.engine_gone = false;
        self.tools.host.tell(Told::EngineBack);
        for lambda in 0..self.lambdas.len() {
            if !self.lambdas[lambda].runs() {
                self.want(lambda);
            }
        }
    }
}
