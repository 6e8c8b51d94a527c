//! What the loop begins and what follows from its end: operations on one Lambda, builds of several, the declarations compiled.

use std::collections::BTreeSet;

use super::Run;
use crate::lambda::{Swapped, Then};
use crate::message::Message;
use crate::told::{Served, Told, Why};

impl<'scope, 'env: 'scope> Run<'scope, 'env> {
    /// Begins an operation, or remembers that one is wanted.
    pub(super) fn want(&mut self, lambda: usize) {
        if self.desk.wanted(lambda) {
            self.begin(lambda);
        }
    }

    pub(super) fn start_anew(&mut self, lambda: usize, why: Why) {
        self.renew[lambda] = Some(why);
        self.want(lambda);
    }

    pub(super) fn begin(&mut self, lambda: usize) {
        let (inspection, renew) = (self.inspection.sound(), self.renew[lambda].take());
        let (lambdas, tools) = (self.lambdas, self.tools);
        self.scope.spawn(move || {
            let (then, doubt) = lambdas[lambda].bring(&inspection, renew.as_ref(), tools);
            let _ = tools.messages.send(Message::Done { lambda, then });
            // Nobody has to wait for that.
            if let Some(doubt) = doubt {
                lambdas[lambda].look_twice(doubt, tools);
            }
        });
    }

    pub(super) fn done(&mut self, lambda: usize, then: Then) {
        match then {
            Then::Rest => {}
            Then::Engine => self.lose_engine(),
            Then::Build => {
                self.to_build.insert(lambda);
                // The old container serves until the new one is there; without one there is nothing to ask.
                if self.lambdas[lambda].runs() {
                    self.waiting[lambda].clear();
                }
                self.build_next();
                return;
            }
        }
        self.rest(lambda);
    }

    /// An operation has ended: the next one begins, or whoever waited goes on.
    pub(super) fn rest(&mut self, lambda: usize) {
        if self.desk.ended(lambda) {
            self.begin(lambda);
        } else {
            self.waiting[lambda].clear();
        }
    }

    /// Builds what is to be built, together, and starts it, unless a build goes on already.
    pub(super) fn build_next(&mut self) {
        if self.build_goes_on || self.to_build.is_empty() {
            return;
        }
        self.build_goes_on = true;
        let batch = std::mem::take(&mut self.to_build);
        self.building.clone_from(&batch);
        let rebuild_bases = std::mem::take(&mut self.rebuild_bases);
        let inspection = self.inspection.sound();
        let (lambdas, tools, cancel) = (self.lambdas, self.tools, self.cancel);
        self.scope.spawn(move || {
            let places = batch.iter().map(|&lambda| lambdas[lambda].place).collect();
            let images = tools.host.build(&inspection, &places, rebuild_bases, cancel);
            std::thread::scope(|scope| {
                for &lambda in &batch {
                    let Some(made) = images.get(&lambdas[lambda].place) else { continue };
                    let inspection = &inspection;
                    scope.spawn(move || {
                        let (then, swapped) = lambdas[lambda].swap(inspection, made, tools);
                        let _ = tools.messages.send(Message::Swapped { lambda, then, swapped });
                    });
                }
            });
            let is_there = |lambda: &usize| images.contains_key(&lambdas[*lambda].place);
            let failed = batch.into_iter().filter(|lambda| !is_there(lambda)).collect();
            let _ = tools.messages.send(Message::Built { lambdas: failed });
        });
    }

    pub(super) fn swapped(&mut self, lambda: usize, then: Then, swapped: Option<Swapped>) {
        if then == Then::Engine {
            self.lose_engine();
        }
        if let Some(Swapped { image, because, took }) = swapped {
            let (name, image, because) = (&self.lambdas[lambda].name, &image, because.as_slice());
            self.tools.host.tell(Told::Swapped { name, image, because, took });
        }
        self.building.remove(&lambda);
        self.rest(lambda);
    }

    pub(super) fn built(&mut self, lambdas: &BTreeSet<usize>) {
        self.build_goes_on = false;
        if let Some((begun, port, ports)) = self.serving.take() {
            let served = self.lambdas.iter().zip(ports).map(|(lambda, port)| Served {
                name: lambda.name.clone(),
                port,
                base: lambda.base.clone(),
                runs: lambda.runs(),
            });
            let functions: Vec<_> = served.collect();
            self.tools.host.tell(Told::Serving { port, functions: &functions, took: begun.elapsed() });
        }
        for &lambda in lambdas {
            self.building.remove(&lambda);
            self.rest(lambda);
        }
        self.build_next();
    }

    /// Whether a Lambda's operation is a build, which nobody waits for.
    pub(super) fn is_built(&self, lambda: usize) -> bool {
        self.to_build.contains(&lambda) || self.building.contains(&lambda)
    }

    /// Compiles the declarations; what runs goes on meanwhile, and altogether when that fails.
    pub(super) fn compile(&mut self) {
        if std::mem::replace(&mut self.compiling, true) {
            return;
        }
        let (tools, cancel) = (self.tools, self.cancel);
        self.scope.spawn(move || {
            let compiled = tools.host.compile(cancel);
            let _ = tools.messages.send(Message::Compiled(compiled));
        });
    }
}
