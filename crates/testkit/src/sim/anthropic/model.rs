//! What Anthropic's models take, by their names.

/// The family's generation: `claude-opus-4-7` is (4, 7), `claude-3-5-haiku-20241022` is (3, 5).
/// `None` of a model that is called otherwise, which takes everything.
fn generation(model: &str) -> Option<(u32, u32)> {
    let parts = model.strip_prefix("claude-")?.split('-');
    // What is longer than two digits is a date.
    let mut numbers =
        parts.filter(|part| part.len() <= 2).filter_map(|part| part.parse::<u32>().ok());
    Some((numbers.next()?, numbers.next().unwrap_or(0)))
}

fn is_from(model: &str, from: (u32, u32)) -> bool {
    generation(model).is_some_and(|generation| generation >= from)
}

/// Whether `temperature` and `top_p` exclude each other.
pub(crate) fn samples_one_way(model: &str) -> bool {
    is_from(model, (4, 1))
}

/// Whether it takes no `temperature`, `top_p` or `top_k` at all.
pub(crate) fn samples_its_own_way(model: &str) -> bool {
    is_from(model, (4, 7))
}

/// Whether the caller may begin the answer.
pub(crate) fn takes_prefill(model: &str) -> bool {
    !is_from(model, (4, 6))
}

/// Whether the caller may set how many tokens it thinks.
pub(crate) fn takes_a_budget(model: &str) -> bool {
    !is_from(model, (4, 7))
}

/// Whether instructions may stand among the messages: from Opus 4.8 on.
pub(crate) fn takes_system_messages(model: &str) -> bool {
    is_from(model, (4, 8)) && !(model.contains("sonnet") && generation(model) == Some((5, 0)))
}

/// So many tokens a prompt may have.
pub(crate) fn context_tokens_max(model: &str) -> u64 {
    if is_from(model, (4, 6)) { 1_000_000 } else { 200_000 }
}

/// So many tokens an answer may have.
pub(crate) fn output_tokens_max(model: &str) -> u64 {
    match generation(model) {
        Some((3, 0..=4)) => 4096,
        Some((3, 5 | 6)) => 8192,
        Some((3, _) | (4, 0..=5)) => 64_000,
        Some(_) | None => 128_000,
    }
}
