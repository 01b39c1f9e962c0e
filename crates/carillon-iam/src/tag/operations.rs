//! What callers may ask of tags. What can be tagged differs in how it is named and found only, so one macro writes the
//! three operations of each kind.

use carillon_aws::shape::Listed;
use carillon_operation::{Caller, Context, Fault, List, Operation, Spec, Tagging, Target};
use carillon_store::ReadTx;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Tag, TagKey, TagPage};
use crate::account::raise_revision;
use crate::entity::{self, EntityKind};
use crate::error::Error;
use crate::instance_profile::{self, InstanceProfileName};
use crate::mfa::{self, SerialNumber};
use crate::name::{Arn, ExistingUserName, Marker, RoleName};
use crate::page::MaxItems;
use crate::policy;
use crate::provider;
use crate::saml_provider;
use crate::server_certificate::{self, ServerCertificateName};

/// `target`: what the policies are asked about. `listed` and `changed`: the identifier that the tags are kept under.
macro_rules! operations {
    ($noun:literal, $(#[$attribute:meta])? $member:ident: $Member:ty, $Tag:ident, $Untag:ident, $List:ident,
     target: |$tx:ident, $caller:ident, $of:ident| $target:expr,
     listed: |$list_cx:ident, $listed_of:ident| $listed:expr,
     changed: |$change_cx:ident, $changed_of:ident| $changed:expr $(,)?) => {
        #[doc = concat!("Adds tags to ", $noun, "; a key that it has gets the new value.")]
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $Tag {
            $(#[$attribute])?
            $member: $Member,
            tags: Listed<Tag, 0, 50>,
        }

        impl Operation for $Tag {
            const SPEC: Spec = Spec::named(concat!("iam:", stringify!($Tag)));

            type Access = Tagging;
            type Output = ();
            type Error = Error;

            async fn target(&self, $caller: &Caller, $tx: &mut ReadTx) -> Result<Target, Fault> {
                let $of = &self.$member;
                let mut target = $target.await?;
                super::given(&mut target, &self.tags);
                Ok(target)
            }

            async fn handle(&self, $change_cx: &mut Context<'_, Self>) -> Result<(), Error> {
                super::check(&self.tags)?;
                let $changed_of = &self.$member;
                let id = $changed.await?;
                super::put($change_cx.tx, &id, &self.tags).await?;
                raise_revision(
                    $change_cx.tx,
                    $change_cx.caller.aws_account_id,
                    $change_cx.now,
                )
                .await?;
                Ok(())
            }
        }

        #[doc = concat!("Removes tags from ", $noun, ". Keys that it has not are no error.")]
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $Untag {
            $(#[$attribute])?
            $member: $Member,
            tag_keys: Listed<TagKey, 0, 50>,
        }

        impl Operation for $Untag {
            const SPEC: Spec = Spec::named(concat!("iam:", stringify!($Untag)));

            type Access = Tagging;
            type Output = ();
            type Error = Error;

            async fn target(&self, $caller: &Caller, $tx: &mut ReadTx) -> Result<Target, Fault> {
                let $of = &self.$member;
                let mut target = $target.await?;
                target.tag_keys = self.tag_keys.iter().map(ToString::to_string).collect();
                Ok(target)
            }

            async fn handle(&self, $change_cx: &mut Context<'_, Self>) -> Result<(), Error> {
                let $changed_of = &self.$member;
                let id = $changed.await?;
                super::remove($change_cx.tx, &id, &self.tag_keys).await?;
                raise_revision(
                    $change_cx.tx,
                    $change_cx.caller.aws_account_id,
                    $change_cx.now,
                )
                .await?;
                Ok(())
            }
        }

        #[doc = concat!("Lists the tags of ", $noun, " by key.")]
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $List {
            $(#[$attribute])?
            $member: $Member,
            marker: Option<Marker>,
            max_items: Option<MaxItems>,
        }

        impl Operation for $List {
            const SPEC: Spec = Spec::named(concat!("iam:", stringify!($List)));

            type Access = List;
            type Output = TagPage;
            type Error = Error;

            async fn target(&self, $caller: &Caller, $tx: &mut ReadTx) -> Result<Target, Fault> {
                let $of = &self.$member;
                $target.await
            }

            async fn handle(&self, $list_cx: &mut Context<'_, Self>) -> Result<TagPage, Error> {
                let $listed_of = &self.$member;
                let id = $listed.await?;
                let tags = super::of($list_cx.tx, &id).await?;
                super::page($list_cx, &id, tags, self.marker.as_ref(), self.max_items)
            }
        }
    };
}

/// The identifier of a user or role.
async fn id_of(
    tx: &mut ReadTx,
    caller: &Caller,
    kind: EntityKind,
    name: &(impl AsRef<str> + Sync),
) -> Result<String, Error> {
    let entity = entity::require(tx, caller.aws_account_id, kind, name.as_ref()).await?;
    Ok(entity.id)
}

operations!(
    "an IAM user", user_name: ExistingUserName, TagUser, UntagUser, ListUserTags,
    target: |tx, caller, name| entity::target(tx, caller.aws_account_id, EntityKind::User, name.as_str()),
    listed: |cx, name| id_of(cx.tx, cx.caller, EntityKind::User, name),
    changed: |cx, name| id_of(cx.tx, cx.caller, EntityKind::User, name),
);

operations!(
    "a role", role_name: RoleName, TagRole, UntagRole, ListRoleTags,
    target: |tx, caller, name| entity::target(tx, caller.aws_account_id, EntityKind::Role, name.as_str()),
    listed: |cx, name| id_of(cx.tx, cx.caller, EntityKind::Role, name),
    changed: |cx, name| id_of(cx.tx, cx.caller, EntityKind::Role, name),
);

operations!(
    "a managed policy", policy_arn: Arn, TagPolicy, UntagPolicy, ListPolicyTags,
    target: |tx, caller, arn| policy::target(tx, caller.aws_account_id, arn.as_str()),
    listed: |cx, arn| policy::id_of(cx.tx, cx.environment, cx.caller.aws_account_id, arn.as_str()),
    changed: |cx, arn| policy::id_of_local(cx, arn.as_str()),
);

operations!(
    "a virtual MFA device", serial_number: SerialNumber, TagMFADevice, UntagMFADevice, ListMFADeviceTags,
    target: |tx, caller, serial_number| mfa::target(tx, caller, serial_number.as_str()),
    listed: |cx, serial_number| mfa::tagged(cx.tx, cx.caller, serial_number),
    changed: |cx, serial_number| mfa::tagged(cx.tx, cx.caller, serial_number),
);

operations!(
    "an instance profile", instance_profile_name: InstanceProfileName,
    TagInstanceProfile, UntagInstanceProfile, ListInstanceProfileTags,
    target: |tx, caller, name| instance_profile::target(tx, caller, name),
    listed: |cx, name| instance_profile::tagged(cx.tx, cx.caller, name),
    changed: |cx, name| instance_profile::tagged(cx.tx, cx.caller, name),
);

operations!(
    "an identity provider", #[serde(rename = "OpenIDConnectProviderArn")] arn: Arn,
    TagOpenIDConnectProvider, UntagOpenIDConnectProvider, ListOpenIDConnectProviderTags,
    target: |tx, caller, arn| provider::KIND.target(tx, caller, arn),
    listed: |cx, arn| provider::tagged(cx.tx, cx.caller, arn),
    changed: |cx, arn| provider::tagged(cx.tx, cx.caller, arn),
);

operations!(
    "an identity provider that speaks SAML", #[serde(rename = "SAMLProviderArn")] arn: Arn,
    TagSAMLProvider, UntagSAMLProvider, ListSAMLProviderTags,
    target: |tx, caller, arn| saml_provider::KIND.target(tx, caller, arn),
    listed: |cx, arn| saml_provider::tagged(cx.tx, cx.caller, arn),
    changed: |cx, arn| saml_provider::tagged(cx.tx, cx.caller, arn),
);

operations!(
    "a server certificate", server_certificate_name: ServerCertificateName,
    TagServerCertificate, UntagServerCertificate, ListServerCertificateTags,
    target: |tx, caller, name| server_certificate::target(tx, caller, name),
    listed: |cx, name| server_certificate::tagged(cx.tx, cx.caller, name),
    changed: |cx, name| server_certificate::tagged(cx.tx, cx.caller, name),
);
