//! `[journal]`

use super::{ReadFile, names, provider, secret::source, settings::limit};
use crate::{
    KafkaJournal, Mechanism, Mirror, Password, mistake::Notes, raw::journal::RawJournal,
    suggest::did_you_mean,
};
use serde_spanned::Spanned;
use std::ops::RangeInclusive;

const PREFIX_DEFAULT: &str = "foreshadow";
const PARTITIONS_DEFAULT: u16 = 12;
const RETENTION_DAYS_DEFAULT: u16 = 7;
const SESSION_SECONDS_DEFAULT: u16 = 30;
/// Two bodies of the usual limit and what an exchange has besides.
const RECORD_BYTES_DEFAULT: u32 = 17 << 20;
const SPOOL_BYTES_DEFAULT: u64 = 8 << 30;

const PARTITIONS: RangeInclusive<u64> = 1..=1_024;
const REPLICATIONS: RangeInclusive<u64> = 1..=16;
const RETENTION_DAYS: RangeInclusive<u64> = 1..=3_650;
/// What brokers let a member choose, unless they are told otherwise.
const SESSION_SECONDS: RangeInclusive<u64> = 6..=1_800;
/// A journal takes no longer record.
const RECORD_BYTES: RangeInclusive<u64> = 65_536..=(64 << 20);
const SPOOL_BYTES: RangeInclusive<u64> = (256 << 20)..=(1 << 44);

/// The longest record of a spool, without its frame: what is longer than the brokers take lies outside.
const EXCHANGE_BYTES_MAX: u64 = (64 << 20) - (64 << 10);
/// Room for what an exchange has besides its bodies.
const HEADER_BYTES: u64 = 1 << 20;

const BROKERS_MAX: usize = 64;

/// The journal on Kafka; `None` where it is embedded.
pub(super) fn journal(
    notes: &mut Notes<'_>,
    raw: Option<&RawJournal>,
    mirror: &Mirror,
    read_file: &ReadFile<'_>,
) -> Option<KafkaJournal> {
    let raw = raw?;
    if let Some(prefix) = &raw.prefix {
        names::check(notes, "topic", prefix, &[]);
    }
    let is_encrypted = raw.tls.as_ref().is_some_and(|tls| *tls.get_ref());
    let ca_pem =
        raw.ca_file.as_ref().and_then(|file| provider::authorities(notes, file, read_file));
    if let Some(file) = raw.ca_file.as_ref().filter(|_| !is_encrypted) {
        let what = "`ca_file` says whom to trust, and `tls` is not on";
        notes.error(file.span(), what, "write tls = true, or leave `ca_file` out");
    }
    let mut number = |field, written: &Option<Spanned<u64>>, range| {
        bounded(notes, field, written.as_ref(), range)
    };
    let partitions = number("partitions", &raw.partitions, PARTITIONS);
    let replication = number("replication", &raw.replication, REPLICATIONS);
    let retention_days = number("retention_days", &raw.retention_days, RETENTION_DAYS);
    let session_seconds = number("session_seconds", &raw.session_seconds, SESSION_SECONDS);
    let record_bytes_max = number("record_bytes_max", &raw.record_bytes_max, RECORD_BYTES);
    let spool_bytes_max = number("spool_bytes_max", &raw.spool_bytes_max, SPOOL_BYTES);
    let record_bytes_max = record_bytes_max
        .and_then(|bytes| u32::try_from(bytes).ok())
        .unwrap_or(RECORD_BYTES_DEFAULT);
    check_bodies(notes, raw, mirror);
    Some(KafkaJournal {
        brokers: brokers(notes, raw),
        prefix: raw.prefix.as_ref().map_or(PREFIX_DEFAULT, |prefix| prefix.get_ref()).to_owned(),
        tls: is_encrypted,
        ca_pem,
        password: password(notes, raw, is_encrypted),
        partitions: small(partitions).unwrap_or(PARTITIONS_DEFAULT),
        replication: small(replication),
        retention_days: small(retention_days).unwrap_or(RETENTION_DAYS_DEFAULT),
        session_seconds: small(session_seconds).unwrap_or(SESSION_SECONDS_DEFAULT),
        record_bytes_max,
        spool_bytes_max: spool_bytes_max.unwrap_or(SPOOL_BYTES_DEFAULT),
    })
}

