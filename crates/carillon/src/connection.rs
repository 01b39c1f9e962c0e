//! A connection whose other end may be slow, but not for ever.
//!
//! hyper's own timer counts the wait between two requests as part of reading the head of the next one. Here the
//! two have limits of their own, and so has a client that does not read its answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::patience::Patience;

/// From the first byte of a request's head to its last.
pub const HEAD: Duration = Duration::from_secs(10);
/// Between two requests.
pub const IDLE: Duration = Duration::from_secs(75);
/// Without one byte of an answer being taken. Who takes a few now and then is not waited for much longer.
pub const WRITE: Duration = Duration::from_secs(30);

/// How HTTP/2 begins, and HTTP/1.1 never does.
const HTTP2: &[u8] = b"PRI";

/// The requests of a connection that are being answered.
#[derive(Debug, Clone, Default)]
pub struct Busy(Arc<AtomicUsize>);

/// One request that is being answered, as long as this lives.
pub struct Working(Arc<AtomicUsize>);

impl Busy {
    pub fn begin(&self) -> Working {
        self.0.fetch_add(1, Ordering::Relaxed);
        Working(Arc::clone(&self.0))
    }

    fn is_busy(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Part of a head has come, or of the connection's first one nothing yet.
    Head,
    /// A request is being answered. Its body has a limit of its own, where it is read.
    Busy,
    /// Nothing is asked. HTTP/2 stays here, because its frames may be about anything.
    Idle,
}

/// A stream that fails when the other end keeps it waiting.
pub struct Patient<S> {
    stream: S,
    busy: Busy,
    phase: Phase,
    is_http2: bool,
    reading: Pin<Box<Sleep>>,
    writing: Patience,
}

impl<S> Patient<S> {
    pub fn new(stream: S, busy: Busy) -> Self {
        Self {
            stream,
            busy,
            phase: Phase::Head,
            is_http2: false,
            reading: Box::pin(sleep(HEAD)),
            writing: Patience::new(WRITE),
        }
    }

    fn enter(&mut self, phase: Phase, limit: Duration) {
        self.phase = phase;
        self.reading.as_mut().reset(Instant::now() + limit);
    }

    /// Something came.
    fn heard(&mut self, bytes: &[u8]) {
        if self.phase == Phase::Head && bytes.starts_with(HTTP2) {
            self.is_http2 = true;
            self.enter(Phase::Idle, IDLE);
        }
        if self.busy.is_busy() {
            self.phase = Phase::Busy;
        } else if self.phase != Phase::Head && !self.is_http2 {
            self.enter(Phase::Head, HEAD);
        }
    }

    /// Nothing came.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.busy.is_busy() {
            self.phase = Phase::Busy;
            return Poll::Pending;
        }
        if self.phase == Phase::Busy {
            self.enter(Phase::Idle, IDLE);
        }
        ready!(self.reading.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Gives an unfinished write its time.
    fn written(&mut self, outcome: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(outcome) = outcome {
            self.writing.earn(*outcome.as_ref().unwrap_or(&0));
            return Poll::Ready(outcome);
        }
        ready!(self.writing.wait(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) => {
                let came = buffer.filled().get(before..).unwrap_or_default();
                if !came.is_empty() {
                    self.heard(came);
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.wait(cx),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(outcome, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(cx).map_ok(|()| 0);
        self.written(outcome, cx).map_ok(|_| ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_shutdown(cx).map_ok(|()| 0);
        self.written(outcome, cx).map_ok(|_| ())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.written(outcome, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::{Instant, advance};

    use super::{Busy, HEAD, IDLE, Patient, WRITE};

    /// How long a read waits before it fails.
    async fn patience(patient: &mut Patient<tokio::io::DuplexStream>) -> Duration {
        let began = Instant::now();
        let outcome = patient.read_u8().await;
        assert_eq!(outcome.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_request_is_not_waited_for_longer_than_its_head() {
        let (_client, server) = duplex(64);
        let mut patient = Patient::new(server, Busy::default());
        assert_eq!(patience(&mut patient).await, HEAD);
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_does_not_prolong_a_head() {
        let (mut client, server) = duplex(64);
        let mut patient = Patient::new(server, Busy::default());
        for _ in 0..3 {
            advance(Duration::from_secs(3)).await;
            client.write_u8(b'G').await.unwrap();
            patient.read_u8().await.unwrap();
        }
        assert_eq!(patience(&mut patient).await, Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn between_requests_there_is_more_time() {
        let (mut client, server) = duplex(64);
        let busy = Busy::default();
        let mut patient = Patient::new(server, busy.clone());
        client.write_u8(b'G').await.unwrap();
        patient.read_u8().await.unwrap();
        let working = busy.begin();
        // While an answer is made, nobody waits for the client.
        let quiet = tokio::time::timeout(IDLE * 2, patient.read_u8()).await;
        assert!(quiet.is_err());
        drop(working);
        assert_eq!(patience(&mut patient).await, IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_is_left() {
        let (_client, server) = duplex(4);
        let mut patient = Patient::new(server, Busy::default());
        let began = Instant::now();
        let outcome = patient.write_all(b"more than fits").await;
        assert_eq!(outcome.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed(), WRITE);
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_a_byte_now_and_then_is_left_too() {
        let (mut client, server) = duplex(4);
        let mut patient = Patient::new(server, Busy::default());
        let trickle = tokio::spawn(async move {
            while client.read_u8().await.is_ok() {
                tokio::time::sleep(WRITE / 2).await;
            }
        });
        let began = Instant::now();
        let outcome = patient.write_all(&[b'x'; 4096]).await;
        assert_eq!(outcome.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
        assert!(began.elapsed() < WRITE * 3, "{:?}", began.elapsed());
        drop(patient);
        trickle.await.unwrap();
    }
}
