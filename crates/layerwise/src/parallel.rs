//! One question for many things, asked by a few threads at once. Keeps the order; never more threads than things.

use std::sync::Mutex;
use std::sync::PoisonError;

/// Asks `question` of each of `things`, on at most `threads` threads. Answers in the order of `things`.
///
/// # Errors
/// The first error; what has not been asked by then is not asked any more.
pub fn ask<T: Sync, A: Send, E: Send>(
    things: &[T],
    threads: usize,
    question: impl Fn(&T) -> Result<A, E> + Sync,
) -> Result<Vec<A>, E> {
    let next = Mutex::new(things.iter().enumerate());
    let failed = Mutex::new(None);
    let worker = || {
        let mut answers = Vec::new();
        loop {
            let failed = || failed.lock().unwrap_or_else(PoisonError::into_inner);
            // A statement of its own: the lock must not be held while the question is asked.
            let taken = next.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, thing)) = taken.filter(|_| failed().is_none()) else { return answers };
            match question(thing) {
                Ok(answer) => answers.push((index, answer)),
                Err(error) => {
                    failed().get_or_insert(error);
                }
            }
        }
    };
    let mut answers: Vec<(usize, A)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(things.len())).map(|_| scope.spawn(worker)).collect();
        let mut answers = worker();
        for other in others {
            answers.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        answers
    });
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    answers.sort_by_key(|(index, _)| *index);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

#[cfg(test)]
mod tests {
    use super::ask;

    #[test]
    fn order_is_kept_and_one_error_is_enough() {
        let things: Vec<u32> = (0..100).collect();
        for threads in [0, 1, 8] {
            assert_eq!(ask(&things, threads, |n| Ok::<_, ()>(n * 2)).unwrap()[99], 198);
            assert_eq!(ask(&things, threads, |n| if *n == 50 { Err(*n) } else { Ok(()) }), Err(50));
        }
        assert_eq!(ask(&[], 8, |n: &u32| Err::<(), _>(*n)), Ok(vec![]));
    }
}
