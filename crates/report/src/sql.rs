//! The questions, as files of SQL that read from top to bottom and run elsewhere too.
//!
//! Their parameters are the moment to look from, `{as_of}`, which is put in as a literal made from a
//! [`Timestamp`], and numbers: nothing that a person typed ever becomes part of a query.

use crate::{
    digest::{POLICIES_MAX, SLOT_US, Week},
    report::LOOKED_AT_MAX,
};
use exchange::{SECOND_US, Timestamp};
use policy::gate::LOST_MAX;
use std::collections::BTreeSet;

const KNOWN: &str = include_str!("sql/known.sql");
const SPANS: &str = include_str!("sql/spans.sql");
const SESSIONS: &str = include_str!("sql/sessions.sql");
const PLACED: &str = include_str!("sql/placed.sql");
const LABELS: &str = include_str!("sql/labelled.sql");
const ASKED: &str = include_str!("sql/asked.sql");
const PARTS: &str = include_str!("sql/parts.sql");
const FRONTIER: &str = include_str!("sql/frontier.sql");
const UNITS: &str = include_str!("sql/units.sql");
const SLICES: &str = include_str!("sql/slices.sql");
const PAIRED: &str = include_str!("sql/paired.sql");
const SAVINGS: &str = include_str!("sql/savings.sql");

/// The units that count: `units` of the contract. Those of replayed calls are compared, not counted.
const COUNTED: &str = "SELECT cell, category, candidate, epoch, conversation, tenant, first_at, \
    closed_at, requests, request_weight, request_loss, lost, weight, loss, mode, tau, loss_lo, loss_hi \
    FROM all_units WHERE counted AND family_weight > 0.0";

/// When the calls of every cell's keys were.
pub(crate) fn moments(as_of: Timestamp) -> String {
    at(&with(&[KNOWN], "SELECT cell, conversation, observed_at FROM known"), as_of)
}

/// The calls of every cell, with the draws that put them to its candidate or did not.
pub(crate) fn calls(as_of: Timestamp) -> String {
    const CALLS: &str = "SELECT exchange_id, cell, conversation, tenant, observed_at, pi, pi_floor, \
        audited, audit_prob, sampled, ineligible_reason, withheld_reason FROM known";
    at(&with(&[KNOWN], CALLS), as_of)
}

/// What the scorers made of the candidates' replies.
pub(crate) fn answers(as_of: Timestamp) -> String {
    const ANSWERS: &str = "SELECT exchange_id, cell, fault, loss, reference_loss, control_loss, \
        answered_at <= {as_of} AS is_there, decided_at <= {as_of} AS is_decided \
        FROM shadows WHERE arm = 'candidate' AND cell IS NOT NULL";
    at(ANSWERS, as_of)
}

/// The calls that the reference was asked again.
pub(crate) const CONTROLS: &str =
    "SELECT exchange_id FROM assignments WHERE arm = 'control' AND sampled AND origin IS NULL";

/// How long every call's prompt was.
pub(crate) const LENGTHS: &str = "SELECT exchange_id, input_tokens FROM exchanges";

/// What the first person said of every reply.
pub(crate) fn labelled(as_of: Timestamp) -> String {
    at(&with(&[LABELS], "SELECT * FROM labelled"), as_of)
}

/// What the cells were opened with, as far as their units need it.
pub(crate) const TERMS: &str =
    "SELECT cell, candidate, mode, max_wait_s, loss_hi FROM opened_cells";

/// What was declared for their days.
pub(crate) const BLOCKS: &str = "SELECT cell, day, eta, a_hat, rho, kappa FROM declared_blocks";

/// What the sampler did, where `drawn` is a table.
pub(crate) const SAMPLER: &str = "SELECT cell, CAST(sampled AS DOUBLE) AS sampled, \
    CAST(expected AS DOUBLE) AS expected_sampled, CAST(variance AS DOUBLE) AS var_sampled, broken \
    FROM drawn";

