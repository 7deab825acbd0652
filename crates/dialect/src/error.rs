/// Why a body could not be rewritten for another model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Only the members of a JSON object can be replaced.
    #[error("body is not a JSON object: only uncompressed JSON calls can be put to another model")]
    NotAnObject,
}
