//! Where a grant stands: whether there is still a reason for it, asked of the database each time.

use carillon_aws::time::Timestamp;
use carillon_operation::Fault;
use carillon_store::ReadTx;

use crate::account::AccountRow;
use crate::open_id::grant::GrantRow;
use crate::open_id::key::Algorithm;
use crate::open_id::rows;
use crate::portal::people::find_holder;
use crate::session::{self, SessionRow};
use crate::user::UserRow;

/// A person who is signed in, to a product that is for it.
pub(super) struct Standing {
    pub session: SessionRow,
    pub user: UserRow,
    pub account: Option<AccountRow>,
    /// What the product's tokens are signed by.
    pub algorithm: Algorithm,
}

/// Who it is that the grant is about, if the session holds and the person may use the product.
pub(super) async fn find(
    tx: &mut ReadTx,
    grant: &GrantRow,
    now: Timestamp,
) -> Result<Option<Standing>, Fault> {
    let Some(client) = rows::client(tx, &grant.client_id).await? else {
        return Ok(None);
    };
    let Some(session) = session::rows::find_by_id(tx, &grant.session_id).await? else {
        return Ok(None);
    };
    let Some((user, account)) = find_holder(tx, &session, now).await? else {
        return Ok(None);
    };
    Ok(client.admits(&user).then_some(Standing {
        session,
        user,
        account,
        algorithm: client.algorithm,
    }))
}

/// Does something in a transaction, with what the trail says of it, again if it loses a race.
macro_rules! recording {
    ($visit:expr, |$tx:ident| $work:expr) => {
        $crate::portal::people::again!(async {
            let mut transaction = $visit.portal.store.write().await?;
            let $tx = &mut transaction;
            let (value, event) = $work?;
            $visit
                .people()
                .conclude(transaction, Option::into_iter(event).collect())
                .await?;
            Ok::<_, carillon_operation::Fault>(value)
        })
    };
}

pub(super) use recording;
