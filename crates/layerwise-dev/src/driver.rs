//! The async runtime, hidden: one thread drives all sockets, callers wait for what they asked for. Never seen outside
//! of this crate.

use std::future::Future;
use std::io;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// A thread that drives sockets and timers until it is dropped.
pub(crate) struct Driver {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Driver {
    /// Starts the thread.
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("layerwise-dev".to_owned());
        let thread = thread.spawn(move || {
            // An error says that the sender is gone, which is an end as well.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Self { handle, stop: Some(stop), thread: Some(thread) })
    }

    /// What tasks are started with that outlive a call. No task may hold the driver itself: its end would wait for itself.
    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Waits for `future` on the calling thread; its sockets are driven by ours.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.handle.block_on(future)
    }

    /// Lets `future` go on by itself, at most until the driver is dropped.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(future);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_threads_wait_at_once_and_what_is_spawned_goes_on() {
        let driver = Driver::start().unwrap();
        let (send, receive) = oneshot::channel();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| driver.wait(receive));
            driver.spawn(async move { send.send(7).unwrap() });
            assert_eq!(waiting.join().unwrap(), Ok(7));
            let sum: u32 = (0..8)
                .map(|i| scope.spawn(move || i))
                .map(|thread| driver.wait(async { thread.join().unwrap() }))
                .sum();
            assert_eq!(sum, 28);
        });
    }
}
