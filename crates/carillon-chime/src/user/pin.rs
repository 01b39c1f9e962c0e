//! Personal meeting PINs.

use std::time::Duration;

use carillon_aws::id;
use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::Fault;
use carillon_store::{StoreError, WriteTx};

use super::{UserRow, rows};
use crate::error::Error;

/// A retired PIN is nobody's for this long, so that people who still have it do not meet strangers.
const RESTS: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Draws before giving up: with a thousand million people one in ten meets a taken one.
const DRAWS: usize = 64;

/// Gives the user a PIN that nobody has or had of late. The old one stops working at once.
pub(crate) async fn renew(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    user: &mut UserRow,
    now: Timestamp,
) -> Result<(), Error> {
    retire(tx, user, now).await?;
    for _ in 0..DRAWS {
        let pin = id::pin(entropy);
        if is_free(rows::find_pin(tx, &pin).await?, now) {
            rows::put_pin(tx, &pin, &user.id).await?;
            user.personal_pin = Some(pin);
            return Ok(());
        }
    }
    Err(Fault::internal("no free personal PIN was found").into())
}

/// Takes the user's PIN away.
pub(crate) async fn retire(tx: &mut WriteTx, user: &mut UserRow, now: Timestamp) -> Result<(), StoreError> {
    match user.personal_pin.take() {
        Some(pin) => rows::retire_pin(tx, &pin, now).await,
        None => Ok(()),
    }
}

/// Gives or takes the PIN, as the user's type and state ask for.
pub(crate) async fn settle(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    user: &mut UserRow,
    now: Timestamp,
) -> Result<(), Error> {
    match (user.has_pin(), user.personal_pin.is_some()) {
        (true, false) => renew(tx, entropy, user, now).await,
        (false, true) => Ok(retire(tx, user, now).await?),
        (true, true) | (false, false) => Ok(()),
    }
}

/// Whether a PIN can be given to somebody, by what is known of it.
fn is_free(known: Option<Option<Timestamp>>, now: Timestamp) -> bool {
    match known {
        None => true,
        Some(None) => false,
        Some(Some(retired_at)) => retired_at + RESTS <= now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retired_pin_rests_for_a_year() {
        let day = 24 * 60 * 60;
        let at = Timestamp::from_seconds;
        assert!(is_free(None, at(0)));
        assert!(!is_free(Some(None), at(1000 * day)));
        assert!(!is_free(Some(Some(at(0))), at(365 * day - 1)));
        assert!(is_free(Some(Some(at(0))), at(365 * day)));
    }
}
