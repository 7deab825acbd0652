//! What was written: the sections as they stand in the file, each value with its place, nothing
//! yet held against anything else. `FIELDS` of a section is what it may hold; the schema for
//! editors is tested against it.

pub(crate) mod anchors;
pub(crate) mod golden;
pub(crate) mod journal;
pub(crate) mod price;
pub(crate) mod s3;

use crate::{
    mistake::{Notes, Span},
    section::{Section, Written},
};
use anchors::RawAnchors;
use golden::{RawGolden, RawGoldenCase};
use journal::RawJournal;
use price::{RawLongPrompt, RawPrice};
use s3::RawS3;
use serde_spanned::Spanned;
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

type Value<'t> = &'t Spanned<DeValue<'t>>;
type Texts = Option<Spanned<Vec<Spanned<String>>>>;

/// The sections of a pipeline and their fields: what the file may hold, and nothing else.
#[must_use]
pub fn sections() -> [(&'static str, &'static [&'static str]); 21] {
    [
        ("", ROOT_FIELDS),
        ("pipeline", NAME_FIELDS),
        ("provider", RawProvider::FIELDS),
        ("model", RawModel::FIELDS),
        ("price", RawPrice::FIELDS),
        ("long_prompt", RawLongPrompt::FIELDS),
        ("judge", RawJudge::FIELDS),
        ("anchors", RawAnchors::FIELDS),
        ("budget", RawBudget::FIELDS),
        ("mirror", RawMirror::FIELDS),
        ("redact", RawRedaction::FIELDS),
        ("journal", RawJournal::FIELDS),
        ("s3", RawS3::FIELDS),
        ("sampling", RawSampling::FIELDS),
        ("gate", RawGate::FIELDS),
        ("category", RawCategory::FIELDS),
        ("call_site", RawCallSite::FIELDS),
        ("when", RawWhen::FIELDS),
        ("prompt_tokens", RawTokenRange::FIELDS),
        ("golden", RawGolden::FIELDS),
        ("golden_case", RawGoldenCase::FIELDS),
    ]
}

const ROOT_FIELDS: &[&str] = &[
    "pipeline",
    "provider",
    "model",
    "judge",
    "budget",
    "mirror",
    "journal",
    "s3",
    "sampling",
    "gate",
    "category",
    "call_site",
    "golden",
];
const NAME_FIELDS: &[&str] = &["name"];

/// The whole file.
pub(crate) struct RawPipeline<'t> {
    pub(crate) written: Written,
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) providers: Vec<RawProvider>,
    pub(crate) models: Vec<RawModel>,
    pub(crate) judge: Option<RawJudge>,
    pub(crate) budget: Option<RawBudget>,
    pub(crate) mirror: Option<RawMirror>,
    pub(crate) journal: Option<RawJournal>,
    pub(crate) s3: Option<RawS3>,
    pub(crate) sampling: Option<RawSampling>,
    pub(crate) gate: Option<RawGate>,
    pub(crate) categories: Vec<RawCategory<'t>>,
    pub(crate) call_sites: Vec<RawCallSite>,
    pub(crate) golden: Option<RawGolden>,
}

impl<'t> RawPipeline<'t> {
    pub(crate) fn read(notes: &mut Notes<'_>, table: &'t Spanned<DeTable<'t>>) -> Self {
        let root = Section::root(notes, table, ROOT_FIELDS);
        Self {
            written: root.written(),
            name: read_name(notes, &root),
            providers: all(notes, &root, "provider", RawProvider::read),
            models: all(notes, &root, "model", RawModel::read),
            judge: one(notes, &root, "judge", RawJudge::read),
            budget: one(notes, &root, "budget", RawBudget::read),
            mirror: one(notes, &root, "mirror", RawMirror::read),
            journal: one(notes, &root, "journal", RawJournal::read),
            s3: one(notes, &root, "s3", RawS3::read),
            sampling: one(notes, &root, "sampling", RawSampling::read),
            gate: one(notes, &root, "gate", RawGate::read),
            categories: all(notes, &root, "category", RawCategory::read),
            call_sites: all(notes, &root, "call_site", RawCallSite::read),
            golden: one(notes, &root, "golden", RawGolden::read),
        }
    }
}

fn read_name(notes: &mut Notes<'_>, root: &Section<'_>) -> Option<Spanned<String>> {
    let Some(value) = root.value("pipeline") else {
        notes.error(0..0, "the pipeline has no name", "begin with [pipeline] and name = \"…\"");
        return None;
    };
    Section::open(notes, "[pipeline]", value, NAME_FIELDS)?.required_text(notes, "name")
}

