//! Long computation, such as an analysis of policies: few at a time, and nobody else waits for it.

use std::sync::{Arc, LazyLock};

use carillon_store::ReadTx;
use tokio::sync::Semaphore;

use crate::Fault;
use crate::operation::{Context, Operation};
use crate::spec::Access;

/// Computations at the same time, however many ask.
const AT_ONCE: usize = 2;
/// Those that may wait for their turn. The others are told to come back: each holds what it will think about.
const WAITING: usize = 30;

static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_ONCE)));
static ADMITTED: Semaphore = Semaphore::const_new(AT_ONCE + WAITING);

impl<O: Operation> Context<'_, O>
where
    O::Access: Access<Tx = ReadTx>,
{
    /// Computes on a thread of its own, when it is its turn. Everything has been read by then: the snapshot ends here,
    /// because others need its connection.
    ///
    /// The work has a bound of its own. It cannot be interrupted, and keeps its turn until it ends, even if the client
    /// has left.
    ///
    /// # Errors
    ///
    /// [`Fault::Throttled`] when too many wait already.
    pub async fn think<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        self.tx.end();
        take_turn(&ADMITTED, &TURNS, work).await
    }
}

async fn take_turn<T: Send + 'static>(
    admitted: &Semaphore,
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let _admitted = admitted.try_acquire().map_err(|_| Fault::Throttled)?;
    let turn = Arc::clone(turns).acquire_owned().await.map_err(Fault::internal)?;
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    done.await.map_err(Fault::internal)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn whoever_leaves_keeps_the_turn_until_the_work_ends() {
        let (admitted, turns) = (Semaphore::new(2), Arc::new(Semaphore::new(1)));
        let (go, wait) = mpsc::channel::<()>();
        let left = take_turn(&admitted, &turns, move || wait.recv());
        assert!(
            tokio::time::timeout(Duration::from_millis(10), left)
                .await
                .is_err()
        );
        assert_eq!(turns.available_permits(), 0);
        go.send(()).unwrap();
        assert_eq!(take_turn(&admitted, &turns, || 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_crowd_is_told_to_come_back() {
        let (admitted, turns) = (Semaphore::new(1), Arc::new(Semaphore::new(1)));
        let _first = admitted.acquire().await.unwrap();
        let refused = take_turn(&admitted, &turns, || ()).await;
        assert!(matches!(refused, Err(Fault::Throttled)));
    }
}
