// Written from the operations by `UPDATE=1 cargo test -p carillon reference`.

/** A new access key. */
export interface IamAccessKey {
  /** Root has none. */
  UserName?: string;
  AccessKeyId: string;
  Status: "Active" | "Inactive" | "Expired";
  SecretAccessKey: string;
  CreateDate: string;
}

/** The last use of an access key. */
export interface IamAccessKeyLastUsed {
  /** Absent of a key that was never used. */
  LastUsedDate?: string;
  ServiceName: string;
  Region: string;
}

/** An access key without its secret. */
export interface IamAccessKeyMetadata {
  /** Root has none. */
  UserName?: string;
  AccessKeyId: string;
  Status: "Active" | "Inactive" | "Expired";
  CreateDate: string;
}

/** The policy that bounds what a user or role may be allowed. */
export interface IamAttachedPermissionsBoundary {
  PermissionsBoundaryType: string;
  PermissionsBoundaryArn: string;
}

/** A managed policy on a user, group or role. */
export interface IamAttachedPolicy {
  PolicyName: string;
  PolicyArn: string;
}

/** Values of a context key. */
export interface IamContextEntry {
  ContextKeyName?: string;
  ContextKeyValues?: Array<string>;
  ContextKeyType?: "string" | "stringList" | "numeric" | "numericList" | "boolean" | "booleanList" | "ip" | "ipList" | "binary" | "binaryList" | "date" | "dateList";
}

/** A user or role and its last access of the service. */
export interface IamEntityDetails {
  EntityInfo: IamEntityInfo;
  LastAuthenticated?: string;
}

/** Who it is. */
export interface IamEntityInfo {
  Arn: string;
  Name: string;
  Type: "USER" | "ROLE" | "GROUP";
  Id: string;
  Path: string;
}

/** Why a report failed. */
export interface IamErrorDetails {
  Message: string;
  Code: string;
}

/** What would be decided about one action, on all resources together: the most restrictive decision. */
export interface IamEvaluationResult {
  EvalActionName: string;
  /** The resource, if it is the only one. */
  EvalResourceName: string;
  EvalDecision: "allowed" | "explicitDeny" | "implicitDeny";
  MatchedStatements: Array<IamStatement>;
  MissingContextValues: Array<string>;
  OrganizationsDecisionDetail?: IamOrganizationsDecisionDetail;
  PermissionsBoundaryDecisionDetail?: IamPermissionsBoundaryDecisionDetail;
  EvalDecisionDetails?: Record<string, "allowed" | "explicitDeny" | "implicitDeny">;
  ResourceSpecificResults?: Array<IamResourceSpecificResult>;
}

/** A service and the policies that give access to it. */
export interface IamGrantingEntry {
  ServiceNamespace: string;
  Policies: Array<IamGrantingPolicy>;
}

/** A policy; an inline one with who has it. */
export interface IamGrantingPolicy {
  PolicyName: string;
  PolicyType: "INLINE" | "MANAGED";
  PolicyArn?: string;
  EntityType?: "USER" | "ROLE" | "GROUP";
  EntityName?: string;
}

/** An IAM group. */
export interface IamGroup {
  Path: string;
  GroupName: string;
  GroupId: string;
  Arn: string;
  CreateDate: string;
}

/** A group with its policies. */
export interface IamGroupDetail {
  Path: string;
  GroupName: string;
  GroupId: string;
  Arn: string;
  CreateDate: string;
  GroupPolicyList: Array<IamPolicyDetail>;
  AttachedManagedPolicies: Array<IamAttachedPolicy>;
}

/** An inline policy by its name and by what it is on. */
export interface IamInlinePolicyIdentifier {
  PolicyName: string;
  AttachmentType: "user" | "group" | "role";
  AttachmentName: string;
}

/** An instance profile. */
export interface IamInstanceProfile {
  Path: string;
  InstanceProfileName: string;
  InstanceProfileId: string;
  Arn: string;
  CreateDate: string;
  /** One at most. */
  Roles: Array<IamRole>;
  Tags?: Array<{
    Key: string;
    Value: string;
  }>;
}

/** A login profile without its password. */
export interface IamLoginProfile {
  UserName: string;
  CreateDate: string;
  PasswordResetRequired: boolean;
}

/** A device that somebody has. */
export interface IamMFADevice {
  /** Root has none. */
  UserName?: string;
  SerialNumber: string;
  EnableDate: string;
}

/** A managed policy with all its versions. */
export interface IamManagedPolicyDetail {
  PolicyName: string;
  PolicyId: string;
  Arn: string;
  Path: string;
  DefaultVersionId: string;
  AttachmentCount: number;
  PermissionsBoundaryUsageCount: number;
  IsAttachable: boolean;
  Description?: string;
  CreateDate: string;
  UpdateDate: string;
  PolicyVersionList: Array<IamPolicyVersion>;
}

/** The policies of one level of an organization. */
export interface IamOrderedOrganizationPolicy {
  ServiceControlPolicyInputList?: Array<string>;
}

/** Whether the service control policies allow it. */
export interface IamOrganizationsDecisionDetail {
  AllowedByOrganizations: boolean;
}

/** The password policy of an AWS account. */
export interface IamPasswordPolicy {
  MinimumPasswordLength: number;
  RequireSymbols: boolean;
  RequireNumbers: boolean;
  RequireUppercaseCharacters: boolean;
  RequireLowercaseCharacters: boolean;
  AllowUsersToChangePassword: boolean;
  /** Whether passwords expire: whether they have a maximum age. */
  ExpirePasswords: boolean;
  MaxPasswordAge?: number;
  PasswordReusePrevention?: number;
  HardExpiry?: boolean;
}

/** Whether the permissions boundary allows it. */
export interface IamPermissionsBoundaryDecisionDetail {
  AllowedByPermissionsBoundary: boolean;
}

/** A managed policy. */
export interface IamPolicy {
  PolicyName: string;
  PolicyId: string;
  Arn: string;
  Path: string;
  DefaultVersionId: string;
  AttachmentCount: number;
  PermissionsBoundaryUsageCount: number;
  IsAttachable: boolean;
  Description?: string;
  CreateDate: string;
  UpdateDate: string;
  Tags?: Array<{
    Key: string;
    Value: string;
  }>;
}

/** An inline policy. */
export interface IamPolicyDetail {
  PolicyName: string;
  /** URL-encoded. */
  PolicyDocument: string;
}

/** A group that uses a policy. */
export interface IamPolicyGroup {
  GroupName: string;
  GroupId: string;
}

/** Policies to leave out: by kind, by ARN, or by the name of an inline policy. Exactly one of the three. */
export interface IamPolicyIdentifier {
  PolicyType?: "inline" | "aws-managed" | "user-managed" | "permission-boundary" | "scp" | "rcp";
  PolicyArn?: string;
  InlinePolicyIdentifier?: IamInlinePolicyIdentifier;
}

/** A role that uses a policy. */
export interface IamPolicyRole {
  RoleName: string;
  RoleId: string;
}

/** A user that uses a policy. */
export interface IamPolicyUser {
  UserName: string;
  UserId: string;
}

/** A version of a managed policy. */
export interface IamPolicyVersion {
  /** URL-encoded. */
  Document: string;
  VersionId: string;
  IsDefaultVersion: boolean;
  CreateDate: string;
}

/** A place in the text of a policy, lines and columns counted from 1. */
export interface IamPosition {
  Line: number;
  Column: number;
}

/** An identity provider in a list. */
export interface IamProviderEntry {
  Arn: string;
}

/** What would be decided about one action on one resource. */
export interface IamResourceSpecificResult {
  EvalResourceName: string;
  EvalResourceDecision: "allowed" | "explicitDeny" | "implicitDeny";
  MatchedStatements: Array<IamStatement>;
  MissingContextValues: Array<string>;
  EvalDecisionDetails?: Record<string, "allowed" | "explicitDeny" | "implicitDeny">;
  PermissionsBoundaryDecisionDetail?: IamPermissionsBoundaryDecisionDetail;
}

/** An IAM role. */
export interface IamRole {
  Path: string;
  RoleName: string;
  RoleId: string;
  Arn: string;
  CreateDate: string;
  /** URL-encoded. */
  AssumeRolePolicyDocument: string;
  Description?: string;
  MaxSessionDuration: number;
  PermissionsBoundary?: IamAttachedPermissionsBoundary;
  Tags?: Array<{
    Key: string;
    Value: string;
  }>;
  RoleLastUsed?: IamRoleLastUsed;
}

/** A role with its policies and whom it trusts. */
export interface IamRoleDetail {
  Path: string;
  RoleName: string;
  RoleId: string;
  Arn: string;
  CreateDate: string;
  /** URL-encoded. */
  AssumeRolePolicyDocument: string;
  InstanceProfileList: Array<IamInstanceProfile>;
  RolePolicyList: Array<IamPolicyDetail>;
  AttachedManagedPolicies: Array<IamAttachedPolicy>;
  PermissionsBoundary?: IamAttachedPermissionsBoundary;
  Tags: Array<{
    Key: string;
    Value: string;
  }>;
  RoleLastUsed: IamRoleLastUsed;
}

/** When and where a role was last assumed, to a quarter of an hour; empty if never. */
export interface IamRoleLastUsed {
  LastUsedDate?: string;
  Region?: string;
}

/** An identity provider in a list. */
export interface IamSAMLProviderEntry {
  Arn: string;
  ValidUntil: string;
  CreateDate: string;
}

/** A server certificate. */
export interface IamServerCertificate {
  ServerCertificateMetadata: IamServerCertificateMetadata;
  CertificateBody: string;
  CertificateChain?: string;
  Tags?: Array<{
    Key: string;
    Value: string;
  }>;
}

/** A server certificate without the certificate. */
export interface IamServerCertificateMetadata {
  Path: string;
  ServerCertificateName: string;
  ServerCertificateId: string;
  Arn: string;
  UploadDate: string;
  Expiration: string;
}

/** A service and its last access. */
export interface IamServiceLastAccessed {
  ServiceName: string;
  LastAuthenticated?: string;
  ServiceNamespace: string;
  LastAuthenticatedEntity?: string;
  LastAuthenticatedRegion?: string;
  TotalAuthenticatedEntities: number;
  TrackedActionsLastAccessed?: Array<IamTrackedActionLastAccessed>;
}

/** A service-specific credential with its secret. */
export interface IamServiceSpecificCredential {
  CreateDate: string;
  ExpirationDate?: string;
  ServiceName?: string;
  ServiceUserName?: string;
  ServicePassword?: string;
  ServiceCredentialAlias?: string;
  ServiceCredentialSecret?: string;
  ServiceSpecificCredentialId: string;
  UserName?: string;
  Status: "Active" | "Inactive" | "Expired";
}

/** A service-specific credential without its secret. */
export interface IamServiceSpecificCredentialMetadata {
  UserName?: string;
  Status: "Active" | "Inactive" | "Expired";
  ServiceUserName?: string;
  ServiceCredentialAlias?: string;
  CreateDate: string;
  ExpirationDate?: string;
  ServiceSpecificCredentialId: string;
  ServiceName: string;
}

/** A signing certificate. */
export interface IamSigningCertificate {
  /** Root has none. */
  UserName?: string;
  CertificateId: string;
  CertificateBody: string;
  Status: "Active" | "Inactive" | "Expired";
  UploadDate: string;
}

/** An SSH public key. */
export interface IamSshPublicKey {
  UserName?: string;
  SSHPublicKeyId: string;
  Fingerprint: string;
  SSHPublicKeyBody: string;
  Status: "Active" | "Inactive" | "Expired";
  UploadDate: string;
}

/** An SSH public key without the key. */
export interface IamSshPublicKeyMetadata {
  UserName?: string;
  SSHPublicKeyId: string;
  Status: "Active" | "Inactive" | "Expired";
  UploadDate: string;
}

/** A statement that decided. */
export interface IamStatement {
  SourcePolicyId: string;
  /** `IAM Policy` or `Resource Policy`: what AWS answers, whatever its reference lists. */
  SourcePolicyType: string;
  StartPosition: IamPosition;
  EndPosition: IamPosition;
}

/** A tag. */
export interface IamTag {
  Key: string;
  Value: string;
}

/** An action and its last access. */
export interface IamTrackedActionLastAccessed {
  ActionName: string;
  LastAccessedEntity?: string;
  LastAccessedTime?: string;
  LastAccessedRegion?: string;
}