fn one<'t, T>(
    notes: &mut Notes<'_>,
    section: &Section<'t>,
    field: &str,
    read: fn(&mut Notes<'_>, Value<'t>) -> Option<T>,
) -> Option<T> {
    read(notes, section.value(field)?)
}

pub(crate) fn all<'t, T>(
    notes: &mut Notes<'_>,
    section: &Section<'t>,
    field: &str,
    read: fn(&mut Notes<'_>, Value<'t>) -> Option<T>,
) -> Vec<T> {
    let items = section.items(notes, field);
    items.into_iter().filter_map(|item| read(notes, item)).collect()
}

/// `[[provider]]`
pub(crate) struct RawProvider {
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) dialect: Option<Spanned<String>>,
    pub(crate) base_url: Option<Spanned<String>>,
    pub(crate) key_env: Option<Spanned<String>>,
    pub(crate) shadow_key_env: Option<Spanned<String>>,
    pub(crate) key_header: Option<Spanned<String>>,
    pub(crate) responses: Option<Spanned<bool>>,
    pub(crate) allowed: Option<Spanned<bool>>,
    pub(crate) http2: Option<Spanned<bool>>,
    pub(crate) ca_file: Option<Spanned<String>>,
    pub(crate) proxy: Option<Spanned<String>>,
}

impl RawProvider {
    const FIELDS: &'static [&'static str] = &[
        "name",
        "dialect",
        "base_url",
        "key_env",
        "shadow_key_env",
        "key_header",
        "responses",
        "allowed",
        "http2",
        "ca_file",
        "proxy",
    ];

    fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "the provider", value, Self::FIELDS)?;
        Some(Self {
            name: section.required_text(notes, "name"),
            dialect: section.text(notes, "dialect"),
            base_url: section.required_text(notes, "base_url"),
            key_env: section.text(notes, "key_env"),
            shadow_key_env: section.text(notes, "shadow_key_env"),
            key_header: section.text(notes, "key_header"),
            responses: section.boolean(notes, "responses"),
            allowed: section.boolean(notes, "allowed"),
            http2: section.boolean(notes, "http2"),
            ca_file: section.text(notes, "ca_file"),
            proxy: section.text(notes, "proxy"),
        })
    }
}

/// `[[model]]`
pub(crate) struct RawModel {
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) provider: Option<Spanned<String>>,
    pub(crate) family: Option<Spanned<String>>,
    pub(crate) price: Vec<RawPrice>,
    pub(crate) dollars_per_hour: Option<Spanned<f64>>,
    pub(crate) context_tokens: Option<Spanned<u64>>,
    pub(crate) output_tokens: Option<Spanned<u64>>,
    pub(crate) refuses: Texts,
    pub(crate) input: Texts,
    pub(crate) structured_output: Option<Spanned<String>>,
}

impl RawModel {
    const FIELDS: &'static [&'static str] = &[
        "name",
        "provider",
        "family",
        "price",
        "dollars_per_hour",
        "context_tokens",
        "output_tokens",
        "refuses",
        "input",
        "structured_output",
    ];

    fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "the model", value, Self::FIELDS)?;
        Some(Self {
            name: section.required_text(notes, "name"),
            provider: section.required_text(notes, "provider"),
            family: section.text(notes, "family"),
            price: all(notes, &section, "price", RawPrice::read),
            dollars_per_hour: section.number(notes, "dollars_per_hour"),
            context_tokens: section.count(notes, "context_tokens"),
            output_tokens: section.count(notes, "output_tokens"),
            refuses: section.texts(notes, "refuses"),
            input: section.texts(notes, "input"),
            structured_output: section.text(notes, "structured_output"),
        })
    }
}

/// `[judge]`
pub(crate) struct RawJudge {
    pub(crate) span: Span,
    pub(crate) written: Written,
    pub(crate) model: Option<Spanned<String>>,
    pub(crate) rubric: Option<Spanned<String>>,
    pub(crate) rubric_file: Option<Spanned<String>>,
    pub(crate) repeats: Option<Spanned<u64>>,
    pub(crate) panel: Texts,
    pub(crate) form: Option<Spanned<String>>,
    pub(crate) same_family: Option<Spanned<bool>>,
    pub(crate) youden_min: Option<Spanned<f64>>,
    pub(crate) assumed_youden: Option<Spanned<f64>>,
    pub(crate) anchors: Option<RawAnchors>,
}