fn brokers(notes: &mut Notes<'_>, raw: &RawJournal) -> Vec<String> {
    let Some(list) = &raw.brokers else { return Vec::new() };
    if !(1..=BROKERS_MAX).contains(&list.get_ref().len()) {
        let what = format!("`brokers` names {}", list.get_ref().len());
        let remedy = format!("name 1 to {BROKERS_MAX} to begin with: they tell of the others");
        notes.error(list.span(), what, remedy);
    }
    for broker in list.get_ref() {
        let host_and_port = broker.get_ref().rsplit_once(':');
        let fits = |c: char| !c.is_whitespace() && !"/@,?#".contains(c);
        let is_address = host_and_port.is_some_and(|(host, port)| {
            !host.is_empty() && host.chars().all(fits) && port.parse::<u16>().is_ok()
        });
        if !is_address {
            // The value is not repeated: what stands there may be a password.
            let what = "a broker is not a host with a port";
            notes.error(broker.span(), what, "write it like kafka-1.internal:9092");
        }
    }
    list.get_ref().iter().map(|broker| broker.get_ref().clone()).collect()
}

fn password(notes: &mut Notes<'_>, raw: &RawJournal, is_encrypted: bool) -> Option<Password> {
    let places = [
        ("password_env", raw.password_env.as_ref()),
        ("password_file", raw.password_file.as_ref()),
    ];
    let Some(sasl) = &raw.sasl else {
        let unused =
            [&raw.user, &raw.password_env, &raw.password_file].into_iter().flatten().next();
        if let Some(unused) = unused {
            let what = "a user or a password is named, and no way to prove it";
            notes.error(unused.span(), what, "write sasl = \"scram-sha-256\", or leave it out");
        }
        return None;
    };
    let names = Mechanism::ALL.map(Mechanism::name);
    let mechanism = Mechanism::ALL.into_iter().find(|it| it.name() == sasl.get_ref());
    if mechanism.is_none() {
        let what = format!("there is no `sasl` called `{}`", sasl.get_ref());
        notes.error(sasl.span(), what, did_you_mean(sasl.get_ref(), &names));
    }
    if mechanism == Some(Mechanism::Plain) && !is_encrypted {
        let what = "the password is sent as it is, over a way that anybody on it can read";
        notes.warning(sasl.span(), what, "write tls = true, or sasl = \"scram-sha-256\"");
    }
    let user = raw.user.as_ref().map(|user| user.get_ref().clone()).unwrap_or_default();
    if user.is_empty() {
        notes.error(sasl.span(), "`sasl` has no `user`", "write user = \"…\"");
    }
    let source = source(notes, "the password", places);
    if source.is_none() {
        let what = "`sasl` has no password";
        let remedy =
            "name the variable that holds it in `password_env`, or a file in `password_file`";
        notes.error(sasl.span(), what, remedy);
    }
    Some(Password { mechanism: mechanism?, user, source: source? })
}

/// An exchange with two bodies as long as they may be has to pass in one piece, in a record or beside it.
fn check_bodies(notes: &mut Notes<'_>, raw: &RawJournal, mirror: &Mirror) {
    let fits = (EXCHANGE_BYTES_MAX - HEADER_BYTES) / 2;
    if mirror.body_bytes_max > fits {
        let what = format!(
            "two bodies of {} bytes are more than passes through a journal in one piece",
            mirror.body_bytes_max
        );
        let remedy = format!("write [mirror] body_bytes_max = {fits} or less");
        notes.error(raw.span.clone(), what, remedy);
    }
}

fn bounded(
    notes: &mut Notes<'_>,
    field: &str,
    raw: Option<&Spanned<u64>>,
    range: RangeInclusive<u64>,
) -> Option<u64> {
    limit(notes, field, raw, range.clone()).filter(|number| range.contains(number))
}

fn small(number: Option<u64>) -> Option<u16> {
    number.and_then(|number| u16::try_from(number).ok())
}
