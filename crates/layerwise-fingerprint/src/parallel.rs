//! One piece of work for many things, on a few threads at once. Keeps the order; never more threads than things.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// The most threads for work on the disk: each has a file or a folder open, and some shells allow 64 in all.
const MOST: usize = 32;

/// `work` done for each of `things` on all processors, 32 at most. Answers in the order of `things`.
pub fn map<'t, T: Sync, A: Send>(things: &'t [T], work: impl Fn(&'t T) -> A + Sync) -> Vec<A> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    on_threads(things, threads(processors), work)
}

/// How many threads work on the disk where there are so many processors.
fn threads(processors: usize) -> usize {
    processors.min(MOST)
}

/// Asks `question` of each of `things`, on at most `threads` threads. Answers in the order of `things`.
///
/// # Errors
/// The first error; what has not been asked by then is not asked any more.
pub fn ask<'t, T: Sync, A: Send, E: Send>(
    things: &'t [T],
    threads: usize,
    question: impl Fn(&'t T) -> Result<A, E> + Sync,
) -> Result<Vec<A>, E> {
    let failed = AtomicBool::new(false);
    let answers = on_threads(things, threads, |thing| {
        if failed.load(Ordering::Relaxed) {
            return None;
        }
        let answer = question(thing);
        failed.fetch_or(answer.is_err(), Ordering::Relaxed);
        Some(answer)
    });
    answers.into_iter().flatten().collect()
}

fn on_threads<'t, T: Sync, A: Send>(
    things: &'t [T],
    threads: usize,
    work: impl Fn(&'t T) -> A + Sync,
) -> Vec<A> {
    let threads = threads.min(things.len());
    if threads <= 1 {
        return things.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            match things.get(index) {
                Some(thing) => done.push((index, work(thing))),
                None => return done,
            }
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
        let mut done = worker();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::{ask, map, threads};

    #[test]
    fn a_large_machine_does_not_open_a_file_for_each_processor() {
        assert_eq!([1, 2, 128].map(threads), [1, 2, 32]);
    }

    #[test]
    fn order_is_kept_and_one_error_is_enough() {
        let things: Vec<u32> = (0..100).collect();
        assert_eq!(map(&things, |n| n * 2)[99], 198);
        for threads in [0, 1, 8] {
            assert_eq!(ask(&things, threads, |n| Ok::<_, ()>(n * 2)).unwrap()[99], 198);
            assert_eq!(ask(&things, threads, |n| if *n == 50 { Err(*n) } else { Ok(()) }), Err(50));
        }
        assert_eq!(ask(&[], 8, |n: &u32| Err::<(), _>(*n)), Ok(vec![]));
    }
}
