/// Why a policy could not be read, or a decision about it not be taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is not a policy file.
    #[error("the policy file cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Written by a newer Foreshadow.
    #[error("policy format {0} is newer than this program reads (1): upgrade foreshadow first")]
    Newer(u32),
    /// The file is JSON of the right shape, but no policy.
    #[error("policy {version} is not valid: {what}")]
    Invalid {
        /// The version that the file claims.
        version: u64,
        /// What is wrong with it.
        what: String,
    },
    /// Automation tried to send a candidate more traffic.
    #[error("automation may only move traffic towards the reference: a person has to promote")]
    AutomationMayNotRaise,
    /// There is nothing to demote.
    #[error("`{0}` is served by its reference already")]
    NotServed(String),
    /// A rollback would go forward.
    #[error("cannot roll back from policy {from} to {to}: name an earlier version")]
    NotEarlier {
        /// The version in force.
        from: u64,
        /// The version that was asked for.
        to: u64,
    },
    /// A number that is no share.
    #[error("a share must be in [0, 1], got {0}")]
    Share(f64),
    /// A pattern that does not compile.
    #[error("`{pattern}` is not a regular expression: {why}")]
    Pattern {
        /// What was written.
        pattern: String,
        /// What the regular expression engine says of it.
        why: String,
    },
}
