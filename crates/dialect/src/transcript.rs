//! What was said so far, role by role, and what of a call is read from it.

use exchange::Call;

/// The words of a role.
pub(crate) type Turn = (String, String);

/// Puts a transcript into a call, with what is told by it.
pub(crate) fn fill(call: &mut Call, transcript: Vec<Turn>) {
    call.system = system(&transcript);
    call.first_user = first_of(&transcript, "user");
    call.assistant_turns = count_of(&transcript, "assistant");
    call.transcript = transcript;
}

/// Joins what the assistant said in several items that follow each other: they are one turn.
pub(crate) fn merged(items: impl Iterator<Item = Turn>) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for (role, text) in items {
        match turns.last_mut() {
            Some((last, said)) if *last == role && role == "assistant" => {
                said.push('\n');
                said.push_str(&text);
            }
            Some(_) | None => turns.push((role, text)),
        }
    }
    turns
}

fn system(transcript: &[Turn]) -> Option<String> {
    let texts: Vec<&str> = transcript
        .iter()
        .filter(|(role, _)| role == "system" || role == "developer")
        .map(|(_, text)| text.as_str())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn first_of(transcript: &[Turn], wanted: &str) -> Option<String> {
    transcript.iter().find(|(role, _)| role == wanted).map(|(_, text)| text.clone())
}

fn count_of(transcript: &[Turn], wanted: &str) -> u32 {
    u32::try_from(transcript.iter().filter(|(role, _)| role == wanted).count()).unwrap_or(u32::MAX)
}