/// `select` from `all_units`, every conversation in which a cell asked its candidate, counted or
/// not, where `parts` is a table.
pub(crate) fn of_all_units(select: &str) -> String {
    with(&[FRONTIER, UNITS], select)
}

/// The units that count, where `parts` is a table.
pub(crate) fn counted_units() -> String {
    of_all_units(COUNTED)
}

/// `select` from `slices`, cells cut by the length of the prompt, where `parts` is a table.
pub(crate) fn of_slices(select: &str) -> String {
    with(&[FRONTIER, SLICES], select)
}

/// The mean quality day by day, where `units` is a table.
pub(crate) const QUALITY_BY_DAY: &str = include_str!("sql/quality_by_day.sql");

/// The view whose rows this program works out once for every question of a look.
pub(crate) const FORMED_VIEW: &str = "units";

/// The views that build on tables and on one another, in that order: name and text.
pub(crate) fn views(as_of: Timestamp) -> Vec<(&'static str, String)> {
    vec![
        ("opened_cells", include_str!("sql/opened_cells.sql").to_owned()),
        ("declared_blocks", include_str!("sql/declared_blocks.sql").to_owned()),
        (FORMED_VIEW, units(as_of)),
        ("doubles", include_str!("sql/doubles.sql").to_owned()),
        ("outcomes", outcomes(as_of)),
        ("coverage", at(include_str!("sql/coverage.sql"), as_of)),
        ("verdicts", at(include_str!("sql/verdicts.sql"), as_of)),
        ("scores", at(include_str!("sql/scores.sql"), as_of)),
        ("quality_by_day", QUALITY_BY_DAY.to_owned()),
        ("savings", at(&with(&[PAIRED, SAVINGS], "SELECT * FROM savings"), as_of)),
        ("spend", at(include_str!("sql/spend.sql"), as_of)),
        ("translations", at(include_str!("sql/translations.sql"), as_of)),
        ("lost", at(include_str!("sql/lost.sql"), as_of)),
        ("blocked", at(include_str!("sql/blocked.sql"), as_of)),
        ("traffic", traffic(as_of)),
        ("call_sites", at(include_str!("sql/call_sites.sql"), as_of)),
        ("golden", at(include_str!("sql/golden.sql"), as_of)),
        ("anchors", at(include_str!("sql/anchors.sql"), as_of)),
    ]
}

fn units(as_of: Timestamp) -> String {
    at(
        &with(&[KNOWN, SPANS, SESSIONS, PLACED, LABELS, ASKED, PARTS, FRONTIER, UNITS], COUNTED),
        as_of,
    )
}

/// What was paid on both sides, conversation by conversation; days are still to be added up.
pub(crate) fn paid(as_of: Timestamp) -> String {
    at(&with(&[PAIRED], "SELECT * FROM conversations"), as_of)
}

/// `select` from `savings`, where `paid` is a table.
pub(crate) fn of_savings(select: &str, as_of: Timestamp) -> String {
    const ADDED_UP: &str = "conversations AS (
  SELECT cell, sum(pairs) AS pairs, CAST(sum(reference_usd) AS DECIMAL(18, 9)) AS reference_usd,
         CAST(sum(candidate_usd) AS DECIMAL(18, 9)) AS candidate_usd,
         sum(reference_tokens) AS reference_tokens, sum(reference_cached) AS reference_cached,
         sum(candidate_tokens) AS candidate_tokens, sum(candidate_cached) AS candidate_cached
  FROM paid GROUP BY cell, conversation
)";
    at(&with(&[ADDED_UP, SAVINGS], select), as_of)
}

/// How each exchange x candidate ended.
pub(crate) fn outcomes(as_of: Timestamp) -> String {
    at(include_str!("sql/outcomes.sql"), as_of)
}