impl RawJudge {
    const FIELDS: &'static [&'static str] = &[
        "model",
        "panel",
        "rubric",
        "rubric_file",
        "repeats",
        "form",
        "same_family",
        "youden_min",
        "assumed_youden",
        "anchors",
    ];

    fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "[judge]", value, Self::FIELDS)?;
        Some(Self {
            span: section.span(),
            written: section.written(),
            model: section.required_text(notes, "model"),
            rubric: section.text(notes, "rubric"),
            rubric_file: section.text(notes, "rubric_file"),
            repeats: section.count(notes, "repeats"),
            panel: section.texts(notes, "panel"),
            form: section.text(notes, "form"),
            same_family: section.boolean(notes, "same_family"),
            youden_min: section.number(notes, "youden_min"),
            assumed_youden: section.number(notes, "assumed_youden"),
            anchors: one(notes, &section, "anchors", RawAnchors::read),
        })
    }
}

/// `[budget]`
pub(crate) struct RawBudget {
    pub(crate) span: Span,
    pub(crate) written: Written,
    pub(crate) per_day_usd: Option<Spanned<f64>>,
    pub(crate) candidate_per_day_usd: Option<Spanned<f64>>,
    pub(crate) control_per_day_usd: Option<Spanned<f64>>,
    pub(crate) judge_per_day_usd: Option<Spanned<f64>>,
}

impl RawBudget {
    const FIELDS: &'static [&'static str] =
        &["per_day_usd", "candidate_per_day_usd", "control_per_day_usd", "judge_per_day_usd"];

    fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "[budget]", value, Self::FIELDS)?;
        Some(Self {
            span: section.span(),
            written: section.written(),
            per_day_usd: section.number(notes, "per_day_usd"),
            candidate_per_day_usd: section.number(notes, "candidate_per_day_usd"),
            control_per_day_usd: section.number(notes, "control_per_day_usd"),
            judge_per_day_usd: section.number(notes, "judge_per_day_usd"),
        })
    }
}

/// `[mirror]`
pub(crate) struct RawMirror {
    pub(crate) body_bytes_max: Option<Spanned<u64>>,
    pub(crate) redact: Vec<RawRedaction>,
}

impl RawMirror {
    const FIELDS: &'static [&'static str] = &["body_bytes_max", "redact"];

    fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "[mirror]", value, Self::FIELDS)?;
        Some(Self {
            body_bytes_max: section.count(notes, "body_bytes_max"),
            redact: all(notes, &section, "redact", RawRedaction::read),
        })
    }
}

/// One thing to be taken out before the journal.
pub(crate) struct RawRedaction {
    pub(crate) pattern: Option<Spanned<String>>,
    pub(crate) with: Option<Spanned<String>>,
}

impl RawRedaction {
    const FIELDS: &'static [&'static str] = &["pattern", "with"];

    fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "the redaction", value, Self::FIELDS)?;
        Some(Self {
            pattern: section.required_text(notes, "pattern"),
            with: section.text(notes, "with"),
        })
    }
}

/// `[sampling]`, or a category's own.
pub(crate) struct RawSampling {
    pub(crate) audit: Option<Spanned<f64>>,
    pub(crate) conversations: Option<Spanned<f64>>,
    pub(crate) calls: Option<Spanned<f64>>,
}

impl RawSampling {
    const FIELDS: &'static [&'static str] = &["conversations", "calls", "audit"];

    fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "`sampling`", value, Self::FIELDS)?;
        Some(Self {
            audit: section.number(notes, "audit"),
            conversations: section.number(notes, "conversations"),
            calls: section.number(notes, "calls"),
        })
    }
}

/// `[gate]`, or a category's own.
pub(crate) struct RawGate {
    pub(crate) threshold: Option<Spanned<f64>>,
    pub(crate) observation_days: Option<Spanned<u64>>,
    pub(crate) units_min: Option<Spanned<u64>>,
    pub(crate) blind_spot_max: Option<Spanned<f64>>,
    pub(crate) lost_max: Option<Spanned<f64>>,
    pub(crate) top_user_max: Option<Spanned<f64>>,
    pub(crate) lossy_translation: Option<Spanned<String>>,
}

impl RawGate {
    const FIELDS: &'static [&'static str] = &[
        "threshold",
        "observation_days",
        "units_min",
        "blind_spot_max",
        "lost_max",
        "top_user_max",
        "lossy_translation",
    ];

    fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "`gate`", value, Self::FIELDS)?;
        Some(Self {
            threshold: section.number(notes, "threshold"),
            observation_days: section.count(notes, "observation_days"),
            units_min: section.count(notes, "units_min"),
            blind_spot_max: section.number(notes, "blind_spot_max"),
            lost_max: section.number(notes, "lost_max"),
            top_user_max: section.number(notes, "top_user_max"),
            lossy_translation: section.text(notes, "lossy_translation"),
        })
    }
}

