//! Who is at what: one operation at a time for each Lambda, and what comes meanwhile is done once, with the newest
//! sources, when that has ended. Pure; knows neither files nor containers.

/// What goes on with each Lambda.
#[derive(Debug)]
pub struct Desk(Vec<State>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Busy,
    /// Something came while it was busy.
    Again,
}

impl Desk {
    /// Nothing goes on yet with any of `count` Lambdas.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self(vec![State::Idle; count])
    }

    /// Something is to be done with `lambda`. Whether to begin now: if so it is busy, if not it is remembered.
    pub fn wanted(&mut self, lambda: usize) -> bool {
        let state = &mut self.0[lambda];
        let begin = *state == State::Idle;
        *state = if begin { State::Busy } else { State::Again };
        begin
    }

    /// The operation has ended. Whether to begin again at once, because something came meanwhile; if so it is busy.
    pub fn ended(&mut self, lambda: usize) -> bool {
        let state = &mut self.0[lambda];
        let again = *state == State::Again;
        *state = if again { State::Busy } else { State::Idle };
        again
    }

    /// Whether something goes on with `lambda`.
    #[must_use]
    pub fn is_busy(&self, lambda: usize) -> bool {
        self.0[lambda] != State::Idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_newest_once() {
        let mut desk = Desk::new(2);
        assert!(desk.wanted(0));
        assert!(desk.wanted(1));
        // Three saves while it is busy are one operation more.
        assert!(!desk.wanted(0) && !desk.wanted(0) && !desk.wanted(0));
        assert!(desk.ended(0));
        assert!(!desk.ended(0));
        assert!(!desk.is_busy(0) && desk.is_busy(1));
        assert!(!desk.ended(1));
        assert!(desk.wanted(0));
    }
}