/** An IAM user. */
export interface IamUser {
  /** Root has none. */
  Path?: string;
  /** Root has none. */
  UserName?: string;
  UserId: string;
  Arn: string;
  CreateDate: string;
  PasswordLastUsed?: string;
  PermissionsBoundary?: IamAttachedPermissionsBoundary;
  Tags?: Array<{
    Key: string;
    Value: string;
  }>;
}

/** A user with all that gives it permissions. */
export interface IamUserDetail {
  Path: string;
  UserName: string;
  UserId: string;
  Arn: string;
  CreateDate: string;
  UserPolicyList: Array<IamPolicyDetail>;
  GroupList: Array<string>;
  AttachedManagedPolicies: Array<IamAttachedPolicy>;
  PermissionsBoundary?: IamAttachedPermissionsBoundary;
  Tags: Array<{
    Key: string;
    Value: string;
  }>;
}

/** A virtual device. Seed and picture are shown once, in the answer that makes it. */
export interface IamVirtualMFADevice {
  SerialNumber: string;
  /** The seed in base32, as it is typed into an app. */
  Base32StringSeed?: string;
  /** The same as a picture for an app to scan. */
  QRCodePNG?: string;
  User?: IamUser;
  EnableDate?: string;
  Tags?: Array<{
    Key: string;
    Value: string;
  }>;
}

/** A session of a role. */
export interface StsAssumedRoleUser {
  AssumedRoleId: string;
  Arn: string;
}

/** Temporary credentials. */
export interface StsCredentials {
  AccessKeyId: string;
  SecretAccessKey: string;
  SessionToken: string;
  Expiration: string;
}

/** Somebody whom AWS does not know. */
export interface StsFederatedUser {
  FederatedUserId: string;
  Arn: string;
}

/** Names a managed policy that narrows what a session may do. */
export interface StsPolicyDescriptorType {
  arn?: string;
}

/** A tag. */
export interface StsTag {
  Key: string;
  Value: string;
}

/** Access that must not be granted: one of these actions, of which one is enough, on one of these resources. */
export interface AccessAnalyzerAccess {
  /** Any, if empty. */
  actions?: Array<string>;
  /** Any, if empty. */
  resources?: Array<string>;
}

/** A change; exactly one member is there. */
export interface AccessAnalyzerAccessChange {
  replacePolicy?: AccessAnalyzerReplacePolicy;
  putInlinePolicy?: AccessAnalyzerPutInlinePolicy;
  deleteInlinePolicy?: AccessAnalyzerDeleteInlinePolicy;
  attachPolicy?: AccessAnalyzerAttachment;
  detachPolicy?: AccessAnalyzerAttachment;
}

/** A statement that gives or limits a permission. */
export interface AccessAnalyzerAccessReason {
  policyName: string;
  policyArn?: string;
  /** ARN of the user, role or group that has the policy. */
  attachedTo?: string;
  statementIndex: number;
  statementId?: string;
  resources: Array<string>;
  /** In words; all must hold. */
  conditions: Array<string>;
}

/** A step on the way to a permission. */
export interface AccessAnalyzerAccessStep {
  action: string;
  resource: string;
  description: string;
}

/** A managed policy and a user, group or role. */
export interface AccessAnalyzerAttachment {
  principalArn: string;
  policyArn: string;
}

/** The same call of the same caller, as often as the page has it. */
export interface AccessAnalyzerCallChange {
  effect: "GAINED" | "LOST";
  /** The user or role. */
  principalArn: string;
  action: string;
  resource: string;
  count: number;
  /** The newest of these calls. */
  lastRequestId: string;
  lastTime: string;
}

/** An action of the server. */
export interface AccessAnalyzerCallerPermission {
  /** `chime:ListUsers` */
  action: string;
  /** The operation that it allows: `ListUsers`. */
  operation: string;
  accessLevel: string;
  /** Whether this server carries the operation out. */
  available: boolean;
  extent: "ALLOWED" | "SOMETIMES" | "DENIED";
}

/** A key that conditions of policies may name. */
export interface AccessAnalyzerConditionKey {
  /** `aws:SourceIp`; one that ends in `/` goes before the key of a tag. */
  name: string;
  kind: "TEXT" | "ARN" | "BOOL" | "NUMBER" | "DATE" | "ADDRESS" | "BINARY";
  /** Whether a request has several values of it at a time. */
  multivalued: boolean;
}

/** A user, group or role loses an inline policy. */
export interface AccessAnalyzerDeleteInlinePolicy {
  principalArn: string;
  policyName: string;
}

/** A permission with where it comes from. */
export interface AccessAnalyzerEffectiveAccess {
  extent: "ALWAYS" | "SOMETIMES" | "UNDECIDED" | "OBTAINABLE";
  allowedBy: Array<AccessAnalyzerAccessReason>;
  deniedBy: Array<AccessAnalyzerAccessReason>;
  /** The permissions boundary, if it does not allow all that is otherwise allowed. */
  limitedBy?: string;
  /** A request that is allowed. */
  example?: string;
  undecidedBecause?: string;
}

/** Where it is: a path from the root, and a stretch of the text. */
export interface AccessAnalyzerLocation {
  path: Array<AccessAnalyzerPathElement>;
  span: AccessAnalyzerSpan;
}

/** A managed policy of AWS's, and what it grants that the policy does not. */
export interface AccessAnalyzerNearestPolicy {
  policyArn: string;
  missingActions: Array<string>;
  /** Those of them that came after the policy was written. */
  newActions: Array<string>;
}

/** One step; exactly one member is there. */
export interface AccessAnalyzerPathElement {
  index?: number;
  key?: string;
  substring?: AccessAnalyzerSubstring;
  value?: string;
}

/** Actions of one service and access level that are allowed alike. */
export interface AccessAnalyzerPermissionSummary {
  service: string;
  /** Absent of actions that this release does not serve. */
  accessLevel?: string;
  actions: Array<string>;
  access: AccessAnalyzerEffectiveAccess;
}

/** A finding as the Access Analyzer has it. */
export interface AccessAnalyzerPolicyFinding {
  findingDetails: string;
  findingType: string;
  issueCode: string;
  learnMoreLink: string;
  locations: Array<AccessAnalyzerLocation>;
}

/** A policy to look at. */
export interface AccessAnalyzerPolicyReview {
  policyName: string;
  /** Of a managed policy. */
  policyArn?: string;
  /** The user, role or group that has the policy, of an inline policy. */
  attachedTo?: string;
  /** When the text that counts was written. Absent if that was before it was noted. */
  editedAt?: string;
  /** Wildcards that mean more than they did then. */
  widenedWildcards: Array<AccessAnalyzerWidenedWildcard>;
  /** The managed policy of AWS's that the policy has most in common with, if it has anything in common with one. */
  nearestPolicy?: AccessAnalyzerNearestPolicy;
}

/** Lines count from 1, columns and offsets from 0. */
export interface AccessAnalyzerPosition {
  line: number;
  column: number;
  offset: number;
}

/** Somebody with the permission, or on the way to it. */
export interface AccessAnalyzerPrincipalAccess {
  principal: string;
  access: AccessAnalyzerEffectiveAccess;
  /** Of those who could: one after the other. */
  steps: Array<AccessAnalyzerAccessStep>;
}

/** What one principal may do. */
export interface AccessAnalyzerPrincipalPermissions {
  principal: string;
  permissions: Array<AccessAnalyzerPermissionSummary>;
}

/** A user, group or role gets an inline policy, or another one of that name. */
export interface AccessAnalyzerPutInlinePolicy {
  principalArn: string;
  policyName: string;
  policyDocument: string;
}

/** A statement that fails a check, with a request that shows it. */
export interface AccessAnalyzerReasonSummary {
  description: string;
  /** Absent where the policy only denies less, so that callers' own policies come to count. */
  statementIndex?: number;
  statementId?: string;
}

/** A managed policy gets another default version. */
export interface AccessAnalyzerReplacePolicy {
  policyArn: string;
  policyDocument: string;
}

/** From a place to the one behind the last character. */
export interface AccessAnalyzerSpan {
  start: AccessAnalyzerPosition;
  end: AccessAnalyzerPosition;
}

/** A part of a string. */
export interface AccessAnalyzerSubstring {
  start: number;
  length: number;
}

/** Something that is not used. */
export interface AccessAnalyzerUnusedAccessFinding {
  findingType: "UnusedIAMRole" | "UnusedIAMUserAccessKey" | "UnusedIAMUserPassword";
  /** The role, or the user whose key or password it is. */
  resource: string;
  accessKeyId?: string;
  /** When it was made; of a password, when it was set. */
  createdAt: string;
  /** Nothing if it was never used. */
  lastAccessed?: string;
}

/** A statement and whose it is. */
export interface AccessAnalyzerUnusedStatement {
  policyName: string;
  policyArn?: string;
  /** The user, role or group that has the policy. */
  attachedTo: string;
  /** Its place among the statements of the policy, counted from 0. */
  statementIndex: number;
  sid?: string;
  effect: "Allow" | "Deny";
}

/** A wildcard, and what it has come to mean. */
export interface AccessAnalyzerWidenedWildcard {
  /** Its place among the statements of the policy, counted from 0. */
  statementIndex: number;
  sid?: string;
  effect: "Allow" | "Deny";
  element: "Action" | "NotAction";
  /** One member of `Action`, or all of `NotAction`. */
  patterns: Array<string>;
  /** Actions that came after the policy was written. */
  newActions: Array<string>;
}

/** A Chime account. */
export interface ChimeAccount {
  AwsAccountId: string;
  AccountId: string;
  Name: string;
  AccountType: "Team" | "EnterpriseDirectory" | "EnterpriseLWA" | "EnterpriseOIDC";
  CreatedTimestamp: string;
  /** What people join with. */
  DefaultLicense: "Basic" | "Plus" | "Pro" | "ProTrial";
  SupportedLicenses: Array<"Basic" | "Plus" | "Pro" | "ProTrial">;
  AccountStatus: "Suspended" | "Active";
  SigninDelegateGroups: Array<ChimeSigninDelegateGroup>;
}

/** Settings of an account. */
export interface ChimeAccountSettings {
  /** Stops people of this account from handing over control of a shared screen. */
  DisableRemoteControl?: boolean;
  /** Offers to be called on joining a meeting. */
  EnableDialOut?: boolean;
}

/** Kept and shown, with no effect. */
export interface ChimeAlexaForBusinessMetadata {
  IsAlexaForBusinessEnabled?: boolean;
  AlexaForBusinessRoomArn?: string;
}

/** Somebody who was to be in a meeting, or was. */
export interface ChimeAttendee {
  AttendeeId: string;
  UserId?: string;
  Email?: string;
  /** In angle brackets for somebody who is not signed in. */
  DisplayName?: string;
  Role?: "Host" | "Delegate" | "Moderator" | "Presenter" | "Attendee";
  Status?: "Present" | "Invited" | "Declined" | "RunningLate" | "Dropped" | "Left" | "Removed";
  ClientType?: "Windows" | "MacOS" | "IOS" | "Android" | "Web" | "WebViewer" | "DialIn" | "CallMe" | "Sip" | "H323" | "Assistant";
  ClientVersion?: string;
  AudioType?: "VoIP" | "Phone" | "RoomSystem" | "None";
  JoinedTimestamp?: string;
  LeftTimestamp?: string;
  DurationSeconds?: number;
  Connections?: Array<ChimeAttendeeConnection>;
  Feedback?: ChimeAttendeeFeedback;
}

/** A stretch of time in which an attendee was connected. */
export interface ChimeAttendeeConnection {
  ConnectedTimestamp: string;
  DisconnectedTimestamp?: string;
  DisconnectReason?: "Left" | "Dropped" | "Removed" | "MeetingEnded";
  MediaRegion?: string;
  IpAddress?: string;
}

/** How an attendee found the meeting. */
export interface ChimeAttendeeFeedback {
  Rating?: "Positive" | "Negative";
  Comment?: string;
  SubmittedTimestamp?: string;
}

/** What proving a claim would do, as far as it concerns the AWS account that claims. People of other AWS accounts, and of none, would join as well. They are not counted: whoever claims a domain has not proved that it is theirs. */
export interface ChimeClaimEffects {
  /** Registered people of the domain in other Team accounts of the AWS account, who would leave them and join. Not for delegates, to whom those accounts are not lent. */
  TeamMembersJoining?: number;
  /** Open invitations of other accounts of the AWS account to addresses of the domain, which would become void. Not for delegates. */
  OthersInvitationsEnding?: number;
  /** Open invitations of this account to addresses of other domains, which would become void, as an Enterprise account invites nobody. */
  OwnInvitationsEnding: number;
  /** Members of this Team account with addresses of other domains, who would stay. */
  ForeignMembersStaying: number;
}

