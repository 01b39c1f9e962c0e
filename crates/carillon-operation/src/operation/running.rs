//! How a request is carried out by its operation: decided, with its effect and its event, and again if it lost a race.

use std::marker::PhantomData;
use std::time::Duration;

use carillon_aws::id::AwsAccountId;
use carillon_aws::shape::Shape;
use carillon_store::ReadTx;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{AnyOperation, Context, Failed, Introduction, Operation, Request, Target, Unknown};
use crate::Fault;
use crate::authorize::Granted;
use crate::caller::{BoxFuture, Caller};
use crate::measure::Waiting;
use crate::spec::{Access, AccessLevel, Spec, Transaction};

/// How often a request that lost a race is run again before the caller is told to try later.
const ATTEMPTS: u32 = 24;

/// The operation `O` in a list of operations.
pub(super) struct Of<O>(pub(super) PhantomData<fn() -> O>);

impl<O: Operation> AnyOperation for Of<O> {
    fn spec(&'static self) -> &'static Spec {
        const { &O::SPEC }
    }

    fn level(&self) -> AccessLevel {
        O::Access::LEVEL
    }

    fn is_built(&self) -> bool {
        true
    }

    fn shapes(&self) -> (Shape, Shape) {
        (Shape::of::<O>(), Shape::of_output::<O::Output>())
    }

    fn introduce<'a>(
        &'a self,
        input: &'a Value,
        by: &'a Introduction<'a>,
    ) -> BoxFuture<'a, Result<Caller, Unknown>> {
        Box::pin(async move {
            match O::deserialize(input) {
                Ok(operation) => operation.introduce(by).await,
                Err(error) => Err(Fault::Invalid(error.to_string()).into()),
            }
        })
    }

    fn run<'a>(&'a self, request: &'a Request<'a>) -> BoxFuture<'a, Result<Vec<u8>, Failed>> {
        Box::pin(run::<O>(request))
    }
}

async fn run<O: Operation>(request: &Request<'_>) -> Result<Vec<u8>, Failed> {
    let outcome = match O::deserialize(request.input) {
        Ok(operation) if !O::PREPARES => repeat(request, &operation).await,
        Ok(mut operation) => match Box::pin(prepare(request, &mut operation)).await {
            Ok(()) => repeat(request, &operation).await,
            Err(fault) => Err(fault),
        },
        // The shape let it through and the type did not: a member with a rule the shape cannot express.
        Err(error) => Err(Fault::Invalid(error.to_string()).into()),
    };
    if let Err(failed) = &outcome {
        Box::pin(request.record_failure(failed)).await?;
    }
    outcome
}

/// The slow work of an operation that has any, once it is decided that it may be done.
async fn prepare<O: Operation>(request: &Request<'_>, operation: &mut O) -> Result<(), Failed> {
    let mut tx = request.pipeline.store.read().await?;
    let changed = request.changed(&mut tx, true).await?;
    authorize::<O>(&request.of(changed.as_deref()), operation, &mut tx).await?;
    drop(tx);
    operation
        .prepare(&request.pipeline.environment)
        .await
        .map_err(Into::<Fault>::into)?;
    Ok(())
}

/// Lanes for those who lost a race. What races is nearly always of one AWS account, and the others must not wait for
/// it.
const LANES: usize = 64;
/// How long a loser waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who lost a race waits here for its turn: losers run one after another, or they make each other lose again.
static LOSERS: [Semaphore; LANES] = [const { Semaphore::const_new(1) }; LANES];

/// The lane of an AWS account.
fn lane(account: AwsAccountId) -> &'static Semaphore {
    let number = account.as_str().bytes().fold(0, |number: usize, digit| {
        number.wrapping_mul(10).wrapping_add(usize::from(digit))
    });
    &LOSERS[number % LANES]
}

/// Runs the request, again while it loses races. That is safe, because a handler has no effect outside its
/// transaction.
async fn repeat<O: Operation>(request: &Request<'_>, operation: &O) -> Result<Vec<u8>, Failed> {
    match once(request, operation).await {
        // Boxed, as everything that is rare: each request takes up the room of all that might become of it.
        Err(failed) if failed.is_contended() => Box::pin(run_again(request, operation, failed)).await,
        outcome => outcome,
    }
}