/// How often the reference's second reply disagrees with its first, in each cell that has a control.
pub(crate) fn noise_floor(as_of: Timestamp) -> String {
    at(include_str!("sql/noise_floor.sql"), as_of)
}

/// Tokens and costs of the calls that were shadowed, apart where a length lies between their prompts at
/// which a price rises.
pub(crate) fn forecast(as_of: Timestamp, lengths: &BTreeSet<u64>) -> String {
    let text = include_str!("sql/forecast.sql")
        .replace("{reference_steps}", &steps("e.input_tokens", lengths))
        .replace("{candidate_steps}", &steps("s.input_tokens", lengths));
    at(&text, as_of)
}

/// How many of the lengths a prompt is past.
fn steps(tokens: &str, lengths: &BTreeSet<u64>) -> String {
    let past = |length| format!("CASE WHEN {tokens} > {length} THEN 1 ELSE 0 END");
    let all: Vec<String> = lengths.iter().map(past).collect();
    if all.is_empty() { "CAST(NULL AS BIGINT)".to_owned() } else { all.join(" + ") }
}

/// What each cell's calls lost most often, at most as many as are told.
pub(crate) fn most_lost() -> String {
    format!(
        "SELECT cell, lost, calls FROM (SELECT cell, lost, calls, row_number() OVER \
         (PARTITION BY cell ORDER BY calls DESC, lost) AS place FROM lost) AS ranked \
         WHERE place <= {LOST_MAX} ORDER BY cell, place"
    )
}

/// The judged cells whose judge was measured.
pub(crate) fn measured(as_of: Timestamp) -> String {
    at(include_str!("sql/measured.sql"), as_of)
}

/// How the judge's word stands to labels in every cell of mode PPI, over the calls before a moment.
pub(crate) fn corrected(before: Timestamp, as_of: Timestamp) -> String {
    let text =
        include_str!("sql/corrected.sql").replace("{before}", &format!("TIMESTAMP '{before}'"));
    at(&format!("WITH\n{},\n{text}", LABELS.trim_end()), as_of)
}

/// A day of each cell, by the days after `since`.
pub(crate) fn prospects(since: Timestamp, as_of: Timestamp) -> String {
    let text = include_str!("sql/prospects.sql");
    at(&text.replace("{since}", &format!("TIMESTAMP '{since}'")), as_of)
}

/// What judges said of pairs of replies beside what people did: every word, or those on labelled
/// pairs alone.
pub(crate) fn judged(of: Judged, as_of: Timestamp) -> String {
    let [facts, columns, exchanges, which] = match of {
        Judged::Labelled => [NO_FACTS, "", "", LABELLED],
        Judged::Every => [FACTS, FACTS_OF_SHADOWS, FACTS_OF_EXCHANGES, ""],
    };
    let text = include_str!("sql/judged.sql")
        .replace("{facts}", facts)
        .replace("{columns}", columns)
        .replace("{exchanges}", exchanges)
        .replace("{which}", which)
        .replace("{words_max}", &WORDS_MAX.to_string());
    at(&text, as_of)
}

/// The last look at the newest frozen pairs of each category.
pub(crate) const ASKED_AGAIN: &str = include_str!("sql/asked_again.sql");

/// What each model's replies were worth before those pairs were frozen, and since.
pub(crate) fn around_freezing() -> String {
    include_str!("sql/around_freezing.sql").replace("{words_max}", &WORDS_MAX.to_string())
}

/// Words that are read at once, the newest first: enough for any figure, and bounded.
const WORDS_MAX: u64 = 2_000_000;

const LABELLED: &str = "AND (hr.acceptable IS NOT NULL OR hc.acceptable IS NOT NULL)";
const NO_FACTS: &str = "CAST(NULL AS VARCHAR) AS candidate_model, \
    CAST(NULL AS DOUBLE) AS candidate_length, CAST(NULL AS VARCHAR) AS reference_model, \
    CAST(NULL AS DOUBLE) AS reference_length";
