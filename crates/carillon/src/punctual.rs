//! A body that is read as it comes, from a client that may be slow, but neither without end nor for ever.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use hyper::body::{Body, Incoming};
use tokio::time::{Sleep, sleep};

use crate::patience::Patience;

/// The longest that nothing may come.
const SILENCE: Duration = Duration::from_secs(20);

/// The data of a body, piece by piece.
pub struct Punctual<B = Incoming> {
    body: B,
    patience: Patience,
    end: Pin<Box<Sleep>>,
}

impl<B> Punctual<B> {
    /// `longest`: what the whole of it may take.
    pub fn new(body: B, longest: Duration) -> Self {
        Self {
            body,
            patience: Patience::new(SILENCE),
            end: Box::pin(sleep(longest)),
        }
    }
}

impl<B> Stream for Punctual<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err("the body took too long".into())));
        }
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                ready!(self.patience.wait(cx));
                return Poll::Ready(Some(Err("the body hardly comes".into())));
            };
            let came = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
                _ => 0,
            };
            self.patience.earn(came);
            return Poll::Ready(match frame {
                None => None,
                Some(Err(error)) => Some(Err(error.into())),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => Some(Ok(data)),
                    // Trailers, or nothing.
                    _ => continue,
                },
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use http_body_util::channel::Channel;
    use tokio::time::Instant;

    use super::*;

    const LONGEST: Duration = Duration::from_secs(600);

    #[tokio::test(start_paused = true)]
    async fn silence_ends_it() {
        let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
        let mut pieces = Punctual::new(body, LONGEST);
        sender.send_data(Bytes::from(vec![0; 80 * 1024])).await.unwrap();
        assert_eq!(pieces.next().await.unwrap().unwrap().len(), 80 * 1024);
        let began = Instant::now();
        assert!(pieces.next().await.unwrap().is_err());
        assert_eq!(began.elapsed(), SILENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_does_not_keep_it_open() {
        let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
        let mut pieces = Punctual::new(body, LONGEST);
        let trickle = tokio::spawn(async move {
            while sender.send_data(Bytes::from_static(b"x")).await.is_ok() {
                tokio::time::sleep(SILENCE / 2).await;
            }
        });
        let began = Instant::now();
        while pieces.next().await.unwrap().is_ok() {}
        assert!(began.elapsed() < SILENCE * 2, "{:?}", began.elapsed());
        drop(pieces);
        trickle.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_well_ends_with_its_time() {
        let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
        let mut pieces = Punctual::new(body, LONGEST);
        let flow = tokio::spawn(async move {
            while sender.send_data(Bytes::from(vec![0; 64 * 1024])).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let began = Instant::now();
        while pieces.next().await.unwrap().is_ok() {}
        assert_eq!(began.elapsed(), LONGEST);
        drop(pieces);
        flow.await.unwrap();
    }
}