async fn run_again<O: Operation>(
    request: &Request<'_>,
    operation: &O,
    lost: Failed,
) -> Result<Vec<u8>, Failed> {
    let Ok(turn) = tokio::time::timeout(PATIENCE, lane(request.caller().aws_account_id).acquire()).await
    else {
        return Err(lost);
    };
    let _turn = turn.map_err(Fault::internal)?;
    let mut attempt = 2;
    loop {
        match once(request, operation).await {
            Err(failed) if failed.is_contended() && attempt < ATTEMPTS => {
                // Let those through who came in the meantime, and another process that shares the database.
                let mut random = [0];
                request.pipeline.environment.entropy.fill(&mut random);
                let pause = Duration::from_micros(u64::from(random[0]) * 40 * u64::from(attempt.min(8)));
                tokio::time::sleep(pause).await;
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

async fn once<O: Operation>(request: &Request<'_>, operation: &O) -> Result<Vec<u8>, Failed> {
    let waited = Waiting::to_begin(O::Access::LEVEL);
    let mut tx = <O::Access as Access>::Tx::begin(&request.pipeline.store).await?;
    drop(waited);
    let of_snapshot = O::Access::LEVEL.reads_only();
    let changed = request.changed(tx.reader(), of_snapshot).await?;
    let outcome = conclude(&request.of(changed.as_deref()), operation, tx).await;
    if let Some(changed) = changed.filter(|_| !of_snapshot) {
        let identities = &request.pipeline.identities;
        match outcome {
            Ok(_) => identities.remember(&changed),
            // What the transaction saw may be gone with it. Whoever comes next reads what is durable.
            Err(_) => identities.forget(&changed.caller.access_key_id),
        }
    }
    outcome
}

/// Decides, has the effect, and makes it durable.
async fn conclude<O: Operation>(
    request: &Request<'_>,
    operation: &O,
    mut tx: <O::Access as Access>::Tx,
) -> Result<Vec<u8>, Failed> {
    let environment = &request.pipeline.environment;
    let (granted, target) = authorize::<O>(request, operation, tx.reader()).await?;
    let done = async {
        let mut context = Context {
            caller: request.caller(),
            call: request.call,
            now: request.call.now,
            environment,
            tx: &mut tx,
            request,
            target: &target,
            _granted: &granted,
        };
        let output = operation.handle(&mut context).await.map_err(Into::into)?;
        let (body, output) = request.encode(&output, O::Access::LEVEL.reads_only())?;
        let event = request.success_event(granted.decided(), &target, output.as_ref());
        let waited = Waiting::to_conclude(O::Access::LEVEL);
        tx.conclude(&request.pipeline.store, &event).await?;
        drop(waited);
        request.pipeline.recorded(&event);
        Ok(body)
    };
    match done.await {
        Ok(body) => Ok(body),
        Err(fault) => Err(target.failed(granted.failed(fault))),
    }
}

async fn authorize<O: Operation>(
    request: &Request<'_>,
    operation: &O,
    tx: &mut ReadTx,
) -> Result<(Granted<O>, Target), Failed> {
    let mut target = operation.target(request.caller(), tx).await?;
    request.locate(&mut target, tx).await?;
    if let Some(factor) = &target.second_factor {
        let (identities, now) = (&request.pipeline.identities, request.call.now);
        let checked = identities.second_factor(request.caller(), factor, tx, now).await;
        if let Err(fault) = checked {
            return Err(target.failed(fault.into()));
        }
    }
    match Granted::decide(request, &target, operation.asks(request.caller())) {
        Ok(granted) => Ok((granted, target)),
        Err(failed) => Err(target.failed(failed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_who_race_in_one_account_keep_nobody_of_another_waiting() {
        let [one, other] = ["123456789012", "123456789013"].map(|id| lane(id.parse().unwrap()));
        let _turn = one.acquire().await.unwrap();
        assert!(one.try_acquire().is_err());
        assert!(other.try_acquire().is_ok());
    }
}