/// The models, and how many tokens of each reply its reader sees.
const FACTS: &str = "x.model AS candidate_model, CAST(x.length AS DOUBLE) AS candidate_length, \
    e.model AS reference_model, \
    CAST(e.output_tokens - coalesce(e.reasoning_tokens, 0) AS DOUBLE) AS reference_length";
const FACTS_OF_SHADOWS: &str = "model, output_tokens - coalesce(reasoning_tokens, 0) AS length,";
const FACTS_OF_EXCHANGES: &str = "LEFT JOIN exchanges e ON e.exchange_id = x.exchange_id";

/// Which pairs are asked about.
#[derive(Clone, Copy)]
pub(crate) enum Judged {
    /// Those with a label: all that the gate reads.
    Labelled,
    /// All of them, with what else is known of the replies.
    Every,
}

/// The worst disagreements of every cell, as many as are looked at.
pub(crate) fn disagreements(as_of: Timestamp) -> String {
    let text = include_str!("sql/disagreements.sql");
    at(&text.replace("{looked_at_max}", &LOOKED_AT_MAX.to_string()), as_of)
}

/// What was said in these exchanges, whose ids the lake itself gave.
pub(crate) fn disagreement_texts(ids: &[&str]) -> String {
    let ids = ids.iter().map(|id| format!("'{}'", id.replace('\'', "''")));
    let ids = ids.collect::<Vec<_>>().join(", ");
    include_str!("sql/disagreement_texts.sql").replace("{ids}", &ids)
}

/// Two weeks of calls, apart where a length lies between their prompts at which a price rises.
pub(crate) fn week_traffic(week: Week, lengths: &BTreeSet<u64>) -> String {
    let text = include_str!("sql/week_traffic.sql");
    of_week(&text.replace("{steps}", &steps("input_tokens", lengths)), week)
}

/// What two weeks of the trial cost.
pub(crate) fn week_overhead(week: Week) -> String {
    of_week(include_str!("sql/week_overhead.sql"), week)
}

/// A week's failures, in slots of time.
pub(crate) fn week_failures(week: Week) -> String {
    let slot_s = (SLOT_US / SECOND_US).to_string();
    of_week(&include_str!("sql/week_failures.sql").replace("{slot_s}", &slot_s), week)
}

/// The versions of the policy that a week made.
pub(crate) fn week_decisions(week: Week) -> String {
    let text = include_str!("sql/week_decisions.sql");
    of_week(&text.replace("{changes_max}", &POLICIES_MAX.to_string()), week)
}

fn of_week(text: &str, week: Week) -> String {
    let moment = |of: Timestamp| format!("TIMESTAMP '{of}'");
    let text = text.replace("{from}", &moment(week.from));
    at(&text.replace("{before}", &moment(week.before)), week.as_of)
}

/// Whether the books close.
pub(crate) fn accounting(as_of: Timestamp) -> String {
    at(include_str!("sql/accounting.sql"), as_of)
}

/// What never came to the lake.
pub(crate) fn unseen(as_of: Timestamp) -> String {
    at(include_str!("sql/unseen.sql"), as_of)
}

/// What each category's callers sent.
pub(crate) fn traffic(as_of: Timestamp) -> String {
    at(include_str!("sql/traffic.sql"), as_of)
}

/// How long replies took and how they ended.
pub(crate) fn wall_times(as_of: Timestamp) -> String {
    at(include_str!("sql/wall_times.sql"), as_of)
}

/// A query over the common table expressions of several files.
fn with(files: &[&str], select: &str) -> String {
    let files: Vec<&str> = files.iter().map(|file| file.trim_end()).collect();
    format!("WITH\n{}\n{select}\n", files.join(",\n"))
}

fn at(text: &str, as_of: Timestamp) -> String {
    text.replace("{as_of}", &format!("TIMESTAMP '{as_of}'"))
}
