//! Licences: what a person may do in meetings.

carillon_aws::string_enum! {
    /// What a user may do: `Pro` hosts and schedules, `Basic` attends and chats.
    pub enum License {
        Basic,
        /// The tier that `Basic` replaced.
        Plus,
        Pro,
        /// Pro for thirty days, of people who belong to no account. Only the system gives it.
        ProTrial,
    }
}
