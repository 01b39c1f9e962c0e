//! What waits for the next commit, and what is written together because it waits together.

use std::any::{Any, TypeId};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::{StoreError, Value};

/// A statement that reads nothing.
#[derive(Debug)]
pub struct Statement {
    pub sql: &'static str,
    pub values: Vec<Value<'static>>,
}

/// Things that are written together when they wait together: all of them that came between two commits are one value of
/// this type.
pub trait Gather: Default + Send + 'static {
    /// What writes all of it, in this order. If one fails, none takes effect.
    fn statements(self) -> Vec<Statement>;
}

/// Whoever waits to hear that something is durable.
pub(crate) type Waiting = oneshot::Sender<Result<(), StoreError>>;

/// What one [`Gather`] has become.
pub(crate) struct Gathered {
    pub statements: Vec<Statement>,
    pub waiting: Vec<Waiting>,
}

/// Everything that is gathering, one of a type.
#[derive(Default)]
pub(crate) struct Gathering(Vec<Open>);

struct Open {
    kind: TypeId,
    content: Box<dyn Any + Send>,
    close: fn(Box<dyn Any + Send>) -> Vec<Statement>,
    waiting: Vec<Waiting>,
}

impl Gathering {
    /// Adds something, and says whether it is the first since everything was taken.
    pub fn add<G: Gather>(&mut self, add: impl FnOnce(&mut G), done: Waiting) -> bool {
        let is_first = self.0.is_empty();
        let kind = TypeId::of::<G>();
        let at = self.0.iter().position(|open| open.kind == kind);
        let at = at.unwrap_or_else(|| {
            self.0.push(Open {
                kind,
                content: Box::new(G::default()),
                close: |content| {
                    let content = content.downcast::<G>();
                    content.map_or_else(|_| Vec::new(), |content| content.statements())
                },
                waiting: Vec::new(),
            });
            self.0.len() - 1
        });
        let open = &mut self.0[at];
        if let Some(content) = open.content.downcast_mut() {
            add(content);
        }
        open.waiting.push(done);
        is_first
    }

    /// What has gathered, not yet made statements of: that need not be done under a lock.
    pub fn take(&mut self) -> Taken {
        Taken(std::mem::take(&mut self.0))
    }
}

/// What was gathered until a commit.
pub(crate) struct Taken(Vec<Open>);

impl Taken {
    pub fn close(self) -> Vec<Gathered> {
        let close = |open: Open| Gathered {
            statements: (open.close)(open.content),
            waiting: open.waiting,
        };
        self.0.into_iter().map(close).collect()
    }
}

/// Waits to hear that something is durable.
pub(crate) async fn answered(answer: oneshot::Receiver<Result<(), StoreError>>) -> Result<(), StoreError> {
    answer
        .await
        .unwrap_or_else(|gone| Err(StoreError::Database(gone.into())))
}

/// The same outcome for one more who waited for it.
pub(crate) fn repeated(outcome: &Result<(), StoreError>) -> Result<(), StoreError> {
    match outcome {
        Ok(()) => Ok(()),
        Err(StoreError::Contention) => Err(StoreError::Contention),
        Err(StoreError::Duplicate) => Err(StoreError::Duplicate),
        Err(failure) => Err(StoreError::Database(failure.to_string().into())),
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these locks protect is a list that is whole at every moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
