use exchange::{Call, Reply};

/// Of one text, only so many bytes are counted; the rest is taken to be like them.
///
/// An estimate need not be dearer than what it estimates: long prompts are counted on live calls
/// too, where a rule asks for their length.
pub const COUNTED_BYTES_MAX: usize = 64 << 10;

/// Tokens that a format spends on each message, and on the start of the reply.
const MESSAGE_TOKENS: u64 = 3;

/// About how many tokens `text` is, by the tokenizer of `OpenAI`'s present models.
#[must_use]
pub fn count(text: &str) -> u64 {
    let head = &text[..text.floor_char_boundary(COUNTED_BYTES_MAX)];
    let tokens = bpe_openai::o200k_base().count(head) as u64;
    if head.len() == text.len() {
        return tokens;
    }
    // Both factors are below 2^40 for any body that is read, so the product cannot overflow.
    tokens * text.len() as u64 / head.len() as u64
}

/// About how many tokens a model wrote.
pub(crate) fn of_reply(reply: &Reply) -> u64 {
    let texts = [&reply.text, &reply.refusal].into_iter().flatten().map(|text| count(text));
    let calls = reply.tool_calls.iter().map(|call| count(&call.name) + count(&call.arguments));
    texts.chain(calls).sum()
}

/// About how many tokens the prompt is; a call without messages has none.
pub(crate) fn of_prompt(call: &Call) -> u64 {
    if call.transcript.is_empty() {
        return 0;
    }
    let turns = call.transcript.iter().map(|(_, text)| count(text) + MESSAGE_TOKENS);
    let offers = call.offers.iter().map(|offer| count(offer));
    turns.chain(offers).sum::<u64>() + MESSAGE_TOKENS
}