/** An export of an account's attachments. */
export interface ChimeDataExport {
  DataExportId: string;
  AccountId: string;
  Status: "InProgress" | "Succeeded" | "Failed" | "Expired";
  RequestedTimestamp: string;
  /** The ARN of the principal who requested it. */
  RequestedBy: string;
  CompletedTimestamp?: string;
  /** When the file and the links in it end. */
  ExpirationTimestamp?: string;
  /** When the next export can be requested. A failed one does not count. */
  NextRequestTimestamp?: string;
  /** The attachments in the file so far. */
  AttachmentCount?: number;
  /** Bytes of those attachments. */
  TotalBytes?: number;
  /** Attachments that the file had to leave out, because they are not in the object store any more. */
  MissingCount?: number;
  /** Why it failed. */
  FailureReason?: string;
  /** Where the file is, for five minutes. Whoever has the file has the attachments. */
  FileUrl?: string;
}

/** A delegation, or the invitation to one. */
export interface ChimeDelegate {
  DelegateId: string;
  AccountId: string;
  OwnerAwsAccountId: string;
  DelegateAwsAccountId?: string;
  DelegateAwsAccountName?: string;
  InvitedEmail?: string;
  Status: "Pending" | "Active" | "Expired";
  InvitedTimestamp: string;
  /** Until when the invitation can be accepted. */
  ExpirationTimestamp?: string;
  AcceptedTimestamp?: string;
  /** When the delegation ends by itself. */
  EndTimestamp?: string;
  Reason?: string;
  /** Whether the owner set a boundary. */
  HasBoundaryPolicy: boolean;
  /** Shown to the owner only. */
  BoundaryPolicy?: string;
}

/** A domain of an account. */
export interface ChimeDomain {
  DomainName: string;
  AccountId: string;
  Status: "PendingVerification" | "Verified" | "VerificationFailed";
  /** What to put into the DNS. Absent once the claim is proved. */
  VerificationRecord?: ChimeDomainVerificationRecord;
  CreatedTimestamp: string;
  VerifiedTimestamp?: string;
  LastCheckedTimestamp?: string;
  LastCheckResult?: "RecordNotFound" | "ValueMismatch" | "DnsError" | "ClaimedByAnotherAccount" | "Found";
  NextCheckTimestamp?: string;
}

/** What a change of a domain would do. */
export interface ChimeDomainEffects {
  DomainName: string;
  AccountId: string;
  Change: "Claim" | "Release";
  /** The type that the account has afterwards. */
  AccountType: "Team" | "EnterpriseDirectory" | "EnterpriseLWA" | "EnterpriseOIDC";
  Claim?: ChimeClaimEffects;
  Release?: ChimeReleaseEffects;
  /** There is so much that not all of it was counted. The numbers are then the least there is. */
  IsTruncated: boolean;
}

/** The record that proves a claim. */
export interface ChimeDomainVerificationRecord {
  Type: "TXT";
  Name: string;
  Value: string;
}

/** An invitation. */
export interface ChimeInvite {
  InviteId: string;
  Status: "Pending" | "Accepted" | "Failed";
  EmailAddress?: string;
  EmailStatus: "NotSent" | "Sent" | "Failed";
}

/** A meeting that ended, with its attendees. */
export interface ChimeMeetingDetail {
  MeetingId: string;
  ConferenceId?: string;
  MeetingType?: "ScheduledUniqueId" | "ScheduledModerated" | "ScheduledPersonalId" | "Instant" | "Call";
  OrganizerUserId?: string;
  OrganizerEmail?: string;
  StartTimestamp: string;
  EndTimestamp: string;
  DurationSeconds?: number;
  /** Distinct people who were there. */
  AttendeeCount?: number;
  Recorded?: boolean;
  PhoneUsed?: boolean;
  RoomSystemUsed?: boolean;
  /** Whether it makes its organizer an Active Pro user of that day. */
  ActivePro?: boolean;
  PositiveResponses?: number;
  NegativeResponses?: number;
  Title?: string;
  Attendees: Array<ChimeAttendee>;
}

/** Something that happened in a meeting. */
export interface ChimeMeetingEvent {
  EventId: string;
  Timestamp: string;
  EventType: "MeetingStarted" | "MeetingEnded" | "AttendeeInvited" | "AttendeeJoined" | "AttendeeLeft" | "AttendeeDropped" | "AttendeeDeclined" | "AttendeeRunningLate" | "AttendeeRemoved" | "AudioConnected" | "AudioDisconnected" | "Muted" | "Unmuted" | "VideoStarted" | "VideoStopped" | "ScreenShareStarted" | "ScreenShareStopped" | "RecordingStarted" | "RecordingStopped" | "MeetingLocked" | "MeetingUnlocked" | "EventModeStarted" | "EventModeStopped" | "ModeratorJoined" | "SurveySubmitted";
  AttendeeId?: string;
  ActorAttendeeId?: string;
  /** Never names, addresses or what people wrote. */
  Details?: Record<string, string>;
}

/** A meeting that ended. */
export interface ChimeMeetingReport {
  MeetingId: string;
  ConferenceId?: string;
  MeetingType?: "ScheduledUniqueId" | "ScheduledModerated" | "ScheduledPersonalId" | "Instant" | "Call";
  OrganizerUserId?: string;
  OrganizerEmail?: string;
  StartTimestamp: string;
  EndTimestamp: string;
  DurationSeconds?: number;
  /** Distinct people who were there. */
  AttendeeCount?: number;
  Recorded?: boolean;
  PhoneUsed?: boolean;
  RoomSystemUsed?: boolean;
  /** Whether it makes its organizer an Active Pro user of that day. */
  ActivePro?: boolean;
  PositiveResponses?: number;
  NegativeResponses?: number;
}

/** What deleting a domain would do. */
export interface ChimeReleaseEffects {
  /** People who are signed in now, and would be signed out. */
  SignedOut: number;
  /** Registered people who would be released: their addresses become free. */
  Released: number;
  /** People who would be deleted. */
  Deleted: number;
  /** Suspended people, who would stay so. */
  StayingSuspended: number;
  /** Open invitations of this account to addresses of the domain, which would become void. */
  InvitationsEnding: number;
}

/** A directory group whose members may sign in shared devices. */
export interface ChimeSigninDelegateGroup {
  GroupName: string;
}

/** A request for help. */
export interface ChimeSupportRequest {
  SupportRequestId: string;
  Status: "Submitted" | "Sent" | "Failed";
  SubmittedTimestamp: string;
  /** The ARN of whoever asked. */
  SubmittedBy: string;
  Severity: "Low" | "Normal" | "High" | "Urgent";
  Subject?: string;
  AccountId?: string;
  /** Not in lists. */
  Description?: string;
  ContactEmail?: string;
  OccurredAt?: string;
  ClientVersion?: string;
  LogReferenceId?: string;
  MeetingId?: string;
}

/** What a user may do with the phone number assigned. */
export interface ChimeTelephonySettings {
  InboundCalling: boolean;
  OutboundCalling: boolean;
  SMS: boolean;
}

/** What is changed of one user. */
export interface ChimeUpdateUserRequestItem {
  UserId: string;
  LicenseType?: "Basic" | "Plus" | "Pro" | "ProTrial";
  UserType?: "PrivateUser" | "SharedDevice";
  AlexaForBusinessMetadata?: ChimeAlexaForBusinessMetadata;
}

/** How much an account was used. */
export interface ChimeUsageReport {
  StartDate: string;
  EndDate: string;
  /** People who had signed up by the end of the period. */
  RegisteredUsers?: number;
  /** People who attended a meeting or sent a message. */
  ActiveUsers?: number;
  ActiveProUsers?: number;
  /** Meetings that ended. */
  MeetingsHeld?: number;
  ChatMessagesSent?: number;
  /** Positive answers in percent of all. */
  MeetingSatisfaction?: number;
}

/** A user of Chime. */
export interface ChimeUser {
  UserId: string;
  AccountId?: string;
  PrimaryEmail?: string;
  PrimaryProvisionedNumber?: string;
  DisplayName?: string;
  LicenseType?: "Basic" | "Plus" | "Pro" | "ProTrial";
  UserType: "PrivateUser" | "SharedDevice";
  UserRegistrationStatus: "Unregistered" | "Registered" | "Suspended" | "Released";
  UserInvitationStatus?: "Pending" | "Accepted" | "Failed";
  RegisteredOn?: string;
  InvitedOn?: string;
  AlexaForBusinessMetadata: ChimeAlexaForBusinessMetadata;
  PersonalPIN?: string;
}

/** What a user did. */
export interface ChimeUserActivityReport {
  UserId: string;
  StartDate?: string;
  EndDate?: string;
  MeetingsAttended?: number;
  MeetingsOrganized?: number;
  ChatMessagesSent?: number;
  /** Positive answers about meetings that the user organized, in percent of all. */
  MeetingSatisfaction?: number;
  LastActiveDate?: string;
}

/** Why something could not be done with a user. */
export interface ChimeUserError {
  UserId: string;
  ErrorCode: "BadRequest" | "Conflict" | "Forbidden" | "NotFound" | "PreconditionFailed" | "ResourceLimitExceeded" | "ServiceFailure" | "AccessDenied" | "ServiceUnavailable" | "Throttled" | "Throttling" | "Unauthorized" | "Unprocessable" | "VoiceConnectorGroupAssociationsExist" | "PhoneNumberAssociationsExist" | "Gone";
  ErrorMessage: string;
}

/** Settings of a user. */
export interface ChimeUserSettings {
  Telephony: ChimeTelephonySettings;
}

/** An event as CloudTrail lists it. */
export interface CloudtrailEvent {
  EventId: string;
  EventName: string;
  ReadOnly: string;
  AccessKeyId?: string;
  EventTime: number;
  EventSource: string;
  Username?: string;
  Resources: Array<CloudtrailResource>;
  /** The whole record, as JSON. */
  CloudTrailEvent: string;
}

/** An attribute and its value. */
export interface CloudtrailLookupAttribute {
  AttributeKey: "EventId" | "EventName" | "ReadOnly" | "Username" | "ResourceType" | "ResourceName" | "EventSource" | "AccessKeyId";
  AttributeValue: string;
}

/** What an event concerns. */
export interface CloudtrailResource {
  ResourceType: string;
  ResourceName: string;
}

