//! The codes of findings: one declaration each, from which the reference is written.

use super::finding::Severity;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $Variant:ident = $name:literal $Severity:ident,)+) => {
        /// What a finding is about. Codes are stable; where AWS's Access Analyzer has one for the matter, it is AWS's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $Variant),+
        }

        impl Code {
            /// All codes, in the order of their declaration.
            pub const ALL: &'static [Code] = &[$(Code::$Variant),+];

            /// In upper snake case, as findings carry it.
            pub const fn name(self) -> &'static str {
                match self { $(Code::$Variant => $name),+ }
            }

            /// The severity unless a finding says otherwise.
            pub const fn severity(self) -> Severity {
                match self { $(Code::$Variant => Severity::$Severity),+ }
            }

            /// What it means, in one sentence.
            pub const fn description(self) -> &'static str {
                match self { $(Code::$Variant => concat!($($doc),+).trim_ascii()),+ }
            }
        }
    };
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

codes! {
    // The text.
    /// The text is not JSON.
    JsonSyntaxError = "JSON_SYNTAX_ERROR" Error,
    /// A character that IAM does not store: only tab, line feed, carriage return and U+0020 to U+00FF are.
    UnsupportedCharacter = "UNSUPPORTED_CHARACTER" Error,
    /// The text is longer than any policy may be.
    PolicyTooLong = "POLICY_TOO_LONG" Error,
    /// There are more findings than are shown.
    TooManyFindings = "TOO_MANY_FINDINGS" Warning,

    // Elements.
    /// An element that the language does not have, or not in this place.
    InvalidPolicyElement = "INVALID_POLICY_ELEMENT" Error,
    /// A value of the wrong JSON type.
    DataTypeMismatch = "DATA_TYPE_MISMATCH" Error,
    /// The policy has no statement.
    MissingStatement = "MISSING_STATEMENT" Error,
    /// A statement does not say whether it allows or denies.
    MissingEffect = "MISSING_EFFECT" Error,
    /// An effect that is neither Allow nor Deny.
    InvalidEffect = "INVALID_EFFECT" Error,
    /// An effect that policies of this type cannot have.
    UnsupportedEffect = "UNSUPPORTED_EFFECT" Error,
    /// A statement has no actions.
    MissingAction = "MISSING_ACTION" Error,
    /// A statement has no resources.
    MissingResource = "MISSING_RESOURCE" Error,
    /// A statement of a type that names principals names none.
    MissingPrincipal = "MISSING_PRINCIPAL" Error,
    /// A statement names principals in a type that does not have them.
    UnsupportedPrincipal = "UNSUPPORTED_PRINCIPAL" Error,
    /// An element that policies of this type cannot have.
    UnsupportedElement = "UNSUPPORTED_ELEMENT" Error,
    /// Two elements that exclude each other.
    UnsupportedElementCombination = "UNSUPPORTED_ELEMENT_COMBINATION" Error,
    /// A version of the language that does not exist.
    InvalidVersion = "INVALID_VERSION" Error,
    /// Two statements have the same Sid.
    UniqueSidsRequired = "UNIQUE_SIDS_REQUIRED" Error,
    /// A Sid with other characters than letters and digits.
    UnsupportedSid = "UNSUPPORTED_SID" Error,
    /// The version is not given, so the language of 2008 applies.
    MissingVersion = "MISSING_VERSION" Warning,
    /// The language of 2008, which has no policy variables.
    OutdatedVersion = "OUTDATED_VERSION" Warning,
    /// A Sid with no characters.
    EmptySidValue = "EMPTY_SID_VALUE" Suggestion,
    /// A list of actions with nothing in it.
    EmptyArrayAction = "EMPTY_ARRAY_ACTION" Suggestion,
    /// A list of resources with nothing in it.
    EmptyArrayResource = "EMPTY_ARRAY_RESOURCE" Suggestion,
    /// A list of principals with nothing in it.
    EmptyArrayPrincipal = "EMPTY_ARRAY_PRINCIPAL" Suggestion,
    /// A principal element with nothing in it.
    EmptyObjectPrincipal = "EMPTY_OBJECT_PRINCIPAL" Suggestion,
    /// A condition with nothing in it.
    EmptyObjectCondition = "EMPTY_OBJECT_CONDITION" Suggestion,

    // Actions.
    /// An action that does not exist.
    InvalidAction = "INVALID_ACTION" Error,
    /// An action whose service does not exist, or is probably misspelt.
    InvalidServiceInAction = "INVALID_SERVICE_IN_ACTION" Error,
    /// An action that policies of this type cannot have.
    UnsupportedActionInPolicy = "UNSUPPORTED_ACTION_IN_POLICY" Error,
    /// An action that does not go with the kind of principal.
    MismatchedActionForPrincipal = "MISMATCHED_ACTION_FOR_PRINCIPAL" Error,
    /// An action that exists and that nothing on this server asks for.
    ActionNotServed = "ACTION_NOT_SERVED" Warning,
    /// A service that is not known here.
    UnknownService = "UNKNOWN_SERVICE" Warning,
    /// A wildcard for the service of an action.
    WildcardInServicePrefix = "WILDCARD_IN_SERVICE_PREFIX" Warning,
    /// An action that another one in the list covers.
    RedundantAction = "REDUNDANT_ACTION" Suggestion,
    /// Every action of a service, one by one.
    EveryActionOfService = "EVERY_ACTION_OF_SERVICE" Suggestion,

    // Resources.
    /// A resource that is neither an ARN nor `*`.
    InvalidArnPrefix = "INVALID_ARN_PREFIX" Error,
    /// An ARN with fewer parts than six that matches nothing or is not stored.
    MissingArnField = "MISSING_ARN_FIELD" Error,
    /// A partition that AWS does not have.
    InvalidPartition = "INVALID_PARTITION" Error,
    /// An ARN whose service is not in lower case.
    InvalidArnServiceCase = "INVALID_ARN_SERVICE_CASE" Error,
    /// An ARN without a service, or with one that is probably misspelt.
    InvalidService = "INVALID_SERVICE" Error,
    /// A Region of no form that Regions have.
    InvalidArnRegion = "INVALID_ARN_REGION" Error,
    /// An ARN without the Region that its service needs.
    MissingArnRegion = "MISSING_ARN_REGION" Error,
    /// A Region in the ARN of a service that has none.
    ArnRegionNotAllowed = "ARN_REGION_NOT_ALLOWED" Error,
    /// An account that is no account number.
    InvalidArnAccount = "INVALID_ARN_ACCOUNT" Error,
    /// An account in the ARN of a resource that has none.
    ArnAccountNotAllowed = "ARN_ACCOUNT_NOT_ALLOWED" Error,
    /// A resource that its service does not have.
    InvalidArnResource = "INVALID_ARN_RESOURCE" Error,
    /// An ARN with fewer parts than six, read as if the missing ones were `*`.
    ShortArn = "SHORT_ARN" Warning,
    /// A wildcard in the type of a resource.
    WildcardInResourceType = "WILDCARD_IN_RESOURCE_TYPE" Warning,
    /// An action that is not limited by the statement's resources, so that the statement does not do what it seems to.
    ResourceNotSupported = "RESOURCE_NOT_SUPPORTED" Warning,
    /// A wildcard for the service of an ARN.
    WildcardInServiceName = "WILDCARD_IN_SERVICE_NAME" Suggestion,
    /// A resource that another one in the list covers.
    RedundantResource = "REDUNDANT_RESOURCE" Suggestion,

    // Conditions.
    /// A condition operator that does not exist.
    InvalidConditionOperator = "INVALID_CONDITION_OPERATOR" Error,
    /// A condition key that is not a service and a name.
    InvalidConditionKeyFormat = "INVALID_CONDITION_KEY_FORMAT" Error,
    /// A global condition key that does not exist.
    InvalidGlobalConditionKey = "INVALID_GLOBAL_CONDITION_KEY" Error,
    /// A condition key that its service does not have.
    InvalidServiceConditionKey = "INVALID_SERVICE_CONDITION_KEY" Error,
    /// One key twice under one operator, in different letter case.
    DuplicateKeysDifferentCase = "DUPLICATE_KEYS_DIFFERENT_CASE" Error,
    /// The operator Null with the suffix IfExists.
    NullWithIfExists = "NULL_WITH_IF_EXISTS" Error,
    /// A key with several values under an operator that looks at one.
    MissingQualifier = "MISSING_QUALIFIER" Error,
    /// True and false for one key.
    InvalidConditionMultipleBoolean = "INVALID_CONDITION_MULTIPLE_BOOLEAN" Error,
    /// Values of different JSON types for one key.
    InvalidConditionDataType = "INVALID_CONDITION_DATA_TYPE" Error,
    /// The key of a tag's value without the key of the tag.
    MissingTagKeyInCondition = "MISSING_TAG_KEY_IN_CONDITION" Error,
    /// A value or a key that the operator cannot compare.
    TypeMismatch = "TYPE_MISMATCH" Warning,
    /// A date that probably means something else than it seems to.
    InvalidDateValue = "INVALID_DATE_VALUE" Warning,
    /// A condition key that AWS advises against.
    DeprecatedGlobalConditionKey = "DEPRECATED_GLOBAL_CONDITION_KEY" Warning,
    /// A key that the actions of the statement never have.
    IrrelevantConditionKey = "IRRELEVANT_CONDITION_KEY" Warning,
    /// A wildcard under an operator that takes it for an ordinary character.
    WildcardWithoutLikeOperator = "WILDCARD_WITHOUT_LIKE_OPERATOR" Warning,
    /// Only addresses that no caller from the internet has.
    PrivateIpAddress = "PRIVATE_IP_ADDRESS" Warning,
    /// Addresses of version 4 only, so that every caller with one of version 6 is outside.
    NotIpAddressWithoutIpv6 = "NOT_IP_ADDRESS_WITHOUT_IPV6" Warning,
    /// Private and public addresses mixed.
    PrivateIpAddressSubset = "PRIVATE_IP_ADDRESS_SUBSET" Suggestion,
    /// A network with bits set beyond its prefix.
    ImproveIpRange = "IMPROVE_IP_RANGE" Suggestion,
    /// A set operator before Null.
    NullWithQualifier = "NULL_WITH_QUALIFIER" Suggestion,
    /// A list of values with nothing in it.
    EmptyArrayCondition = "EMPTY_ARRAY_CONDITION" Suggestion,
    /// A list of values with nothing in it, under ForAllValues: true only if the request has no value either.
    EmptyArrayConditionForAllValues = "EMPTY_ARRAY_CONDITION_FORALLVALUES" Suggestion,
    /// A list of values with nothing in it, under ForAnyValue: never true.
    EmptyArrayConditionForAnyValue = "EMPTY_ARRAY_CONDITION_FORANYVALUE" Suggestion,
    /// A list of values with nothing in it, under IfExists: true only if the request does not have the key.
    EmptyArrayConditionIfExists = "EMPTY_ARRAY_CONDITION_IFEXISTS" Suggestion,
    /// A value that another one in the list covers.
    RedundantConditionValue = "REDUNDANT_CONDITION_VALUE" Suggestion,

    // Variables.
    /// A policy variable without its closing brace.
    MissingBraceInVariable = "MISSING_BRACE_IN_VARIABLE" Error,
    /// The default of a policy variable without its quotes.
    MissingQuoteInVariable = "MISSING_QUOTE_IN_VARIABLE" Error,
    /// A space where a policy variable has none.
    UnsupportedSpaceInVariable = "UNSUPPORTED_SPACE_IN_VARIABLE" Error,
    /// A policy variable without a name.
    EmptyVariable = "EMPTY_VARIABLE" Error,
    /// A policy variable in an element that has none.
    VariableUnsupportedInElement = "VARIABLE_UNSUPPORTED_IN_ELEMENT" Error,
    /// A policy variable in a version of the language that has none.
    VariableUnsupportedInVersion = "VARIABLE_UNSUPPORTED_IN_VERSION" Error,
    /// A policy variable under an operator that compares no text.
    InvalidVariableForOperator = "INVALID_VARIABLE_FOR_OPERATOR" Error,
    /// A deny for all resources but those of a variable, which does not apply where the variable has no value.
    VariableInNotResource = "VARIABLE_IN_NOT_RESOURCE" Warning,

    // Principals.
    /// A principal in no form that principals have.
    InvalidPrincipalFormat = "INVALID_PRINCIPAL_FORMAT" Error,
    /// A kind of principals that does not exist.
    InvalidPrincipalKey = "INVALID_PRINCIPAL_KEY" Error,
    /// A wildcard as a part of a principal.
    UnsupportedWildcardInPrincipal = "UNSUPPORTED_WILDCARD_IN_PRINCIPAL" Error,
    /// A service principal in no form that they have.
    InvalidServicePrincipalFormat = "INVALID_SERVICE_PRINCIPAL_FORMAT" Error,
    /// A user by its unique identifier.
    InvalidUserReference = "INVALID_USER_REFERENCE" Warning,
    /// A role by its unique identifier.
    InvalidRoleReference = "INVALID_ROLE_REFERENCE" Warning,
    /// An exception for a role that does not reach its sessions.
    NotPrincipalWithoutSession = "NOT_PRINCIPAL_WITHOUT_SESSION" Warning,

    // Security.
    /// Everybody but those named is allowed.
    AllowWithNotPrincipal = "ALLOW_WITH_NOTPRINCIPAL" SecurityWarning,
    /// A role that everybody may assume.
    TrustOpenToEveryone = "TRUST_OPEN_TO_EVERYONE" SecurityWarning,
    /// Everybody whom an identity provider vouches for is trusted.
    FederatedWithoutCondition = "FEDERATED_WITHOUT_CONDITION" SecurityWarning,
    /// A service is allowed in whatever customer's name it acts.
    RestrictAccessToServicePrincipal = "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL" SecurityWarning,
    /// Everything on everything.
    FullAdministrator = "FULL_ADMINISTRATOR" SecurityWarning,
    /// Rights from which all others can be obtained.
    PrivilegeEscalation = "PRIVILEGE_ESCALATION" SecurityWarning,
    /// Everything but what is named, on everything.
    AllowWithNotActionOnEverything = "ALLOW_WITH_NOTACTION_ON_EVERYTHING" SecurityWarning,
    /// Any role can be passed to a service.
    PassRoleWithStarInResource = "PASS_ROLE_WITH_STAR_IN_RESOURCE" SecurityWarning,
    /// Any role can be passed to a service, by a wildcard for the action too.
    PassRoleWithStarInActionAndResource = "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE" SecurityWarning,
    /// All roles but those named can be passed to a service.
    PassRoleWithNotResource = "PASS_ROLE_WITH_NOT_RESOURCE" SecurityWarning,
    /// All roles but those named can be passed to a service, by a wildcard for the action.
    PassRoleWithStarInActionAndNotResource = "PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE" SecurityWarning,
    /// Any role can be passed to a service, because only other actions are excluded.
    PassRoleWithNotActionAndStarInResource = "PASS_ROLE_WITH_NOT_ACTION_AND_STAR_IN_RESOURCE" SecurityWarning,
    /// All roles but those named can be passed to a service, because only other actions are excluded.
    PassRoleWithNotActionAndNotResource = "PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE" SecurityWarning,
    /// ForAllValues for a key with one value, which holds when the key is absent.
    ForAllValuesWithSingleValuedKey = "FORALLVALUES_WITH_SINGLE_VALUED_KEY" SecurityWarning,
    /// ForAllValues in an allow, which holds when the key is absent.
    ForAllValuesInAllow = "FORALLVALUES_IN_ALLOW" SecurityWarning,
    /// A deny on the tags of a request or resource that has none.
    DenyWithUnsupportedTagConditionKey = "DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE" SecurityWarning,
    /// A deny without a second factor that lets long-term keys through.
    MfaDenyWithoutIfExists = "MFA_DENY_WITHOUT_IF_EXISTS" SecurityWarning,
    /// A deny that no request fits.
    DenyNeverApplies = "DENY_NEVER_APPLIES" SecurityWarning,
    /// An allow that a deny of the same policy takes back whole.
    AllowCoveredByDeny = "ALLOW_COVERED_BY_DENY" SecurityWarning,

    // The whole.
    /// Any service-linked role can be created.
    CreateSlrWithStarInResource = "CREATE_SLR_WITH_STAR_IN_RESOURCE" Warning,
    /// An allow on the tags of a request or resource that has none.
    AllowWithUnsupportedTagConditionKey = "ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE" Warning,
    /// Longer than a managed policy may be.
    PolicySizeExceedsIdentityPolicyQuota = "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA" Warning,
    /// Longer than a trust policy may be.
    PolicySizeExceedsTrustPolicyQuota = "POLICY_SIZE_EXCEEDS_TRUST_POLICY_QUOTA" Warning,
    /// Longer than a control policy of an organization may be.
    PolicySizeExceedsScpQuota = "POLICY_SIZE_EXCEEDS_SCP_QUOTA" Error,
    /// A statement that another one covers.
    RedundantStatement = "REDUNDANT_STATEMENT" Suggestion,
}
