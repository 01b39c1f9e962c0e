//! How long the other end of a connection may keep us waiting: for a while, and then as long as bytes go.
//!
//! A byte now and then is not enough, or whoever sends or takes one every few seconds would keep for hours what others
//! need.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// The time that one KiB may take: what the slowest connections of telephones do.
const KIB: Duration = Duration::from_millis(250);

/// Time that is used up by waiting and earned with bytes. What passes while nobody waits does not count.
#[derive(Debug)]
pub struct Patience {
    most: Duration,
    left: Duration,
    since: Option<Instant>,
    /// Made when it is first needed: most never wait.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// `most`: the longest that nothing at all may go.
    pub fn new(most: Duration) -> Self {
        Self {
            most,
            left: most,
            since: None,
            timer: None,
        }
    }

    /// Nobody waits any more, because so many bytes went.
    pub fn earn(&mut self, bytes: usize) {
        if let Some(since) = self.since.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
        let earned = KIB.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1024;
        self.left = self.left.saturating_add(earned).min(self.most);
    }

    /// Waits on. Ready when it took too long.
    pub fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        let end = *self.since.get_or_insert(now) + self.left;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if timer.deadline() != end {
            timer.as_mut().reset(end);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::advance;

    use super::*;

    const MOST: Duration = Duration::from_secs(20);

    /// Lets `time` pass in waiting, and says whether it was too long.
    async fn waits(patience: &mut Patience, time: Duration) -> bool {
        tokio::time::timeout(time, poll_fn(|cx| patience.wait(cx)))
            .await
            .is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_is_not_enough() {
        let mut patience = Patience::new(MOST);
        let began = Instant::now();
        while !waits(&mut patience, MOST / 2).await {
            patience.earn(1);
        }
        assert!(began.elapsed() < MOST * 2, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_fast_enough_may_take_for_ever() {
        let mut patience = Patience::new(MOST);
        for _ in 0..1_000 {
            assert!(!waits(&mut patience, Duration::from_secs(10)).await);
            patience.earn(40 * 1024);
        }
        // Nothing is saved up beyond the most.
        let began = Instant::now();
        assert!(waits(&mut patience, MOST * 2).await);
        assert_eq!(began.elapsed(), MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn what_we_take_ourselves_does_not_count() {
        let mut patience = Patience::new(MOST);
        assert!(!waits(&mut patience, MOST / 2).await);
        patience.earn(0);
        advance(MOST * 3).await;
        assert!(!waits(&mut patience, MOST / 4).await);
    }
}