/// `[[category]]`
pub(crate) struct RawCategory<'t> {
    pub(crate) span: Span,
    pub(crate) written: Written,
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) when: Option<RawWhen>,
    pub(crate) mode: Option<Spanned<String>>,
    pub(crate) risk: Option<Spanned<String>>,
    pub(crate) bar: Option<Spanned<f64>>,
    pub(crate) margin: Option<Spanned<f64>>,
    pub(crate) candidates: Texts,
    pub(crate) control: Option<Spanned<bool>>,
    pub(crate) allowed_providers: Texts,
    pub(crate) scorers: Vec<Value<'t>>,
    pub(crate) verdict: Option<Spanned<String>>,
    pub(crate) judge: Option<Spanned<bool>>,
    pub(crate) sampling: Option<RawSampling>,
    pub(crate) gate: Option<RawGate>,
    pub(crate) on_block: Option<Spanned<String>>,
    pub(crate) on_store: Option<Spanned<String>>,
}

impl<'t> RawCategory<'t> {
    const FIELDS: &'static [&'static str] = &[
        "name",
        "when",
        "mode",
        "risk",
        "bar",
        "margin",
        "candidates",
        "control",
        "allowed_providers",
        "scorers",
        "verdict",
        "judge",
        "sampling",
        "gate",
        "on_block",
        "on_store",
    ];

    fn read(notes: &mut Notes<'_>, value: Value<'t>) -> Option<Self> {
        let section = Section::open(notes, "the category", value, Self::FIELDS)?;
        Some(Self {
            span: section.span(),
            written: section.written(),
            name: section.required_text(notes, "name"),
            when: one(notes, &section, "when", RawWhen::read),
            mode: section.text(notes, "mode"),
            risk: section.text(notes, "risk"),
            bar: section.number(notes, "bar"),
            margin: section.number(notes, "margin"),
            candidates: section.texts(notes, "candidates"),
            control: section.boolean(notes, "control"),
            allowed_providers: section.texts(notes, "allowed_providers"),
            scorers: section.items(notes, "scorers"),
            verdict: section.text(notes, "verdict"),
            judge: section.boolean(notes, "judge"),
            sampling: one(notes, &section, "sampling", RawSampling::read),
            gate: one(notes, &section, "gate", RawGate::read),
            on_block: section.text(notes, "on_block"),
            on_store: section.text(notes, "on_store"),
        })
    }
}

/// `[[call_site]]`
pub(crate) struct RawCallSite {
    pub(crate) site: Option<Spanned<String>>,
    pub(crate) name: Option<Spanned<String>>,
}

impl RawCallSite {
    const FIELDS: &'static [&'static str] = &["site", "name"];

    fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "the call site", value, Self::FIELDS)?;
        Some(Self {
            site: section.required_text(notes, "site"),
            name: section.required_text(notes, "name"),
        })
    }
}

/// A category's `when`.
pub(crate) struct RawWhen {
    pub(crate) header: BTreeMap<String, String>,
    pub(crate) provider: Option<Spanned<String>>,
    pub(crate) path: Option<Spanned<String>>,
    pub(crate) model: Option<Spanned<String>>,
    pub(crate) system: Option<Spanned<String>>,
    pub(crate) tools: Texts,
    pub(crate) response_format: Option<Spanned<String>>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) prompt_tokens: Option<RawTokenRange>,
    pub(crate) tenant: Option<Spanned<String>>,
    pub(crate) priority: Option<Spanned<String>>,
}

impl RawWhen {
    const FIELDS: &'static [&'static str] = &[
        "header",
        "provider",
        "path",
        "model",
        "system",
        "tools",
        "response_format",
        "metadata",
        "prompt_tokens",
        "tenant",
        "priority",
    ];

    fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "`when`", value, Self::FIELDS)?;
        Some(Self {
            header: section.texts_by_name(notes, "header"),
            provider: section.text(notes, "provider"),
            path: section.text(notes, "path"),
            model: section.text(notes, "model"),
            system: section.text(notes, "system"),
            tools: section.texts(notes, "tools"),
            response_format: section.text(notes, "response_format"),
            metadata: section.texts_by_name(notes, "metadata"),
            prompt_tokens: one(notes, &section, "prompt_tokens", RawTokenRange::read),
            tenant: section.text(notes, "tenant"),
            priority: section.text(notes, "priority"),
        })
    }
}

/// How long a prompt may be.
pub(crate) struct RawTokenRange {
    pub(crate) span: Span,
    pub(crate) min: Option<Spanned<u64>>,
    pub(crate) max: Option<Spanned<u64>>,
}

impl RawTokenRange {
    const FIELDS: &'static [&'static str] = &["min", "max"];

    fn read(notes: &mut Notes<'_>, value: Value<'_>) -> Option<Self> {
        let section = Section::open(notes, "`prompt_tokens`", value, Self::FIELDS)?;
        Some(Self {
            span: section.span(),
            min: section.count(notes, "min"),
            max: section.count(notes, "max"),
        })
    }
}
