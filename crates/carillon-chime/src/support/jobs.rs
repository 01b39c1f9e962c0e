//! How requests for help reach the operator.

use std::time::Duration;

use carillon_aws::time::Timestamp;
use carillon_operation::{Environment, Event, Job, JobError, Outside};
use carillon_store::{ReadTx, Store, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use super::mail::Notice;
use super::{SupportRequestStatus, SupportRow, rows};
use crate::account::{self, COUNTED, ManagedAccount};
use crate::user;
use crate::user::jobs::{DELIVERY, send};

/// Sends a request to the operator.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SendSupportRequest {
    pub request_id: String,
}

impl Job for SendSupportRequest {
    const KIND: &'static str = "chime.support.send";
    const PATIENCE: Duration = DELIVERY;
    type Gathered = ();

    async fn gather(
        &self,
        environment: &Environment,
        store: &Store,
        outside: &Outside,
    ) -> Result<(), JobError> {
        let Some(address) = &environment.settings.support_address else {
            return Err(JobError::Retry("no support address is configured".to_owned()));
        };
        let mut tx = store.read().await?;
        let Some(request) = rows::find_any(&mut tx, &self.request_id).await? else {
            return Ok(());
        };
        let facts = facts(&mut tx, &request).await?;
        drop(tx);
        let notice = Notice {
            request: &request,
            facts: &facts,
            public_url: &environment.settings.public_url,
        };
        send(outside, &notice.to_operator(address)).await
    }

    async fn apply(
        &self,
        (): &(),
        tx: &mut WriteTx,
        _: &Environment,
        _: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        rows::conclude(tx, &self.request_id, SupportRequestStatus::Sent).await?;
        Ok(Vec::new())
    }

    async fn abandon(
        &self,
        _: &str,
        tx: &mut WriteTx,
        _: &Environment,
        _: Timestamp,
    ) -> Result<Vec<Event>, StoreError> {
        rows::conclude(tx, &self.request_id, SupportRequestStatus::Failed).await?;
        Ok(Vec::new())
    }
}

/// What the operator wants to know and the caller need not say.
async fn facts(tx: &mut ReadTx, request: &SupportRow) -> Result<Vec<(&'static str, String)>, StoreError> {
    let (name, _) = account::rows::aws_account(tx, request.aws_account_id).await?;
    let mut facts = vec![
        ("Caller", request.submitted_by.clone()),
        ("AWS account", format!("{} {name}", request.aws_account_id)),
    ];
    let Some(id) = &request.account_id else {
        return Ok(facts);
    };
    let Some(account) = account::rows::find_any(tx, id).await? else {
        facts.push(("Chime account", format!("{id}, gone since")));
        return Ok(facts);
    };
    let account = ManagedAccount::with(account);
    let users = user::rows::count(tx, &account, COUNTED + 1).await?;
    let users = match users > COUNTED {
        true => format!("more than {COUNTED}"),
        false => users.to_string(),
    };
    facts.extend([
        ("Chime account", format!("{id} {}", account.name)),
        ("Account type", account.account_type.to_string()),
        ("Account status", account.life.as_str().to_owned()),
        ("Default license", account.default_license.to_string()),
        ("Users", users),
    ]);
    if account.aws_account_id != request.aws_account_id {
        facts.push(("Account owner", account.aws_account_id.to_string()));
    }
    Ok(facts)
}

/// Sends the contact a copy.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CopySupportRequest {
    pub request_id: String,
}

impl Job for CopySupportRequest {
    const KIND: &'static str = "chime.support.copy";
    const PATIENCE: Duration = DELIVERY;
    type Gathered = ();

    async fn gather(
        &self,
        environment: &Environment,
        store: &Store,
        outside: &Outside,
    ) -> Result<(), JobError> {
        let mut tx = store.read().await?;
        let found = rows::find_any(&mut tx, &self.request_id).await?;
        drop(tx);
        let Some(request) = found else {
            return Ok(());
        };
        let notice = Notice {
            request: &request,
            facts: &[],
            public_url: &environment.settings.public_url,
        };
        send(outside, &notice.to_contact()).await
    }
}