export interface Operations {
  "iam": {
    /** Creates an IAM user. */
    CreateUser: { input: {
      UserName: string;
      Path?: string;
      PermissionsBoundary?: string;
      Tags?: Array<IamTag>;
    }; output: {
      User: IamUser;
    } };
    /** Retrieves an IAM user, or the caller if no name is given. */
    GetUser: { input: {
      UserName?: string;
    }; output: {
      User: IamUser;
    } };
    /** Lists IAM users by name, without their tags and permissions boundaries. */
    ListUsers: { input: {
      PathPrefix?: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Users: Array<IamUser>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Renames an IAM user or moves it to another path. Its identifier stays, its ARN changes. */
    UpdateUser: { input: {
      UserName: string;
      NewPath?: string;
      NewUserName?: string;
    }; output: Record<string, never> };
    /** Deletes an IAM user that has nothing left. */
    DeleteUser: { input: {
      UserName: string;
    }; output: Record<string, never> };
    /** Adds tags to an IAM user; a key that it has gets the new value. */
    TagUser: { input: {
      UserName: string;
      Tags: Array<IamTag>;
    }; output: Record<string, never> };
    /** Removes tags from an IAM user. Keys that it has not are no error. */
    UntagUser: { input: {
      UserName: string;
      TagKeys: Array<string>;
    }; output: Record<string, never> };
    /** Lists the tags of an IAM user by key. */
    ListUserTags: { input: {
      UserName: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Tags: Array<{
        Key: string;
        Value: string;
      }>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Bounds what an IAM user may be allowed to what a managed policy allows. */
    PutUserPermissionsBoundary: { input: {
      UserName: string;
      PermissionsBoundary: string;
    }; output: Record<string, never> };
    /** Removes the permissions boundary of an IAM user. */
    DeleteUserPermissionsBoundary: { input: {
      UserName: string;
    }; output: Record<string, never> };
    /** Creates an IAM group. */
    CreateGroup: { input: {
      GroupName: string;
      Path?: string;
    }; output: {
      Group: IamGroup;
    } };
    /** Retrieves an IAM group and a page of its members, by name. */
    GetGroup: { input: {
      GroupName: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Group: IamGroup;
      Users: Array<IamUser>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Lists IAM groups by name. */
    ListGroups: { input: {
      PathPrefix?: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Groups: Array<IamGroup>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Renames an IAM group or moves it to another path. Its identifier, members and policies stay. */
    UpdateGroup: { input: {
      GroupName: string;
      NewPath?: string;
      NewGroupName?: string;
    }; output: Record<string, never> };
    /** Deletes an IAM group that has neither members nor policies. */
    DeleteGroup: { input: {
      GroupName: string;
    }; output: Record<string, never> };
    /** Adds an IAM user to a group. A user that is in it already stays in it. */
    AddUserToGroup: { input: {
      GroupName: string;
      UserName: string;
    }; output: Record<string, never> };
    /** Removes an IAM user from a group. */
    RemoveUserFromGroup: { input: {
      GroupName: string;
      UserName: string;
    }; output: Record<string, never> };
    /** Lists the groups of an IAM user by name. */
    ListGroupsForUser: { input: {
      UserName: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Groups: Array<IamGroup>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Creates an access key for an IAM user, or for the caller if no name is given. Its secret is shown this once. */
    CreateAccessKey: { input: {
      UserName?: string;
    }; output: {
      AccessKey: IamAccessKey;
    } };
    /** Makes an access key usable or not. */
    UpdateAccessKey: { input: {
      UserName?: string;
      AccessKeyId: string;
      Status: "Active" | "Inactive" | "Expired";
    }; output: Record<string, never> };
    /** Deletes an access key. */
    DeleteAccessKey: { input: {
      UserName?: string;
      AccessKeyId: string;
    }; output: Record<string, never> };
    /** Lists the access keys of an IAM user, or of the caller if no name is given, the oldest first. */
    ListAccessKeys: { input: {
      UserName?: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      AccessKeyMetadata: Array<IamAccessKeyMetadata>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Tells when and for which service an access key was used last, to a quarter of an hour. */
    GetAccessKeyLastUsed: { input: {
      AccessKeyId: string;
    }; output: {
      /** Root has none. */
      UserName?: string;
      AccessKeyLastUsed: IamAccessKeyLastUsed;
    } };
    /** Gives an IAM user a password for the console. */
    CreateLoginProfile: { input: {
      UserName?: string;
      Password?: string;
      PasswordResetRequired?: boolean;
    }; output: {
      LoginProfile: IamLoginProfile;
    } };
    /** Tells whether an IAM user has a password, since when, and whether it must be changed. */
    GetLoginProfile: { input: {
      UserName?: string;
    }; output: {
      LoginProfile: IamLoginProfile;
    } };
    /** Sets the password of an IAM user anew, or says whether the user must change it. */
    UpdateLoginProfile: { input: {
      UserName: string;
      Password?: string;
      PasswordResetRequired?: boolean;
    }; output: Record<string, never> };
    /** Takes the password from an IAM user, who then cannot sign in to the console. Access keys stay. */
    DeleteLoginProfile: { input: {
      UserName?: string;
    }; output: Record<string, never> };
    /** Changes the password of the calling IAM user. */
    ChangePassword: { input: {
      OldPassword: string;
      NewPassword: string;
    }; output: Record<string, never> };
    /** Retrieves the password policy of the AWS account. */
    GetAccountPasswordPolicy: { input: Record<string, never>; output: {
      PasswordPolicy: IamPasswordPolicy;
    } };
    /** Replaces the password policy of the AWS account. What is left out returns to its default. */
    UpdateAccountPasswordPolicy: { input: {
      MinimumPasswordLength?: number;
      RequireSymbols?: boolean;
      RequireNumbers?: boolean;
      RequireUppercaseCharacters?: boolean;
      RequireLowercaseCharacters?: boolean;
      AllowUsersToChangePassword?: boolean;
      /** In days. */
      MaxPasswordAge?: number;
      PasswordReusePrevention?: number;
      HardExpiry?: boolean;
    }; output: Record<string, never> };
    /** Deletes the password policy of the AWS account. */
    DeleteAccountPasswordPolicy: { input: Record<string, never>; output: Record<string, never> };
    /** Creates a virtual MFA device: a seed that an authenticator app takes, as text and as a picture, shown this once. It is nobody's until it is enabled. */
    CreateVirtualMFADevice: { input: {
      Path?: string;
      VirtualMFADeviceName: string;
      Tags?: Array<IamTag>;
    }; output: {
      VirtualMFADevice: IamVirtualMFADevice;
    } };
    /** Gives a virtual MFA device to an IAM user who proves to hold it, with two codes that it shows one after the other. Root gives the number of its AWS account as the name. */
    EnableMFADevice: { input: {
      UserName: string;
      SerialNumber: string;
      AuthenticationCode1: string;
      AuthenticationCode2: string;
    }; output: Record<string, never> };
    /** Begins to register a passkey for the caller, who signed in to the web console a moment ago: tells the browser what to ask the key for. */
    StartPasskeyRegistration: { input: Record<string, never>; output: {
      Challenge: string;
      RelyingPartyId: string;
      RelyingPartyName: string;
      UserHandle: string;
      UserName: string;
      /** By their numbers in COSE, the best first. */
      Algorithms: Array<number>;
      /** Keys that the caller has, which are not registered twice. */
      ExcludedCredentialIds: Array<string>;
      TimeoutMilliseconds: number;
    } };
    /** Registers a passkey for the caller with what the key answered. From then on it is asked for at each sign-in, unless another device is shown. */
    FinishPasskeyRegistration: { input: {
      DeviceName: string;
      ClientData: string;
      AttestationObject: string;
    }; output: {
      SerialNumber: string;
    } };
    /** Takes an MFA device from the user, or from the caller, who no longer needs it to sign in. A virtual one can be enabled again; a passkey is forgotten. */
    DeactivateMFADevice: { input: {
      UserName?: string;
      SerialNumber: string;
    }; output: Record<string, never> };
    /** Puts a device right whose clock is off, with two codes that it shows one after the other. */
    ResyncMFADevice: { input: {
      UserName: string;
      SerialNumber: string;
      AuthenticationCode1: string;
      AuthenticationCode2: string;
    }; output: Record<string, never> };
    /** Lists the MFA devices of an IAM user, or of the caller if no name is given. */
    ListMFADevices: { input: {
      UserName?: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      MFADevices: Array<IamMFADevice>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Retrieves an MFA device of an IAM user, or of the caller if no name is given. */
    GetMFADevice: { input: {
      SerialNumber: string;
      UserName?: string;
    }; output: {
      /** Root has none. */
      UserName?: string;
      SerialNumber: string;
      EnableDate?: string;
    } };
    /** Lists the virtual MFA devices of the AWS account by serial number, with who has them. */
    ListVirtualMFADevices: { input: {
      AssignmentStatus?: "Assigned" | "Unassigned" | "Any";
      Marker?: string;
      MaxItems?: number;
    }; output: {
      VirtualMFADevices: Array<IamVirtualMFADevice>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Deletes a virtual MFA device that nobody has. */
    DeleteVirtualMFADevice: { input: {
      SerialNumber: string;
    }; output: Record<string, never> };
    /** Adds tags to a virtual MFA device; a key that it has gets the new value. */
    TagMFADevice: { input: {
      SerialNumber: string;
      Tags: Array<IamTag>;
    }; output: Record<string, never> };
    /** Removes tags from a virtual MFA device. Keys that it has not are no error. */
    UntagMFADevice: { input: {
      SerialNumber: string;
      TagKeys: Array<string>;
    }; output: Record<string, never> };
    /** Lists the tags of a virtual MFA device by key. */
    ListMFADeviceTags: { input: {
      SerialNumber: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Tags: Array<{
        Key: string;
        Value: string;
      }>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Gives an IAM user an SSH public key. */
    UploadSSHPublicKey: { input: {
      UserName: string;
      SSHPublicKeyBody: string;
    }; output: {
      SSHPublicKey: IamSshPublicKey;
    } };
    /** Returns an SSH public key of an IAM user, in the form that is asked for. */
    GetSSHPublicKey: { input: {
      UserName: string;
      SSHPublicKeyId: string;
      Encoding: "SSH" | "PEM";
    }; output: {
      SSHPublicKey: IamSshPublicKey;
    } };
    /** Lists the SSH public keys of an IAM user, or of the caller if no name is given, the oldest first. */
    ListSSHPublicKeys: { input: {
      UserName?: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      SSHPublicKeys: Array<IamSshPublicKeyMetadata>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Makes an SSH public key of an IAM user usable or not. */
    UpdateSSHPublicKey: { input: {
      UserName: string;
      SSHPublicKeyId: string;
      Status: "Active" | "Inactive" | "Expired";
    }; output: Record<string, never> };
    /** Takes an SSH public key from an IAM user. */
    DeleteSSHPublicKey: { input: {
      UserName: string;
      SSHPublicKeyId: string;
    }; output: Record<string, never> };
    /** Gives an IAM user a signing certificate, or the caller if no name is given. */
    UploadSigningCertificate: { input: {
      UserName?: string;
      CertificateBody: string;
    }; output: {
      Certificate: IamSigningCertificate;
    } };
    /** Lists the signing certificates of an IAM user, or of the caller if no name is given, the oldest first. */
    ListSigningCertificates: { input: {
      UserName?: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Certificates: Array<IamSigningCertificate>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Makes a signing certificate usable or not. */
    UpdateSigningCertificate: { input: {
      UserName?: string;
      CertificateId: string;
      Status: "Active" | "Inactive" | "Expired";
    }; output: Record<string, never> };
    /** Deletes a signing certificate. */
    DeleteSigningCertificate: { input: {
      UserName?: string;
      CertificateId: string;
    }; output: Record<string, never> };
    /** Gives an IAM user a name and a secret for one service. The secret is shown this once. */
    CreateServiceSpecificCredential: { input: {
      UserName: string;
      ServiceName: string;
      /** Of API keys only. Others do not expire. */
      CredentialAgeDays?: number;
    }; output: {
      ServiceSpecificCredential: IamServiceSpecificCredential;
    } };
    /** Lists the service-specific credentials of an IAM user, of the caller if no name is given, or of all users. */
    ListServiceSpecificCredentials: { input: {
      UserName?: string;
      ServiceName?: string;
      AllUsers?: boolean;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      ServiceSpecificCredentials: Array<IamServiceSpecificCredentialMetadata>;
      Marker?: string;
      IsTruncated: boolean;
    } };
    /** Makes a service-specific credential usable or not. */
    UpdateServiceSpecificCredential: { input: {
      UserName?: string;
      ServiceSpecificCredentialId: string;
      Status: "Active" | "Inactive" | "Expired";
    }; output: Record<string, never> };
    /** Gives a service-specific credential another secret, which is shown this once. */
    ResetServiceSpecificCredential: { input: {
      UserName?: string;
      ServiceSpecificCredentialId: string;
    }; output: {
      ServiceSpecificCredential: IamServiceSpecificCredential;
    } };
    /** Deletes a service-specific credential. */
    DeleteServiceSpecificCredential: { input: {
      UserName?: string;
      ServiceSpecificCredentialId: string;
    }; output: Record<string, never> };
    /** Keeps a certificate of a server with its private key and the certificates that vouch for it. */
    UploadServerCertificate: { input: {
      Path?: string;
      ServerCertificateName: string;
      CertificateBody: string;
      PrivateKey: string;
      CertificateChain?: string;
      Tags?: Array<IamTag>;
    }; output: {
      ServerCertificateMetadata: IamServerCertificateMetadata;
      Tags?: Array<{
        Key: string;
        Value: string;
      }>;
    } };
    /** Returns a server certificate, without its private key. */
    GetServerCertificate: { input: {
      ServerCertificateName: string;
    }; output: {
      ServerCertificate: IamServerCertificate;
    } };
    /** Lists server certificates by name. */
    ListServerCertificates: { input: {
      PathPrefix?: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      ServerCertificateMetadataList: Array<IamServerCertificateMetadata>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Renames a server certificate or moves it to another path. Its identifier stays, its ARN changes. */
    UpdateServerCertificate: { input: {
      ServerCertificateName: string;
      NewPath?: string;
      NewServerCertificateName?: string;
    }; output: Record<string, never> };
    /** Deletes a server certificate with its private key. */
    DeleteServerCertificate: { input: {
      ServerCertificateName: string;
    }; output: Record<string, never> };
    /** Adds tags to a server certificate; a key that it has gets the new value. */
    TagServerCertificate: { input: {
      ServerCertificateName: string;
      Tags: Array<IamTag>;
    }; output: Record<string, never> };
    /** Removes tags from a server certificate. Keys that it has not are no error. */
    UntagServerCertificate: { input: {
      ServerCertificateName: string;
      TagKeys: Array<string>;
    }; output: Record<string, never> };
    /** Lists the tags of a server certificate by key. */
    ListServerCertificateTags: { input: {
      ServerCertificateName: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Tags: Array<{
        Key: string;
        Value: string;
      }>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Names the AWS account. An alias that it has already is replaced. */
    CreateAccountAlias: { input: {
      AccountAlias: string;
    }; output: Record<string, never> };
    /** Lists the aliases of the AWS account, of which there is at most one. */
    ListAccountAliases: { input: {
      Marker?: string;
      MaxItems?: number;
    }; output: {
      AccountAliases: Array<string>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Takes its alias from the AWS account. */
    DeleteAccountAlias: { input: {
      AccountAlias: string;
    }; output: Record<string, never> };
    /** Counts what the AWS account has of users, groups, roles and policies, and tells the quotas. */
    GetAccountSummary: { input: Record<string, never>; output: {
      /** Counts and quotas. */
      SummaryMap: Record<string, number>;
    } };
    /** Lists users, groups, roles and policies of the AWS account with all that connects them. Of AWS's policies only those in use are listed. */
    GetAccountAuthorizationDetails: { input: {
      /** Everything, if empty. */
      Filter?: Array<"User" | "Role" | "Group" | "LocalManagedPolicy" | "AWSManagedPolicy">;
      MaxItems?: number;
      Marker?: string;
    }; output: {
      UserDetailList: Array<IamUserDetail>;
      GroupDetailList: Array<IamGroupDetail>;
      RoleDetailList: Array<IamRoleDetail>;
      Policies: Array<IamManagedPolicyDetail>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Begins a report on the credentials of all users, unless there is one of the last four hours. */
    GenerateCredentialReport: { input: Record<string, never>; output: {
      State: "STARTED" | "INPROGRESS" | "COMPLETE";
      Description?: string;
    } };
    /** Returns the report on the credentials of all users, as CSV with a header. */
    GetCredentialReport: { input: Record<string, never>; output: {
      Content: string;
      ReportFormat: "text/csv";
      GeneratedTime: string;
    } };
    /** Creates a managed policy with its first version. */
    CreatePolicy: { input: {
      PolicyName: string;
      Path?: string;
      PolicyDocument: string;
      Description?: string;
      Tags?: Array<IamTag>;
    }; output: {
      Policy: IamPolicy;
    } };
    /** Returns a managed policy without its document. */
    GetPolicy: { input: {
      PolicyArn: string;
    }; output: {
      Policy: IamPolicy;
    } };
    /** Lists managed policies: the AWS account's own by name, then AWS's by name. */
    ListPolicies: { input: {
      Scope?: "All" | "AWS" | "Local";
      OnlyAttached?: boolean;
      PathPrefix?: string;
      PolicyUsageFilter?: "PermissionsPolicy" | "PermissionsBoundary";
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Policies: Array<IamPolicy>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Deletes a managed policy that nothing uses and that has one version. */
    DeletePolicy: { input: {
      PolicyArn: string;
    }; output: Record<string, never> };
    /** Lists who uses a managed policy: groups, users, then roles, each by name. */
    ListEntitiesForPolicy: { input: {
      PolicyArn: string;
      EntityFilter?: "User" | "Role" | "Group" | "LocalManagedPolicy" | "AWSManagedPolicy";
      PathPrefix?: string;
      PolicyUsageFilter?: "PermissionsPolicy" | "PermissionsBoundary";
      Marker?: string;
      MaxItems?: number;
    }; output: {
      PolicyGroups: Array<IamPolicyGroup>;
      PolicyUsers: Array<IamPolicyUser>;
      PolicyRoles: Array<IamPolicyRole>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Adds a version to a managed policy, and makes it the default if asked. */
    CreatePolicyVersion: { input: {
      PolicyArn: string;
      PolicyDocument: string;
      SetAsDefault?: boolean;
    }; output: {
      PolicyVersion: {
        /** URL-encoded. Only of operations about one version. */
        Document?: string;
        VersionId: string;
        IsDefaultVersion: boolean;
        CreateDate: string;
      };
    } };
    /** Returns a version of a managed policy with its document. */
    GetPolicyVersion: { input: {
      PolicyArn: string;
      VersionId: string;
    }; output: {
      PolicyVersion: {
        /** URL-encoded. Only of operations about one version. */
        Document?: string;
        VersionId: string;
        IsDefaultVersion: boolean;
        CreateDate: string;
      };
    } };
    /** Lists the versions of a managed policy, newest first. */
    ListPolicyVersions: { input: {
      PolicyArn: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Versions: Array<{
        /** URL-encoded. Only of operations about one version. */
        Document?: string;
        VersionId: string;
        IsDefaultVersion: boolean;
        CreateDate: string;
      }>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Makes a version of a managed policy the one that counts. */
    SetDefaultPolicyVersion: { input: {
      PolicyArn: string;
      VersionId: string;
    }; output: Record<string, never> };
    /** Deletes a version of a managed policy that is not the default. */
    DeletePolicyVersion: { input: {
      PolicyArn: string;
      VersionId: string;
    }; output: Record<string, never> };
    /** Adds tags to a managed policy; a key that it has gets the new value. */
    TagPolicy: { input: {
      PolicyArn: string;
      Tags: Array<IamTag>;
    }; output: Record<string, never> };
    /** Removes tags from a managed policy. Keys that it has not are no error. */
    UntagPolicy: { input: {
      PolicyArn: string;
      TagKeys: Array<string>;
    }; output: Record<string, never> };
    /** Lists the tags of a managed policy by key. */
    ListPolicyTags: { input: {
      PolicyArn: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Tags: Array<{
        Key: string;
        Value: string;
      }>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Attaches a managed policy to a user. */
    AttachUserPolicy: { input: {
      UserName: string;
      PolicyArn: string;
    }; output: Record<string, never> };
    /** Detaches a managed policy from a user. */
    DetachUserPolicy: { input: {
      UserName: string;
      PolicyArn: string;
    }; output: Record<string, never> };
    /** Lists the managed policies on a user by name. */
    ListAttachedUserPolicies: { input: {
      UserName: string;
      PathPrefix?: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      AttachedPolicies: Array<IamAttachedPolicy>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Attaches a managed policy to a group. */
    AttachGroupPolicy: { input: {
      GroupName: string;
      PolicyArn: string;
    }; output: Record<string, never> };
    /** Detaches a managed policy from a group. */
    DetachGroupPolicy: { input: {
      GroupName: string;
      PolicyArn: string;
    }; output: Record<string, never> };
    /** Lists the managed policies on a group by name. */
    ListAttachedGroupPolicies: { input: {
      GroupName: string;
      PathPrefix?: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      AttachedPolicies: Array<IamAttachedPolicy>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Attaches a managed policy to a role. */
    AttachRolePolicy: { input: {
      RoleName: string;
      PolicyArn: string;
    }; output: Record<string, never> };
    /** Detaches a managed policy from a role. */
    DetachRolePolicy: { input: {
      RoleName: string;
      PolicyArn: string;
    }; output: Record<string, never> };
    /** Lists the managed policies on a role by name. */
    ListAttachedRolePolicies: { input: {
      RoleName: string;
      PathPrefix?: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      AttachedPolicies: Array<IamAttachedPolicy>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Adds an inline policy to a user, or replaces the one of that name. */
    PutUserPolicy: { input: {
      UserName: string;
      PolicyName: string;
      PolicyDocument: string;
    }; output: Record<string, never> };
    /** Returns an inline policy of a user with its document. */
    GetUserPolicy: { input: {
      UserName: string;
      PolicyName: string;
    }; output: {
      UserName: string;
      PolicyName: string;
      PolicyDocument: string;
    } };
    /** Lists the names of the inline policies of a user. */
    ListUserPolicies: { input: {
      UserName: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      PolicyNames: Array<string>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Deletes an inline policy of a user. */
    DeleteUserPolicy: { input: {
      UserName: string;
      PolicyName: string;
    }; output: Record<string, never> };
    /** Adds an inline policy to a group, or replaces the one of that name. */
    PutGroupPolicy: { input: {
      GroupName: string;
      PolicyName: string;
      PolicyDocument: string;
    }; output: Record<string, never> };
    /** Returns an inline policy of a group with its document. */
    GetGroupPolicy: { input: {
      GroupName: string;
      PolicyName: string;
    }; output: {
      GroupName: string;
      PolicyName: string;
      PolicyDocument: string;
    } };
    /** Lists the names of the inline policies of a group. */
    ListGroupPolicies: { input: {
      GroupName: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      PolicyNames: Array<string>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Deletes an inline policy of a group. */
    DeleteGroupPolicy: { input: {
      GroupName: string;
      PolicyName: string;
    }; output: Record<string, never> };
    /** Adds an inline policy to a role, or replaces the one of that name. */
    PutRolePolicy: { input: {
      RoleName: string;
      PolicyName: string;
      PolicyDocument: string;
    }; output: Record<string, never> };
    /** Returns an inline policy of a role with its document. */
    GetRolePolicy: { input: {
      RoleName: string;
      PolicyName: string;
    }; output: {
      RoleName: string;
      PolicyName: string;
      PolicyDocument: string;
    } };
    /** Lists the names of the inline policies of a role. */
    ListRolePolicies: { input: {
      RoleName: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      PolicyNames: Array<string>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Deletes an inline policy of a role. */
    DeleteRolePolicy: { input: {
      RoleName: string;
      PolicyName: string;
    }; output: Record<string, never> };
    /** Makes a report of when a user, group, role or policy was last used to access services. */
    GenerateServiceLastAccessedDetails: { input: {
      Arn: string;
      Granularity?: "SERVICE_LEVEL" | "ACTION_LEVEL";
    }; output: {
      JobId: string;
    } };
    /** Reads a report: the services that the entity or policy gives access to, and when each was last accessed. */
    GetServiceLastAccessedDetails: { input: {
      JobId: string;
      MaxItems?: number;
      Marker?: string;
    }; output: {
      JobStatus: "IN_PROGRESS" | "COMPLETED" | "FAILED";
      JobType: string;
      JobCreationDate: string;
      ServicesLastAccessed: Array<IamServiceLastAccessed>;
      JobCompletionDate: string;
      IsTruncated: boolean;
      Marker?: string;
      /** Of a report that failed; ours do not. */
      Error?: IamErrorDetails;
    } };
    /** Reads from a report who could have accessed a service through the entity or policy, the latest access first. */
    GetServiceLastAccessedDetailsWithEntities: { input: {
      JobId: string;
      ServiceNamespace: string;
      MaxItems?: number;
      Marker?: string;
    }; output: {
      JobStatus: "IN_PROGRESS" | "COMPLETED" | "FAILED";
      JobCreationDate: string;
      JobCompletionDate: string;
      EntityDetailsList: Array<IamEntityDetails>;
      IsTruncated: boolean;
      Marker?: string;
      /** Of a report that failed; ours do not. */
      Error?: IamErrorDetails;
    } };
    /** Lists the policies that give a user, group or role access to services: its own, and of a user those of its groups. Denials and boundaries do not count. */
    ListPoliciesGrantingServiceAccess: { input: {
      Marker?: string;
      Arn: string;
      ServiceNamespaces: Array<string>;
    }; output: {
      PoliciesGrantingServiceAccess: Array<IamGrantingEntry>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Simulates the policies of a user, group or role: which actions they allow on which resources. Nothing is carried out. */
    SimulatePrincipalPolicy: { input: {
      PolicySourceArn: string;
      PolicyInputList?: Array<string>;
      PolicyExclusionList?: Array<IamPolicyIdentifier>;
      PermissionsBoundaryPolicyInputList?: Array<string>;
      ActionNames: Array<string>;
      ResourceArns?: Array<string>;
      ResourcePolicy?: string;
      ResourceOwner?: string;
      CallerArn?: string;
      ContextEntries?: Array<IamContextEntry>;
      ResourceHandlingOption?: "EC2-VPC-InstanceStore" | "EC2-VPC-InstanceStore-Subnet" | "EC2-VPC-EBS" | "EC2-VPC-EBS-Subnet" | "EC2-Classic-InstanceStore" | "EC2-Classic-EBS";
      MaxItems?: number;
      Marker?: string;
    }; output: {
      EvaluationResults: Array<IamEvaluationResult>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Simulates policies that the request brings along: which actions they allow on which resources. Nothing is carried out, and nothing is read. */
    SimulateCustomPolicy: { input: {
      PolicyInputList: Array<string>;
      OrderedOrganizationPolicyInputList?: Array<IamOrderedOrganizationPolicy>;
      PermissionsBoundaryPolicyInputList?: Array<string>;
      ActionNames: Array<string>;
      ResourceArns?: Array<string>;
      ResourcePolicy?: string;
      ResourceOwner?: string;
      CallerArn?: string;
      ContextEntries?: Array<IamContextEntry>;
      ResourceHandlingOption?: "EC2-VPC-InstanceStore" | "EC2-VPC-InstanceStore-Subnet" | "EC2-VPC-EBS" | "EC2-VPC-EBS-Subnet" | "EC2-Classic-InstanceStore" | "EC2-Classic-EBS";
      MaxItems?: number;
      Marker?: string;
    }; output: {
      EvaluationResults: Array<IamEvaluationResult>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Lists the context keys that the policies of a user, group or role name, those of a user's groups included. */
    GetContextKeysForPrincipalPolicy: { input: {
      PolicySourceArn: string;
      PolicyInputList?: Array<string>;
    }; output: {
      ContextKeyNames: Array<string>;
    } };
    /** Lists the context keys that policies name, so that a simulation can be told their values. */
    GetContextKeysForCustomPolicy: { input: {
      PolicyInputList: Array<string>;
    }; output: {
      ContextKeyNames: Array<string>;
    } };
    /** Creates a role. */
    CreateRole: { input: {
      Path?: string;
      RoleName: string;
      AssumeRolePolicyDocument: string;
      Description?: string;
      MaxSessionDuration?: number;
      PermissionsBoundary?: string;
      Tags?: Array<IamTag>;
    }; output: {
      Role: IamRole;
    } };
    /** Returns a role with its trust policy. */
    GetRole: { input: {
      RoleName: string;
    }; output: {
      Role: IamRole;
    } };
    /** Lists roles by name. */
    ListRoles: { input: {
      PathPrefix?: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Roles: Array<IamRole>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Deletes a role that has no policies. Its sessions end with it. */
    DeleteRole: { input: {
      RoleName: string;
    }; output: Record<string, never> };
    /** Changes description and longest session of a role. What is left out stays. */
    UpdateRole: { input: {
      RoleName: string;
      Description?: string;
      MaxSessionDuration?: number;
    }; output: Record<string, never> };
    /** Changes the description of a role. */
    UpdateRoleDescription: { input: {
      RoleName: string;
      Description: string;
    }; output: {
      Role: IamRole;
    } };
    /** Replaces the trust policy of a role. Sessions that exist go on. */
    UpdateAssumeRolePolicy: { input: {
      RoleName: string;
      PolicyDocument: string;
    }; output: Record<string, never> };
    /** Bounds what a role may be allowed to what a managed policy allows. */
    PutRolePermissionsBoundary: { input: {
      RoleName: string;
      PermissionsBoundary: string;
    }; output: Record<string, never> };
    /** Removes the permissions boundary of a role. */
    DeleteRolePermissionsBoundary: { input: {
      RoleName: string;
    }; output: Record<string, never> };
    /** Adds tags to a role; a key that it has gets the new value. */
    TagRole: { input: {
      RoleName: string;
      Tags: Array<IamTag>;
    }; output: Record<string, never> };
    /** Removes tags from a role. Keys that it has not are no error. */
    UntagRole: { input: {
      RoleName: string;
      TagKeys: Array<string>;
    }; output: Record<string, never> };
    /** Lists the tags of a role by key. */
    ListRoleTags: { input: {
      RoleName: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Tags: Array<{
        Key: string;
        Value: string;
      }>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Makes the role of a service. */
    CreateServiceLinkedRole: { input: {
      AWSServiceName: string;
      Description?: string;
      CustomSuffix?: string;
    }; output: {
      Role: IamRole;
    } };
    /** Deletes the role of a service. */
    DeleteServiceLinkedRole: { input: {
      RoleName: string;
    }; output: {
      DeletionTaskId: string;
    } };
    /** Tells what became of the deletion of a service-linked role, for 30 days. */
    GetServiceLinkedRoleDeletionStatus: { input: {
      DeletionTaskId: string;
    }; output: {
      Status: "SUCCEEDED";
    } };
    /** Makes an identity provider known whose tokens roles may trust. The provider's certificate must be one that the system trusts, or the last one of its chain one of the thumbprints. */
    CreateOpenIDConnectProvider: { input: {
      Url: string;
      ClientIDList?: Array<string>;
      ThumbprintList?: Array<string>;
      Tags?: Array<IamTag>;
    }; output: {
      OpenIDConnectProviderArn: string;
      Tags?: Array<{
        Key: string;
        Value: string;
      }>;
    } };
    /** Returns an identity provider. */
    GetOpenIDConnectProvider: { input: {
      OpenIDConnectProviderArn: string;
    }; output: {
      /** Without `https://`. */
      Url: string;
      ClientIDList: Array<string>;
      ThumbprintList: Array<string>;
      CreateDate: string;
      Tags?: Array<{
        Key: string;
        Value: string;
      }>;
    } };
    /** Lists the identity providers of the AWS account. */
    ListOpenIDConnectProviders: { input: Record<string, never>; output: {
      OpenIDConnectProviderList: Array<IamProviderEntry>;
    } };
    /** Deletes an identity provider. Roles that trust it stay, and nobody assumes them by it. */
    DeleteOpenIDConnectProvider: { input: {
      OpenIDConnectProviderArn: string;
    }; output: Record<string, never> };
    /** Adds an audience whose tokens count. One that is there stays. */
    AddClientIDToOpenIDConnectProvider: { input: {
      OpenIDConnectProviderArn: string;
      ClientID: string;
    }; output: Record<string, never> };
    /** Removes an audience. One that is not there is no error. */
    RemoveClientIDFromOpenIDConnectProvider: { input: {
      OpenIDConnectProviderArn: string;
      ClientID: string;
    }; output: Record<string, never> };
    /** Replaces all thumbprints. */
    UpdateOpenIDConnectProviderThumbprint: { input: {
      OpenIDConnectProviderArn: string;
      ThumbprintList: Array<string>;
    }; output: Record<string, never> };
    /** Adds tags to an identity provider; a key that it has gets the new value. */
    TagOpenIDConnectProvider: { input: {
      OpenIDConnectProviderArn: string;
      Tags: Array<IamTag>;
    }; output: Record<string, never> };
    /** Removes tags from an identity provider. Keys that it has not are no error. */
    UntagOpenIDConnectProvider: { input: {
      OpenIDConnectProviderArn: string;
      TagKeys: Array<string>;
    }; output: Record<string, never> };
    /** Lists the tags of an identity provider by key. */
    ListOpenIDConnectProviderTags: { input: {
      OpenIDConnectProviderArn: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Tags: Array<{
        Key: string;
        Value: string;
      }>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Makes an identity provider known whose assertions roles may trust. Assertions that are encrypted are not taken, so a key that opens them is refused. */
    CreateSAMLProvider: { input: {
      SAMLMetadataDocument: string;
      Name: string;
      Tags?: Array<IamTag>;
      AssertionEncryptionMode?: "Required" | "Allowed";
      AddPrivateKey?: string;
    }; output: {
      SAMLProviderArn: string;
      Tags?: Array<{
        Key: string;
        Value: string;
      }>;
    } };
    /** Returns an identity provider with its metadata. */
    GetSAMLProvider: { input: {
      SAMLProviderArn: string;
    }; output: {
      SAMLProviderUUID: string;
      /** As it was sent. */
      SAMLMetadataDocument: string;
      CreateDate: string;
      /** After that its assertions count no more. */
      ValidUntil: string;
      Tags?: Array<{
        Key: string;
        Value: string;
      }>;
    } };
    /** Lists the identity providers of the AWS account that speak SAML. */
    ListSAMLProviders: { input: Record<string, never>; output: {
      SAMLProviderList: Array<IamSAMLProviderEntry>;
    } };
    /** Replaces the metadata of an identity provider, as when it has a new key. */
    UpdateSAMLProvider: { input: {
      SAMLMetadataDocument?: string;
      SAMLProviderArn: string;
      AssertionEncryptionMode?: "Required" | "Allowed";
      AddPrivateKey?: string;
      RemovePrivateKey?: string;
    }; output: {
      SAMLProviderArn: string;
    } };
    /** Deletes an identity provider. Roles that trust it stay, and nobody assumes them by it. */
    DeleteSAMLProvider: { input: {
      SAMLProviderArn: string;
    }; output: Record<string, never> };
    /** Adds tags to an identity provider that speaks SAML; a key that it has gets the new value. */
    TagSAMLProvider: { input: {
      SAMLProviderArn: string;
      Tags: Array<IamTag>;
    }; output: Record<string, never> };
    /** Removes tags from an identity provider that speaks SAML. Keys that it has not are no error. */
    UntagSAMLProvider: { input: {
      SAMLProviderArn: string;
      TagKeys: Array<string>;
    }; output: Record<string, never> };
    /** Lists the tags of an identity provider that speaks SAML by key. */
    ListSAMLProviderTags: { input: {
      SAMLProviderArn: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Tags: Array<{
        Key: string;
        Value: string;
      }>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Creates an instance profile, without a role. */
    CreateInstanceProfile: { input: {
      InstanceProfileName: string;
      Path?: string;
      Tags?: Array<IamTag>;
    }; output: {
      InstanceProfile: IamInstanceProfile;
    } };
    /** Returns an instance profile with its role. */
    GetInstanceProfile: { input: {
      InstanceProfileName: string;
    }; output: {
      InstanceProfile: IamInstanceProfile;
    } };
    /** Lists instance profiles by name. */
    ListInstanceProfiles: { input: {
      PathPrefix?: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      InstanceProfiles: Array<IamInstanceProfile>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Lists the instance profiles that hold a role. */
    ListInstanceProfilesForRole: { input: {
      RoleName: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      InstanceProfiles: Array<IamInstanceProfile>;
      IsTruncated: boolean;
      Marker?: string;
    } };
    /** Deletes an instance profile that holds no role. */
    DeleteInstanceProfile: { input: {
      InstanceProfileName: string;
    }; output: Record<string, never> };
    /** Puts a role into an instance profile that has none. Needs the right to pass the role, too. */
    AddRoleToInstanceProfile: { input: {
      InstanceProfileName: string;
      RoleName: string;
    }; output: Record<string, never> };
    /** Takes the role out of an instance profile. */
    RemoveRoleFromInstanceProfile: { input: {
      InstanceProfileName: string;
      RoleName: string;
    }; output: Record<string, never> };
    /** Adds tags to an instance profile; a key that it has gets the new value. */
    TagInstanceProfile: { input: {
      InstanceProfileName: string;
      Tags: Array<IamTag>;
    }; output: Record<string, never> };
    /** Removes tags from an instance profile. Keys that it has not are no error. */
    UntagInstanceProfile: { input: {
      InstanceProfileName: string;
      TagKeys: Array<string>;
    }; output: Record<string, never> };
    /** Lists the tags of an instance profile by key. */
    ListInstanceProfileTags: { input: {
      InstanceProfileName: string;
      Marker?: string;
      MaxItems?: number;
    }; output: {
      Tags: Array<{
        Key: string;
        Value: string;
      }>;
      IsTruncated: boolean;
      Marker?: string;
    } };
  };
  "sts": {
    /** Gives temporary credentials of a role whose trust policy names the caller. */
    AssumeRole: { input: {
      RoleArn: string;
      RoleSessionName: string;
      PolicyArns?: Array<StsPolicyDescriptorType>;
      Policy?: string;
      DurationSeconds?: number;
      Tags?: Array<StsTag>;
      TransitiveTagKeys?: Array<string>;
      ExternalId?: string;
      SerialNumber?: string;
      TokenCode?: string;
      SourceIdentity?: string;
    }; output: {
      Credentials: StsCredentials;
      AssumedRoleUser: StsAssumedRoleUser;
      /** Session policies and tags, in hundredths of what is allowed. */
      PackedPolicySize?: number;
      SourceIdentity?: string;
    } };
    /** Gives temporary credentials of a role to somebody whom an identity provider vouches for. The request is not signed: the provider's response proves who asks, and the role's trust policy names the provider. */
    AssumeRoleWithSAML: { input: {
      RoleArn: string;
      /** The provider. */
      PrincipalArn: string;
      SAMLAssertion: string;
      PolicyArns?: Array<StsPolicyDescriptorType>;
      Policy?: string;
      DurationSeconds?: number;
    }; output: {
      Credentials: StsCredentials;
      AssumedRoleUser: StsAssumedRoleUser;
      PackedPolicySize?: number;
      Subject: string;
      SubjectType: string;
      Issuer: string;
      /** Where the assertion was to be sent. */
      Audience: string;
      /** With the subject it names one person among those of all providers. */
      NameQualifier: string;
      SourceIdentity?: string;
    } };
    /** Gives temporary credentials of a role to somebody whom an identity provider vouches for. The request is not signed: the provider's token proves who asks, and the role's trust policy names the provider. */
    AssumeRoleWithWebIdentity: { input: {
      RoleArn: string;
      RoleSessionName: string;
      WebIdentityToken: string;
      ProviderId?: string;
      PolicyArns?: Array<StsPolicyDescriptorType>;
      Policy?: string;
      DurationSeconds?: number;
    }; output: {
      Credentials: StsCredentials;
      SubjectFromWebIdentityToken: string;
      AssumedRoleUser: StsAssumedRoleUser;
      PackedPolicySize?: number;
      /** The issuer. */
      Provider: string;
      Audience: string;
      SourceIdentity?: string;
    } };
    /** Gives temporary credentials to hand on. They allow what both the caller's policies and the session policies allow, so without session policies next to nothing; and nothing at all of IAM and STS. */
    GetFederationToken: { input: {
      Name: string;
      Policy?: string;
      PolicyArns?: Array<StsPolicyDescriptorType>;
      DurationSeconds?: number;
      Tags?: Array<StsTag>;
    }; output: {
      Credentials: StsCredentials;
      FederatedUser: StsFederatedUser;
      /** Session policies and tags, in hundredths of what is allowed. */
      PackedPolicySize?: number;
    } };
    /** Gives the caller temporary credentials with its own permissions. Needs no permission. */
    GetSessionToken: { input: {
      DurationSeconds?: number;
      SerialNumber?: string;
      TokenCode?: string;
    }; output: {
      Credentials: StsCredentials;
    } };
    /** Tells the caller who it is. Needs no permission. */
    GetCallerIdentity: { input: Record<string, never>; output: {
      UserId: string;
      Account: string;
      Arn: string;
    } };
    /** Tells which AWS account an access key belongs to. Whether the key exists is not said. */
    GetAccessKeyInfo: { input: {
      AccessKeyId: string;
    }; output: {
      Account: string;
    } };
    /** Decodes the message that a refusal carries in its header `x-amzn-encoded-authorization-message`: who was refused what, by an explicit deny or for want of an allow, and with which context. */
    DecodeAuthorizationMessage: { input: {
      EncodedMessage: string;
    }; output: {
      /** JSON. */
      DecodedMessage: string;
    } };
  };
  "access-analyzer": {
    /** Validates a policy and tells its errors, security warnings, warnings and suggestions. */
    ValidatePolicy: { input: {
      policyDocument: string;
      policyType: "IDENTITY_POLICY" | "RESOURCE_POLICY" | "SERVICE_CONTROL_POLICY" | "RESOURCE_CONTROL_POLICY";
      /** What a resource policy is to be attached to. */
      validatePolicyResourceType?: "AWS::S3::Bucket" | "AWS::S3::AccessPoint" | "AWS::S3::MultiRegionAccessPoint" | "AWS::S3ObjectLambda::AccessPoint" | "AWS::IAM::AssumeRolePolicyDocument" | "AWS::DynamoDB::Table";
      /** Accepted; findings are in English. */
      locale?: "DE" | "EN" | "ES" | "FR" | "IT" | "JA" | "KO" | "PT_BR" | "ZH_CN" | "ZH_TW";
      /** 1 to 100. */
      maxResults?: number;
      nextToken?: string;
    }; output: {
      findings: Array<AccessAnalyzerPolicyFinding>;
      nextToken?: string;
    } };
    /** Checks that a changed policy allows nothing that the existing one does not. */
    CheckNoNewAccess: { input: {
      newPolicyDocument: string;
      existingPolicyDocument: string;
      policyType: "IDENTITY_POLICY" | "RESOURCE_POLICY";
    }; output: {
      result: "PASS" | "FAIL";
      message: string;
      /** The statements that failed it. */
      reasons: Array<AccessAnalyzerReasonSummary>;
    } };
    /** Checks that a policy does not grant certain access. */
    CheckAccessNotGranted: { input: {
      policyDocument: string;
      access: Array<AccessAnalyzerAccess>;
      policyType: "IDENTITY_POLICY" | "RESOURCE_POLICY";
    }; output: {
      result: "PASS" | "FAIL";
      message: string;
      /** The statements that failed it. */
      reasons: Array<AccessAnalyzerReasonSummary>;
    } };
    /** Checks that the policy of a resource does not grant access to everybody. */
    CheckNoPublicAccess: { input: {
      policyDocument: string;
      resourceType: string;
    }; output: {
      result: "PASS" | "FAIL";
      message: string;
      /** The statements that failed it. */
      reasons: Array<AccessAnalyzerReasonSummary>;
    } };
    /** Names everybody in the AWS account who may do an action, with statements and conditions, and those who could help themselves to it. Over all requests; wildcards and conditions are taken for what they can match. */
    WhoCan: { input: {
      action: string;
      /** Any, if left out. */
      resource?: string;
      /** 1 to 1,000. */
      maxResults?: number;
      nextToken?: string;
    }; output: {
      principals: Array<AccessAnalyzerPrincipalAccess>;
      /** What kept a part of the question from being answered. */
      undecided: Array<string>;
      nextToken?: string;
    } };
    /** Shows what users and roles may do, after denies and permissions boundaries, by service and access level. */
    WhatCan: { input: {
      /** ARN or name of a user or role. Everybody of the AWS account, if left out. */
      principal?: string;
      /** Principals of a page, 1 to 100. */
      maxResults?: number;
      nextToken?: string;
    }; output: {
      principals: Array<AccessAnalyzerPrincipalPermissions>;
      nextToken?: string;
    } };
    /** Tells the caller how far each action of the server is allowed to it. Needs no permission, as it tells nothing that trying would not. An operation of this server's own, in the Access Analyzer's style. */
    ListCallerPermissions: { input: Record<string, never>; output: {
      principal: string;
      permissions: Array<AccessAnalyzerCallerPermission>;
      /** What conditions can ask about, for those who write policies. */
      conditionKeys: Array<AccessAnalyzerConditionKey>;
    } };
    /** Lists the AWS account's own policies that actions of a later release concern. Told of each, managed or inline, are the wildcards that mean more than when it was written, and what the nearest managed policy of AWS's grants besides. A page looks at a stretch of the policies. It may list nothing and still have a next page. */
    ListPoliciesToReview: { input: {
      /** Policies to look at. */
      maxResults?: number;
      nextToken?: string;
    }; output: {
      policies: Array<AccessAnalyzerPolicyReview>;
      nextToken?: string;
    } };
    /** Tells from the trail why a request was allowed or refused: which statements were considered, which of their parts failed, and the smallest change that would allow the request. */
    ExplainRequest: { input: {
      requestId: string;
    }; output: {
      requestId: string;
      eventId: string;
      eventTime: string;
      eventSource: string;
      eventName: string;
      /** Absent while nobody was proven to ask. */
      principalArn?: string;
      sourceIpAddress: string;
      /** `allowed`, `explicitDeny` or `implicitDeny`, as it was recorded. Absent if no policy was asked. */
      decision?: string;
      errorCode?: string;
      errorMessage?: string;
      /** What must be known of the explanation, or why there is none. */
      notes: Array<string>;
      /** The decision taken again, in full: the form of `carillon policy explain --format json`. */
      explanation?: unknown;
      /** The explanation for people to read. */
      explanationText?: string;
    } };
    /** Decides the recorded calls of the last days again, by today's policies and by those after a change, and lists the calls that would be decided otherwise: what somebody would lose, and what somebody would gain. A page looks at a stretch of the trail, the newest calls first. It may list nothing and still have a next page. */
    PreviewAccessChange: { input: {
      change: AccessAnalyzerAccessChange;
      /** How far back, 30 unless told otherwise. */
      days?: number;
      /** Recorded calls to look at. */
      maxResults?: number;
      nextToken?: string;
    }; output: {
      changes: Array<AccessAnalyzerCallChange>;
      /** Recorded calls that this page looked at. */
      examined: number;
      /** Those of them that cannot be decided again: their caller is gone, or what it brought along is not kept. */
      undecided: number;
      nextToken?: string;
    } };
    /** Lists roles, active access keys and passwords that were there all the last days and not used in them. */
    ListUnusedAccess: { input: {
      /** How long, 90 unless told otherwise. */
      days?: number;
      /** Of one type only. */
      findingType?: "UnusedIAMRole" | "UnusedIAMUserAccessKey" | "UnusedIAMUserPassword";
      maxResults?: number;
      nextToken?: string;
    }; output: {
      findings: Array<AccessAnalyzerUnusedAccessFinding>;
      /** Not used since then. */
      unusedSince: string;
      nextToken?: string;
    } };
    /** Lists what a user or role was given and did not use in the last days: actions that it never tried, and statements of its policies that applied to none of its recorded calls. */
    ListUnusedPermissions: { input: {
      /** A user or role. */
      principalArn: string;
      /** How far back, 90 unless told otherwise. */
      days?: number;
    }; output: {
      /** Actions that some statement allows and that were not tried, by name. */
      unusedActions: Array<string>;
      /** Statements that decided nothing. */
      unusedStatements: Array<AccessAnalyzerUnusedStatement>;
      /** Recorded calls that the statements were compared with. */
      examined: number;
      /** Since when calls were looked at: later than asked for where there are too many. */
      examinedSince: string;
    } };
    /** Makes from the recorded calls of a user or role a policy that allows what it was allowed and did, and tries it on the same calls. Resources are named while they are few; otherwise they become a pattern of what they have in common. */
    GenerateLeastPrivilegePolicy: { input: {
      /** A user or role. */
      principalArn: string;
      /** How far back, 90 unless told otherwise. */
      days?: number;
      /** Allows the calls only from the addresses that they came from, if those are at most 20. */
      restrictSourceIp?: boolean;
    }; output: {
      policyDocument: string;
      /** Actions that it allows. */
      actionCount: number;
      /** Recorded calls that were allowed. */
      allowedCalls: number;
      /** Those of them that the policy alone would refuse: what a resource's own policy allowed. */
      refusedCalls: number;
      /** What the validation of the document finds, as `code: message`. */
      findings: Array<string>;
      /** Whether it fits in a managed policy. */
      fitsManagedPolicy: boolean;
      /** Since when calls were looked at: later than asked for where there are too many. */
      examinedSince: string;
    } };
  };
  "chime": {
    /** Creates a Team account in the caller's AWS account. */
    CreateAccount: { input: {
      Name: string;
    }; output: {
      Account: ChimeAccount;
    } };
    /** Deletes an account. A Team account must have no users left, an Enterprise account no domains. The operator can restore it for 90 days. */
    DeleteAccount: { input: {
      AccountId: string;
    }; output: Record<string, never> };
    /** Shows an account. */
    GetAccount: { input: {
      AccountId: string;
    }; output: {
      Account: ChimeAccount;
    } };
    /** Lists the accounts of the AWS account, and those that others lend to it, oldest first: all, those whose name begins with `Name`, or the one that the person with the address `UserEmail` belongs to. */
    ListAccounts: { input: {
      Name?: string;
      UserEmail?: string;
      NextToken?: string;
      MaxResults?: number;
      /** Also shows deleted accounts that the operator can still restore, as suspended ones. */
      IncludeDisabled?: boolean;
    }; output: {
      Accounts: Array<ChimeAccount>;
      NextToken?: string;
    } };
    /** Changes the name of an account. Later invitations carry the new one. */
    RenameAccount: { input: {
      AccountId: string;
      Name: string;
    }; output: {
      Account: ChimeAccount;
    } };
    /** Restores suspended users of an Enterprise account. Users who are not suspended are left as they are. */
    ActivateUsers: { input: {
      AccountId: string;
      UserIdList: Array<string>;
    }; output: {
      UserErrors: Array<ChimeUserError>;
    } };
    /** Suspends users. In a Team account that removes them: they go on as free users. */
    BatchSuspendUser: { input: {
      AccountId: string;
      UserIdList: Array<string>;
    }; output: {
      UserErrors: Array<ChimeUserError>;
    } };
    /** Restores suspended users of an Enterprise account. Users who are not suspended are left as they are. */
    BatchUnsuspendUser: { input: {
      AccountId: string;
      UserIdList: Array<string>;
    }; output: {
      UserErrors: Array<ChimeUserError>;
    } };
    /** Changes users one by one. */
    BatchUpdateUser: { input: {
      AccountId: string;
      UpdateUserRequestItems: Array<ChimeUpdateUserRequestItem>;
    }; output: {
      UserErrors: Array<ChimeUserError>;
    } };
    /** Shows the settings of an account. */
    GetAccountSettings: { input: {
      AccountId: string;
    }; output: {
      AccountSettings: ChimeAccountSettings;
    } };
    /** Shows a user. */
    GetUser: { input: {
      AccountId: string;
      UserId: string;
    }; output: {
      User: ChimeUser;
    } };
    /** Shows the user with an e-mail address. */
    GetUserByEmail: { input: {
      AccountId: string;
      UserEmail: string;
    }; output: {
      User: ChimeUser;
    } };
    /** Invites people into a Team account by mail. */
    InviteUsers: { input: {
      AccountId: string;
      UserEmailList: Array<string>;
      UserType?: "PrivateUser" | "SharedDevice";
    }; output: {
      Invites: Array<ChimeInvite>;
    } };
    /** Lists the users of an account, oldest first, or shows the one with an e-mail address. */
    ListUsers: { input: {
      AccountId: string;
      UserEmail?: string;
      UserType?: "PrivateUser" | "SharedDevice";
      MaxResults?: number;
      NextToken?: string;
    }; output: {
      Users: Array<ChimeUser>;
      NextToken?: string;
    } };
    /** Signs a user out of every device. */
    LogoutUser: { input: {
      AccountId: string;
      UserId: string;
    }; output: Record<string, never> };
    /** Gives a user a new personal meeting PIN. The old one stops working at once. */
    ResetPersonalPIN: { input: {
      AccountId: string;
      UserId: string;
    }; output: {
      User: ChimeUser;
    } };
    /** Suspends users of an Enterprise account. */
    SuspendUsers: { input: {
      AccountId: string;
      UserIdList: Array<string>;
    }; output: {
      UserErrors: Array<ChimeUserError>;
    } };
    /** Changes settings of an account. What is left out stays. */
    UpdateAccountSettings: { input: {
      AccountId: string;
      AccountSettings: ChimeAccountSettings;
    }; output: Record<string, never> };
    /** Gives users a license. */
    UpdateUserLicenses: { input: {
      AccountId: string;
      UserIdList: Array<string>;
      LicenseType: "Basic" | "Plus" | "Pro" | "ProTrial";
    }; output: {
      UserErrors: Array<ChimeUserError>;
    } };
    /** Shows a meeting that ended, with its attendees, their connections and what they thought of it. */
    GetMeetingDetail: { input: {
      AccountId: string;
      MeetingId: string;
      MaxResults?: number;
      NextToken?: string;
    }; output: {
      MeetingDetail: ChimeMeetingDetail;
      NextToken?: string;
    } };
    /** Shows what a user did. Without dates, since it signed up. */
    GetUserActivityReportData: { input: {
      AccountId: string;
      UserId: string;
      StartDate?: string;
      EndDate?: string;
    }; output: {
      UserActivityReport: ChimeUserActivityReport;
      /** What sources had told by then is in the report. */
      DataThroughTimestamp?: string;
    } };
    /** Shows how much an account was used, by day, week or month, oldest first. A week or month of which only some days are asked for is reported with those days only. */
    ListAccountUsageReportData: { input: {
      AccountId: string;
      StartDate?: string;
      EndDate?: string;
      Period?: "Day" | "Week" | "Month" | "Total";
      MaxResults?: number;
      NextToken?: string;
    }; output: {
      UsageReports: Array<ChimeUsageReport>;
      /** What sources had told by then is in the report. */
      DataThroughTimestamp?: string;
      NextToken?: string;
    } };
    /** Lists what happened in a meeting that ended, in the order of time. */
    ListMeetingEvents: { input: {
      AccountId: string;
      MeetingId: string;
      MaxResults?: number;
      NextToken?: string;
    }; output: {
      MeetingEvents: Array<ChimeMeetingEvent>;
      NextToken?: string;
    } };
    /** Lists the meetings that ended on the days of a range, newest first. */
    ListMeetingReportData: { input: {
      AccountId: string;
      StartDate?: string;
      EndDate?: string;
      OrganizerEmail?: string;
      ConferenceId?: string;
      MaxResults?: number;
      NextToken?: string;
    }; output: {
      MeetingReports: Array<ChimeMeetingReport>;
      /** What sources had told by then is in the report. */
      DataThroughTimestamp?: string;
      NextToken?: string;
    } };
    /** Shows an export, and, while its file is there, where to fetch it. The address is good for five minutes; whoever has the file has the attachments. */
    RetrieveDataExport: { input: {
      AccountId: string;
      DataExportId: string;
    }; output: {
      DataExport: ChimeDataExport;
    } };
    /** Begins an export of the account's attachments: what its users uploaded at the portal, into conversations, and into rooms that users of the account created. It can be requested once in 7 days, for Enterprise accounts. */
    StartDataExport: { input: {
      AccountId: string;
    }; output: {
      DataExport: ChimeDataExport;
    } };
    /** Claims a domain for an account. The claim is proved by a TXT record, which the answer shows and the server looks for. What was given up after 72 hours begins again with a new record. */
    AddDomain: { input: {
      AccountId: string;
      DomainName: string;
    }; output: {
      Domain: ChimeDomain;
    } };
    /** Takes a domain from an account. Its people of that domain are signed out at once; where a directory or a provider kept them they are deleted, else released, with their addresses free. Those suspended stay so. */
    DeleteDomain: { input: {
      AccountId: string;
      DomainName: string;
    }; output: Record<string, never> };
    /** Shows a domain of an account, and how far its claim is. */
    GetDomain: { input: {
      AccountId: string;
      DomainName: string;
    }; output: {
      Domain: ChimeDomain;
    } };
    /** Lists the domains of an account by name. */
    ListDomains: { input: {
      AccountId: string;
      MaxResults?: number;
      NextToken?: string;
    }; output: {
      Domains: Array<ChimeDomain>;
      NextToken?: string;
    } };
    /** Sends a request for help to the operator of the server, and a copy to the contact. */
    SubmitSupportRequest: { input: {
      Subject: string;
      Description: string;
      ContactEmail: string;
      /** The account that it is about. */
      AccountId?: string;
      /** When it happened, with any offset. It is kept and shown in UTC. */
      OccurredAt?: string;
      ClientVersion?: string;
      LogReferenceId?: string;
      MeetingId?: string;
      /** `Normal` if nothing is said. */
      Severity?: "Low" | "Normal" | "High" | "Urgent";
    }; output: {
      SupportRequest: ChimeSupportRequest;
    } };
    /** Accepts the invitation to administer an account of another AWS account. From the next request on, the principals of this AWS account act on it within their own policies. */
    AcceptDelegate: { input: {
      InvitationToken: string;
    }; output: {
      Delegate: ChimeDelegate;
      Account: ChimeAccount;
    } };
    /** Ends a delegation, or takes an invitation back, at once. The owner may end any of its account, a delegate its own. */
    DeleteDelegate: { input: {
      AccountId: string;
      DelegateId: string;
    }; output: Record<string, never> };
    /** Lists the delegations of an account and the open invitations, oldest first. A delegate sees its own. */
    ListDelegates: { input: {
      AccountId: string;
      MaxResults?: number;
      NextToken?: string;
    }; output: {
      Delegates: Array<ChimeDelegate>;
      NextToken?: string;
    } };
    /** Changes the name of an account, the license that people join it with, or both. */
    UpdateAccount: { input: {
      AccountId: string;
      Name?: string;
      DefaultLicense?: "Basic" | "Plus" | "Pro" | "ProTrial";
    }; output: {
      Account: ChimeAccount;
    } };
    /** Changes a user. */
    UpdateUser: { input: {
      AccountId: string;
      UserId: string;
      LicenseType?: "Basic" | "Plus" | "Pro" | "ProTrial";
      UserType?: "PrivateUser" | "SharedDevice";
      AlexaForBusinessMetadata?: ChimeAlexaForBusinessMetadata;
    }; output: {
      User: ChimeUser;
    } };
    /** Creates the profile of a shared device in an Enterprise account. */
    CreateUser: { input: {
      AccountId: string;
      Username?: string;
      Email?: string;
      UserType?: "PrivateUser" | "SharedDevice";
    }; output: {
      User: ChimeUser;
    } };
    /** Shows the settings of a user. */
    GetUserSettings: { input: {
      AccountId: string;
      UserId: string;
    }; output: {
      UserSettings: ChimeUserSettings;
    } };
    /** Changes the settings of a user. */
    UpdateUserSettings: { input: {
      AccountId: string;
      UserId: string;
      UserSettings: ChimeUserSettings;
    }; output: Record<string, never> };
    /** Shows what proving the claim of a domain, or deleting a domain that is the account's, would do to people. */
    PreviewDomainChange: { input: {
      AccountId: string;
      DomainName: string;
    }; output: {
      DomainEffects: ChimeDomainEffects;
    } };
    /** Invites another AWS account to administer an account of this one. The mail has the token to accept with. */
    InviteDelegate: { input: {
      AccountId: string;
      Email: string;
      /** What the delegate can be allowed at the most. */
      BoundaryPolicy?: string;
      /** When the delegation ends by itself. */
      EndTimestamp?: string;
      /** Why, for both sides to see. */
      Reason?: string;
    }; output: {
      Delegate: ChimeDelegate;
    } };
    /** Gives an invitation a new token and seven more days, and sends its mail again. The old token is void. */
    RenewDelegate: { input: {
      AccountId: string;
      DelegateId: string;
    }; output: {
      Delegate: ChimeDelegate;
    } };
    /** Shows what an invitation is to, for whoever has its token. Changes nothing. */
    ValidateDelegate: { input: {
      InvitationToken: string;
    }; output: {
      AccountName: string;
      OwnerAwsAccountId: string;
      OwnerAwsAccountName: string;
      /** Until when the invitation can be accepted. */
      ExpirationTimestamp: string;
      /** When the delegation would end by itself. */
      EndTimestamp?: string;
      Reason?: string;
      /** Whether the owner limits what can be done. */
      HasBoundaryPolicy: boolean;
    } };
    /** Shows a support request of the AWS account. */
    GetSupportRequest: { input: {
      SupportRequestId: string;
    }; output: {
      SupportRequest: ChimeSupportRequest;
    } };
    /** Lists the support requests of the AWS account, the newest first, without their descriptions. */
    ListSupportRequests: { input: {
      MaxResults?: number;
      NextToken?: string;
    }; output: {
      SupportRequests: Array<ChimeSupportRequest>;
      NextToken?: string;
    } };
    /** Lists the exports of an account, oldest first. */
    ListDataExports: { input: {
      AccountId: string;
      MaxResults?: number;
      NextToken?: string;
    }; output: {
      DataExports: Array<ChimeDataExport>;
      NextToken?: string;
    } };
  };
  "cloudtrail": {
    /** Finds events of the last 90 days, the newest first. */
    LookupEvents: { input: {
      /** What the events must have. At most one attribute. */
      LookupAttributes?: Array<CloudtrailLookupAttribute>;
      /** The first moment of interest. */
      StartTime?: number;
      /** The last moment of interest; without a fraction, to the end of its second. */
      EndTime?: number;
      /** Insights events, of which there are none here. */
      EventCategory?: "insight";
      /** 1 to 50. */
      MaxResults?: number;
      NextToken?: string;
    }; output: {
      Events: Array<CloudtrailEvent>;
      NextToken?: string;
    } };
  };
}
