//! The body of an answer: all there, or coming piece by piece.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use carillon_operation::{Chunks, ObjectError};
use http::Response;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

use crate::connection::Working;

/// The longest that the next piece may take to come.
const PIECE_TIME: Duration = Duration::from_secs(30);

pub type Answer = Response<AnswerBody>;

/// The body of an answer.
pub struct AnswerBody {
    pieces: Pieces,
    /// The connection is at work until the last piece is taken.
    working: Option<Working>,
}

enum Pieces {
    Whole(Full<Bytes>),
    Coming(Coming),
}

/// What is known of a body that comes piece by piece.
struct Coming {
    next: Option<Pin<Box<dyn Future<Output = Step> + Send>>>,
    /// Bytes that are still to come, if it is known.
    left: Option<u64>,
    /// What the answer takes up of what there is for all.
    _held: Box<dyn Send + Sync>,
}

type Step = (Box<dyn Chunks>, Result<Option<Bytes>, ObjectError>);

async fn step(mut content: Box<dyn Chunks>) -> Step {
    let piece = match tokio::time::timeout(PIECE_TIME, content.next()).await {
        Ok(piece) => piece,
        Err(_) => Err(ObjectError::Unavailable("it took too long".to_owned())),
    };
    (content, piece)
}

impl AnswerBody {
    /// A body that comes piece by piece. `held` is let go when it ends, in whatever way.
    pub fn coming(content: Box<dyn Chunks>, size: Option<u64>, held: impl Send + Sync + 'static) -> Self {
        Self {
            pieces: Pieces::Coming(Coming {
                next: Some(Box::pin(step(content))),
                left: size,
                _held: Box::new(held),
            }),
            working: None,
        }
    }

    /// Keeps the connection at work while pieces come.
    pub fn with(mut self, working: Working) -> Self {
        if matches!(self.pieces, Pieces::Coming(_)) {
            self.working = Some(working);
        }
        self
    }
}

impl<B: Into<Bytes>> From<B> for AnswerBody {
    fn from(body: B) -> Self {
        Self {
            pieces: Pieces::Whole(Full::new(body.into())),
            working: None,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = ObjectError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ObjectError>>> {
        match &mut self.pieces {
            Pieces::Whole(whole) => Pin::new(whole)
                .poll_frame(cx)
                .map_err(|never: std::convert::Infallible| match never {}),
            Pieces::Coming(coming) => coming.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.pieces {
            Pieces::Whole(whole) => whole.is_end_stream(),
            Pieces::Coming(coming) => coming.next.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.pieces {
            Pieces::Whole(whole) => whole.size_hint(),
            Pieces::Coming(coming) => coming.left.map_or_else(SizeHint::new, SizeHint::with_exact),
        }
    }
}

impl Coming {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ObjectError>>> {
        let Some(next) = &mut self.next else {
            return Poll::Ready(None);
        };
        let (content, piece) = ready!(next.as_mut().poll(cx));
        self.next = None;
        Poll::Ready(match piece {
            Ok(Some(piece)) => {
                if let Some(left) = &mut self.left {
                    *left = left.saturating_sub(piece.len() as u64);
                }
                self.next = Some(Box::pin(step(content)));
                Some(Ok(Frame::data(piece)))
            }
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(%error, "an answer could not be given to its end");
                Some(Err(error))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use carillon_operation::BoxFuture;
    use http_body_util::BodyExt;

    use super::*;

    struct Three(u8);

    impl Chunks for Three {
        fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, ObjectError>> {
            Box::pin(async move {
                self.0 += 1;
                tokio::task::yield_now().await;
                Ok((self.0 <= 3).then(|| Bytes::from(vec![self.0; 2])))
            })
        }
    }

    struct Broken;

    impl Chunks for Broken {
        fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, ObjectError>> {
            Box::pin(async { Err(ObjectError::Absent) })
        }
    }

    #[tokio::test]
    async fn pieces_come_in_order_and_then_it_ends() {
        let body = AnswerBody::coming(Box::new(Three(0)), Some(6), ());
        assert_eq!(body.size_hint().exact(), Some(6));
        let bytes = body.collect().await.unwrap().to_bytes();
        assert_eq!(&bytes[..], [1, 1, 2, 2, 3, 3]);
        assert!(
            AnswerBody::coming(Box::new(Broken), None, ())
                .collect()
                .await
                .is_err()
        );
    }
}
