//! A body that is read as it comes, from a client that may be slow, but not for ever.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, Sleep, sleep};

/// The longest that nothing may come.
const SILENCE: Duration = Duration::from_secs(20);

/// The data of a body, piece by piece.
pub struct Punctual<B = Incoming> {
    body: B,
    silence: Pin<Box<Sleep>>,
}

impl<B> Punctual<B> {
    pub fn new(body: B) -> Self {
        Self {
            body,
            silence: Box::pin(sleep(SILENCE)),
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
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                ready!(self.silence.as_mut().poll(cx));
                return Poll::Ready(Some(Err("the body stopped coming".into())));
            };
            self.silence.as_mut().reset(Instant::now() + SILENCE);
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

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_ends_it_and_pieces_now_and_then_do_not() {
        let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(1);
        let mut pieces = Punctual::new(body);
        for _ in 0..3 {
            tokio::time::advance(SILENCE / 2).await;
            sender.send_data(Bytes::from_static(b"x")).await.unwrap();
            assert_eq!(pieces.next().await.unwrap().unwrap(), "x");
        }
        let began = Instant::now();
        assert!(pieces.next().await.unwrap().is_err());
        assert_eq!(began.elapsed(), SILENCE);
    }
}
