//! What administrators may ask of login profiles.

use carillon_aws::time::IsoSeconds;
use carillon_operation::{
    Caller, Context, Entrance, Environment, Fault, List, Operation, Spec, Target, Write,
};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LoginProfileRow, Password, rows};
use crate::entity::{self, Entity, EntityKind};
use crate::error::Error;
use crate::name::UserName;
use crate::password_policy;
use crate::user::{Subject, subject, subject_target, unnamed};

/// The user that is named, or the caller. Root has no login profile.
async fn owner(tx: &mut ReadTx, caller: &Caller, name: Option<&UserName>) -> Result<(String, String), Error> {
    match subject(tx, caller, name).await? {
        Subject::User { id, name } => Ok((id, name)),
        Subject::Root => Err(unnamed()),
    }
}

async fn require(tx: &mut ReadTx, user_id: &str, user_name: &str) -> Result<LoginProfileRow, Error> {
    rows::find(tx, user_id)
        .await?
        .ok_or_else(|| no_such_profile(user_name))
}

pub(super) fn no_such_profile(user_name: &str) -> Error {
    Error::NotFound(format!("Login Profile for User {user_name} cannot be found."))
}

/// A login profile without its password.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LoginProfile {
    user_name: String,
    create_date: IsoSeconds,
    password_reset_required: bool,
}

/// The answer of operations about a login profile.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LoginProfileOutput {
    login_profile: LoginProfile,
}

/// Gives an IAM user a password for the console.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateLoginProfile {
    user_name: Option<UserName>,
    password: Option<Password>,
    #[serde(default)]
    password_reset_required: bool,
    #[serde(skip)]
    hash: String,
}

impl Operation for CreateLoginProfile {
    const SPEC: Spec = Spec::named("iam:CreateLoginProfile");
    const PREPARES: bool = true;

    type Access = Write;
    type Output = LoginProfileOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn prepare(&mut self, environment: &Environment) -> Result<(), Error> {
        if let Some(password) = &self.password {
            self.hash = environment
                .hash_password(&password.secret(), Entrance::Api)
                .await?;
        }
        Ok(())
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<LoginProfileOutput, Error> {
        let account = cx.aws_account_id();
        // The model lets it out for sessions of root, which this server does not make.
        let password = self.password.as_ref().ok_or_else(|| {
            Error::Validation(
                "1 validation error detected: Value null at 'password' failed to satisfy constraint: Member \
                 must not be null"
                    .to_owned(),
            )
        })?;
        let (user_id, user_name) = owner(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        if rows::find(cx.tx, &user_id).await?.is_some() {
            return Err(Error::AlreadyExists(format!(
                "Login Profile for user {user_name} already exists."
            )));
        }
        password_policy::rows::in_force(cx.tx, account)
            .await?
            .check(password.as_str())?;
        rows::insert(cx.tx, &user_id, &self.hash, self.password_reset_required, cx.now).await?;
        Ok(LoginProfileOutput {
            login_profile: LoginProfile {
                user_name,
                create_date: cx.now.into(),
                password_reset_required: self.password_reset_required,
            },
        })
    }
}

/// Tells whether an IAM user has a password, since when, and whether it must be changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetLoginProfile {
    user_name: Option<UserName>,
}

impl Operation for GetLoginProfile {
    const SPEC: Spec = Spec::named("iam:GetLoginProfile");

    type Access = List;
    type Output = LoginProfileOutput;
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<LoginProfileOutput, Error> {
        let (user_id, user_name) = owner(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        let profile = require(cx.tx, &user_id, &user_name).await?;
        Ok(LoginProfileOutput {
            login_profile: LoginProfile {
                user_name,
                create_date: profile.created_at.into(),
                password_reset_required: profile.password_reset_required,
            },
        })
    }
}

/// Sets the password of an IAM user anew, or says whether the user must change it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateLoginProfile {
    user_name: UserName,
    password: Option<Password>,
    password_reset_required: Option<bool>,
    #[serde(skip)]
    hash: String,
}

impl Operation for UpdateLoginProfile {
    const SPEC: Spec = Spec::named("iam:UpdateLoginProfile");
    const PREPARES: bool = true;

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        entity::target(
            tx,
            caller.aws_account_id,
            EntityKind::User,
            self.user_name.as_str(),
        )
        .await
    }

    async fn prepare(&mut self, environment: &Environment) -> Result<(), Error> {
        if let Some(password) = &self.password {
            self.hash = environment
                .hash_password(&password.secret(), Entrance::Api)
                .await?;
        }
        Ok(())
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let account = cx.aws_account_id();
        let Entity { id, name, .. } =
            entity::require(cx.tx, account, EntityKind::User, self.user_name.as_str()).await?;
        require(cx.tx, &id, &name).await?;
        if let Some(password) = &self.password {
            password_policy::rows::in_force(cx.tx, account)
                .await?
                .check(password.as_str())?;
            rows::set_password(cx.tx, &id, &self.hash, cx.now).await?;
        }
        if let Some(reset_required) = self.password_reset_required {
            rows::set_reset_required(cx.tx, &id, reset_required).await?;
        }
        Ok(())
    }
}

/// Takes the password from an IAM user, who then cannot sign in to the console. Access keys stay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteLoginProfile {
    user_name: Option<UserName>,
}

impl Operation for DeleteLoginProfile {
    const SPEC: Spec = Spec::named("iam:DeleteLoginProfile");

    type Access = Write;
    type Output = ();
    type Error = Error;

    async fn target(&self, caller: &Caller, tx: &mut ReadTx) -> Result<Target, Fault> {
        subject_target(tx, caller, self.user_name.as_ref()).await
    }

    async fn handle(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        let (user_id, user_name) = owner(cx.tx, cx.caller, self.user_name.as_ref()).await?;
        if !rows::delete(cx.tx, &user_id).await? {
            return Err(no_such_profile(&user_name));
        }
        Ok(())
    }
}
