//! What can be typed: the commands and their options, as `contract.md`'s table has them.

use clap::{Args, Parser, Subcommand, ValueEnum};
use proxy::Certificate;
use std::{net::SocketAddr, path::PathBuf};

/// Prove on your own traffic which requests a cheaper model can take, and only then let it.
#[derive(Debug, Parser)]
#[command(name = "foreshadow", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Where the deployment's data is: a folder, or s3://BUCKET/PREFIX for tables and policy
    #[arg(long, global = true, env = "FORESHADOW_DATA", default_value = "foreshadow-data")]
    pub(crate) data: PathBuf,
    /// This process's own folder where --data is a bucket: journal, spool, ledger
    #[arg(
        long,
        global = true,
        env = "FORESHADOW_LOCAL",
        value_name = "DIR",
        default_value = "foreshadow-data"
    )]
    pub(crate) local: PathBuf,
    /// What is evaluated: providers, models, categories, gate
    #[arg(long, global = true, env = "FORESHADOW_PIPELINE", value_name = "FILE")]
    pub(crate) pipeline: Option<PathBuf>,
    /// For people (table, markdown, html) or for machines (json, ndjson, csv, parquet)
    #[arg(long, global = true, env = "FORESHADOW_FORMAT", value_enum)]
    pub(crate) format: Option<Format>,
}

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Markdown,
    Html,
    Csv,
    Ndjson,
    Parquet,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The main job end to end, with simulated providers: no key, no server
    Demo(Demo),
    /// Proxy, workers and console in one process, on the embedded journal
    Up(Up),
    /// The live path alone, of many: the journal is on Kafka
    Proxy(Up),
    /// The other path alone: workers share the partitions of the journal on Kafka
    Worker(Aside),
    /// The admin listener, and what is to be done once for all: upkeep, the watch, golden cases
    Console(Aside),
    /// Validate a pipeline: every mistake at its line, with the remedy
    Check(Check),
    /// What each model takes and costs, by the table that ships and by the pipeline, and from where
    Models,
    /// The kinds of call there are, what they cost, and the code that sends them
    Categories(Categories),
    /// The confidence report
    Report(Report),
    /// What each cell still needs, what tomorrow's money is spent on, and what to promote first
    Plan(Plan),
    /// SQL over the lake, read-only
    Sql(Sql),
    /// Ask the gate, and if it agrees let a candidate serve a category
    Promote(Promote),
    /// Send a category back to its reference
    Demote(Demote),
    /// The policy that rules, its history, and the way back
    Policy(Policy),
    /// Say which replies would do, without knowing whose they are
    Label(Label),
    /// How good the judge is, by what people say of the same replies
    Judge(Judge),
    /// What happened to one exchange, and why
    Explain(Explain),
    /// The pipeline's own cases, put to the reference and every candidate; what changed since the last run
    Golden(Golden),
    /// Stored calls, put to a candidate that was not on trial when they passed
    Replay(Replay),
    /// Stored replies by today's scorers, rubric, bar and prices, without asking candidates again
    Rescore(Rescore),
    /// How the gate behaves where the truth is known: every promise measured, beside wrong rules
    SimulateGate(SimulateGate),
    /// The tables' files, ready-made views, and upkeep
    Lake(LakeArgs),
    /// What of the journal no worker could read
    Journal(JournalArgs),
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The same seed gives the same world and the same report
    #[arg(long, env = "FORESHADOW_SEED", default_value_t = testkit::world::SEED)]
    pub(crate) seed: u64,
    /// How much traffic: conversations for each category and day
    #[arg(long, env = "FORESHADOW_SIZE", default_value_t = testkit::world::SIZE)]
    pub(crate) size: usize,
    /// Stop the worker after this virtual day: the evidence must visibly stop with it
    #[arg(long, value_name = "DAY")]
    pub(crate) kill_worker_after: Option<u32>,
    /// Play on after the promotion: a candidate gets worse, and is demoted by itself
    #[arg(long)]
    pub(crate) turn: bool,
    /// Play recorded answers of real models (gzipped JSON lines) instead of the simulated world
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) recorded: Option<PathBuf>,
    /// The bar of the recorded candidate
    #[arg(long, requires = "recorded", conflicts_with = "margin", hide = true)]
    pub(crate) bar: Option<f64>,
    /// The margin of the recorded candidate, in the paired mode
    #[arg(long, requires = "recorded", hide = true)]
    pub(crate) margin: Option<f64>,
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// The live listener
    #[arg(long, env = "FORESHADOW_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// The admin listener
    #[arg(long, env = "FORESHADOW_ADMIN", default_value = "127.0.0.1:8081")]
    pub(crate) admin: SocketAddr,
    /// Threads of the live path; default: one for each core
    #[arg(long, env = "FORESHADOW_THREADS")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
    /// A certificate for the live listener, PEM, with those that vouch for it: clients then speak TLS
    #[arg(long, env = "FORESHADOW_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, env = "FORESHADOW_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Forward only: observe nothing (to measure what observation costs)
    #[arg(long, env = "FORESHADOW_NO_MIRROR")]
    pub(crate) no_mirror: bool,
}

