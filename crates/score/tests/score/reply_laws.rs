//! What scorers and judges make of any texts. The fuzz target `score` compiles this very file.

use exchange::{Call, FinishReason, Reply, ToolCall};
use score::{
    Score, ScorerSpec, Scorers,
    judge::{JudgeWord, WORD_BYTES_MAX, parse, prompt},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::LazyLock};

/// One of each kind and way.
pub(crate) const SCORERS: usize = 17;
static ALL: LazyLock<Scorers> = LazyLock::new(|| {
    let specs: Vec<ScorerSpec> =
        serde_json::from_value(all()).expect("settings as a pipeline has them");
    Scorers::compile(&specs).expect("scorers that make sense")
});

fn all() -> Value {
    json!([
        {"kind": "expected", "how": "exact"},
        {"kind": "expected", "how": "normalised"},
        {"kind": "expected", "how": "number"},
        {"kind": "expected", "how": "contains"},
        {"kind": "expected", "how": {"regex": "(\\S+)"}},
        {"kind": "regex", "pattern": "(a|a)*b", "want": "no_match"},
        {"kind": "contains", "any": ["é"], "case": "ignored"},
        {"kind": "valid_json"},
        {"kind": "json_schema"},
        {"kind": "not_refusal"},
        {"kind": "not_truncated"},
        {"kind": "exact"},
        {"kind": "normalised"},
        {"kind": "json_equal", "ignore": ["/a", "/0/b", "/~1"]},
        {"kind": "tool_calls_equal"},
        {"kind": "tool_calls_equal", "order": "same"},
        {"kind": "number_equal", "tolerance": 0.1},
    ])
}

/// Two replies, what was expected and a schema, each behind the last one's line of `%%`.
pub(crate) fn texts_law(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(4, "\n%%\n");
    let (ours, theirs) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let (expected, schema) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let call = Call {
        transcript: vec![("user".to_owned(), expected.to_owned())],
        metadata: BTreeMap::from([("expected".to_owned(), expected.to_owned())]),
        response_schema: serde_json::from_str(schema).ok(),
        ..Call::default()
    };
    let (ours, theirs) = (reply(ours), reply(theirs));
    scores_law(&call, &ours, &theirs);
    agreement_law(&call, &ours, &theirs);
    word_law(&text);
    prompt_law(&call, &ours, &theirs);
}

/// A whole reply with this text, which is a tool call too: a name, and arguments behind it.
fn reply(text: &str) -> Reply {
    let tool = text.split_once('(').map(|(name, arguments)| ToolCall {
        name: name.to_owned(),
        arguments: arguments.trim_end_matches(')').to_owned(),
    });
    Reply {
        text: Some(text.to_owned()).filter(|text| !text.is_empty()),
        tool_calls: tool.into_iter().collect(),
        finish_reason: Some(FinishReason::Stop),
        complete: true,
        ..Reply::default()
    }
}

/// Every scorer speaks or abstains, within bounds, and says the same again.
pub(crate) fn scores_law(call: &Call, ours: &Reply, theirs: &Reply) {
    let scores = scores(call, ours, theirs);
    assert_eq!(scores.len(), SCORERS);
    for score in &scores {
        assert!(score.value.is_none_or(|value| (0.0..=1.0).contains(&value)), "{score:?}");
    }
    let verdict = score::verdict(&scores, &score::VerdictRule::default());
    assert!(verdict.loss.is_none_or(|loss| (0.0..=1.0).contains(&loss)), "{verdict:?}");
    assert!(!verdict.reason.is_empty());
}

fn scores(call: &Call, ours: &Reply, theirs: &Reply) -> Vec<Score> {
    let mut scores = ALL.score_absolute(call, ours);
    scores.extend(ALL.score_agreement(call, ours, theirs));
    scores
}

/// A reply never differs from itself, and two agree both ways or neither.
fn agreement_law(call: &Call, ours: &Reply, theirs: &Reply) {
    let agreement = |ours, theirs| ALL.score_agreement(call, ours, theirs);
    for score in agreement(ours, ours) {
        assert!(score.value.is_none_or(|value| value == 1.0), "{score:?}");
    }
    for (there, back) in agreement(ours, theirs).iter().zip(agreement(theirs, ours)) {
        // These abstain by the reference alone, and a tolerance is a share of the reference's number.
        let one_way = ["json_equal", "number_equal"].contains(&there.scorer.as_str());
        assert!(one_way || there.value == back.value, "{there:?}, {back:?}");
    }
}

/// What a judge's word is read as is what it says.
fn word_law(text: &str) {
    let Ok(word) = parse(text) else { return };
    assert!(text.len() <= WORD_BYTES_MAX);
    let JudgeWord { first_acceptable, second_acceptable, preferred, reason } = word.clone();
    let again = json!({
        "first_acceptable": first_acceptable,
        "second_acceptable": second_acceptable,
        "preferred": format!("{preferred:?}").to_lowercase(),
        "reason": reason,
    });
    assert_eq!(parse(&again.to_string()), Ok(word));
}

/// Neither reply leaves its place: the line that parts them stands between them and nowhere else.
fn prompt_law(call: &Call, ours: &Reply, theirs: &Reply) {
    let Ok(asked) = prompt("rubric", call, ours, theirs) else { return };
    let (line, _) = asked.user.split_once(" CALL\n").expect("the call comes first");
    assert_eq!(asked.user.matches(line).count(), 4, "one line for each part");
    for text in [&ours.text, &theirs.text].into_iter().flatten() {
        assert!(asked.user.contains(text.as_str()));
    }
}
