//! Many tasks on many threads, and their results in order.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Carries out the tasks on `jobs` threads. Before each task `goes_on` is asked whether there is to be another one;
/// after each, `done` is told. The results are in the order of the tasks, whichever thread had them, and lack those of
/// tasks that were not begun.
pub(crate) fn in_order<T: Sync, R: Send>(
    tasks: &[T],
    jobs: usize,
    goes_on: &(dyn Fn() -> bool + Sync),
    done: &(dyn Fn(&T) + Sync),
    carry_out: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let work = || {
        while goes_on()
            && let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(task) = tasks.get(number)
        {
            let result = carry_out(task);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((number, result));
            done(task);
        }
    };
    std::thread::scope(|scope| {
        (1..jobs.clamp(1, tasks.len().max(1))).for_each(|_| {
            scope.spawn(work);
        });
        work();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_unstable_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}