#[derive(Debug, Args)]
pub(crate) struct JournalArgs {
    #[command(subcommand)]
    pub(crate) command: JournalCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Lists the dead letters, or puts one back to be read again
    Dead(Dead),
}

#[derive(Debug, Args)]
pub(crate) struct Dead {
    /// Puts the record of this letter back into the topic that it came from
    #[arg(long, value_name = "PARTITION:OFFSET")]
    pub(crate) replay: Option<String>,
}

/// A role without a live listener.
#[derive(Debug, Args)]
pub(crate) struct Aside {
    /// The admin listener
    #[arg(long, env = "FORESHADOW_ADMIN", default_value = "127.0.0.1:8081")]
    pub(crate) admin: SocketAddr,
}

impl Up {
    /// What the live listener shows its clients.
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        let (chain, key) = (self.tls_cert.clone()?, self.tls_key.clone()?);
        Some(Certificate { chain, key })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The pipeline; as `--pipeline`
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Categories {
    #[command(subcommand)]
    pub(crate) command: Option<CategoriesCommand>,
    /// Look from an earlier moment
    #[arg(long, env = "FORESHADOW_AS_OF", value_name = "MOMENT")]
    pub(crate) as_of: Option<exchange::Timestamp>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CategoriesCommand {
    /// TOML for the commonest call sites that nothing claims, ready for the pipeline
    Propose,
    /// Give a call site a name: it is written at the end of the pipeline file
    Name {
        /// The call site, as `foreshadow categories` prints it
        site: String,
        /// The category's name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Look from an earlier moment: 2026-11-20 or 2026-11-20T12:00:00Z
    #[arg(long, env = "FORESHADOW_AS_OF", value_name = "MOMENT")]
    pub(crate) as_of: Option<exchange::Timestamp>,
    /// The last seven days beside the seven before: spend, savings, incidents, changes; Markdown, or
    /// with --format json for machines
    #[arg(long)]
    pub(crate) weekly: bool,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Look from an earlier moment: 2026-11-20 or 2026-11-20T12:00:00Z
    #[arg(long, env = "FORESHADOW_AS_OF", value_name = "MOMENT")]
    pub(crate) as_of: Option<exchange::Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Sql {
    /// The query; `SHOW TABLES` lists what there is
    pub(crate) query: String,
    /// Look from an earlier moment
    #[arg(long, env = "FORESHADOW_AS_OF", value_name = "MOMENT")]
    pub(crate) as_of: Option<exchange::Timestamp>,
    /// Give up after so many seconds
    #[arg(long, env = "FORESHADOW_TIMEOUT", default_value_t = 300)]
    pub(crate) timeout: u64,
    /// Memory that the query may take, in MiB
    #[arg(long, env = "FORESHADOW_MEMORY", default_value_t = 2048)]
    pub(crate) memory: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Promote {
    /// The category
    pub(crate) category: String,
    /// Which candidate, where the category has several
    #[arg(long)]
    pub(crate) candidate: Option<String>,
    /// The adjusted confidence that is demanded; default: the category's
    #[arg(long)]
    pub(crate) threshold: Option<f64>,
    /// A part under watch, or all that was approved
    #[arg(long, value_enum, default_value = "live")]
    pub(crate) stage: Stage,
    /// The share of conversations that the candidate serves; default: 1 live, 0.1 as canary
    #[arg(long)]
    pub(crate) share: Option<f64>,
    /// Ask the gate and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Who decides; default: the user's name
    #[arg(long, env = "FORESHADOW_BY", value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Promote against the gate's word, for a reason that stays on record
    #[arg(long, value_name = "REASON")]
    pub(crate) force: Option<String>,
}

/// How far a promotion goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    Canary,
    Live,
}

#[derive(Debug, Args)]
pub(crate) struct Demote {
    /// The category
    pub(crate) category: String,
    /// Who decides; default: the user's name
    #[arg(long, env = "FORESHADOW_BY", value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Why
    #[arg(long)]
    pub(crate) note: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Policy {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// The version that rules
    Show,
    /// Every version and the decision that made it
    History,
    /// Look once at what serves, and demote what the evidence turned against, as `up` keeps doing
    Watch,
    /// An earlier version's routes, as far as that sends no candidate more than now
    Rollback {
        /// The version; default: the one before
        #[arg(id = "to", value_name = "VERSION")]
        version: Option<u64>,
        /// Who decides; default: the user's name
        #[arg(long, env = "FORESHADOW_BY", value_name = "NAME")]
        by: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Label {
    #[command(subcommand)]
    pub(crate) command: Option<LabelCommand>,
    #[command(flatten)]
    pub(crate) choice: LabelChoice,
}

/// Which pairs are labelled, and by whom.
#[derive(Debug, Clone, Args)]
pub(crate) struct LabelChoice {
    /// Pairs of one category alone
    #[arg(long)]
    pub(crate) category: Option<String>,
    /// At most so many pairs, those that are worth most
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
    /// Who labels; default: the user's name
    #[arg(long, env = "FORESHADOW_BY", value_name = "NAME")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LabelCommand {
    /// Write the pairs that wait as a sheet: csv, or with --format json an object a line
    Export {
        #[command(flatten)]
        choice: LabelChoice,
    },
    /// Take the labels of a sheet; one bad line refuses it whole
    Import {
        /// The sheet
        file: PathBuf,
        /// Who labelled; default: the user's name
        #[arg(long, env = "FORESHADOW_BY", value_name = "NAME")]
        by: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Judge {
    #[command(subcommand)]
    pub(crate) command: Option<JudgeCommand>,
    /// Look from an earlier moment
    #[arg(long, env = "FORESHADOW_AS_OF", value_name = "MOMENT")]
    pub(crate) as_of: Option<exchange::Timestamp>,
    /// Measure the verdicts of a file instead: JSON lines, gzipped or not, with `response_1`,
    /// `response_2`, `humans` and `judges`
    #[arg(long, value_name = "FILE", conflicts_with = "as_of")]
    pub(crate) pairs: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JudgeCommand {
    /// Put frozen pairs to the judge again: did the judge move, or the model?
    Anchors(Anchors),
}

#[derive(Debug, Args)]
pub(crate) struct Anchors {
    /// Only the pairs of this category
    #[arg(long)]
    pub(crate) category: Option<String>,
    /// Ask nobody: what the last look found
    #[arg(long)]
    pub(crate) last: bool,
    /// Freeze new pairs, to be compared with from now on
    #[arg(long, conflicts_with = "last")]
    pub(crate) freeze: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The exchange: the value of `x-foreshadow-exchange`, or of the tables' `exchange_id`
    pub(crate) exchange: exchange::ExchangeId,
}

#[derive(Debug, Args)]
pub(crate) struct Golden {
    /// Only the cases of this category
    #[arg(long)]
    pub(crate) category: Option<String>,
    /// Ask nobody: what the last run found
    #[arg(long)]
    pub(crate) last: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The candidate: a model of the pipeline, among the `candidates` of the categories meant
    pub(crate) candidate: String,
    /// Only calls of this category
    #[arg(long)]
    pub(crate) category: Option<String>,
    /// Only calls of this day and later: 2026-11-01
    #[arg(long, value_name = "DAY")]
    pub(crate) since: Option<exchange::Timestamp>,
    /// At most so many calls of each category, drawn by chance
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) calls: u64,
    /// Stop before this run is expected to have cost so many dollars
    #[arg(long)]
    pub(crate) usd: Option<f64>,
    /// Say how many calls and dollars it would take, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Rescore {
    /// Only this category
    #[arg(long)]
    pub(crate) category: Option<String>,
    /// Only this candidate
    #[arg(long)]
    pub(crate) candidate: Option<String>,
    /// Say how many replies, judge calls and dollars it would take, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateGate {
    /// The same seed gives the same figures
    #[arg(long, env = "FORESHADOW_SEED", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Minutes instead of seconds, for figures as exact as the design's
    #[arg(long)]
    pub(crate) full: bool,
    /// Play one trial instead of all
    #[arg(long, value_name = "NAME")]
    pub(crate) trial: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct LakeArgs {
    #[command(subcommand)]
    pub(crate) command: LakeCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LakeCommand {
    /// The live Parquet files of a table, one path a line
    Files {
        /// The table
        table: String,
    },
    /// CREATE VIEW statements for DuckDB over the live files
    Views,
    /// Merge small files of closed days, and delete what was merged away
    Compact,
    /// Delete days before a date
    Expire {
        /// The first day to keep: 2026-11-01
        before: String,
        /// Hours that deleted files stay readable for queries that began earlier; the hourly sweep of a
        /// process that runs leaves them about one
        #[arg(long, default_value_t = 1)]
        grace_hours: u64,
    },
}
