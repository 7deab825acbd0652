//! What Gemini's models take, by their names.

/// So many tokens a prompt may have.
pub(crate) const CONTEXT_TOKENS_MAX: u64 = 1_048_576;
/// So many an answer.
pub(crate) const OUTPUT_TOKENS_MAX: u64 = 65_536;

/// `gemini-2.5-flash` is (2, 5), `gemini-3-pro-preview` is (3, 0). `None` of a model that is called
/// otherwise.
fn generation(model: &str) -> Option<(u32, u32)> {
    let version = model.strip_prefix("gemini-")?.split('-').next()?;
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Whether it wants its signatures of function calls back.
pub(crate) fn wants_signatures(model: &str) -> bool {
    generation(model).is_some_and(|generation| generation >= (3, 0))
}

/// Whether it thinks unless it is told not to.
pub(crate) fn thinks(model: &str) -> bool {
    generation(model).is_some_and(|generation| generation >= (2, 5))
}

/// Whether its thinking is set by a level, instead of by a budget alone.
pub(crate) fn has_levels(model: &str) -> bool {
    wants_signatures(model)
}
