//! A person at work: pair after pair, until there are no more or they have enough.
//!
//! The last few answers wait in memory, so that they can be undone; the first label of a reply is the
//! one that counts, and what is in the lake stays. They are written when more come, when the person
//! quits, and when the terminal or the system says stop.

use super::{
    given::{Given, NOTE_BYTES_MAX, record, said},
    queue::{self, TEXTS_MAX, Texts},
    screen::{HELP, Pages},
};
use crate::{
    cli::{Format, Global, LabelChoice},
    clock::WallClock,
    commands::check,
    outcome::{Outcome, print},
    warehouse::look,
    who,
};
use anyhow::{Result, bail};
use exchange::{Clock, Timestamp};
use lake::Lake;
use policy::label::Unlabelled;
use report::{Limits, Warehouse};
use serde_json::json;
use std::{
    collections::VecDeque,
    io::{BufRead, Read},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};
use tokio_util::task::TaskTracker;

/// Answers that can be undone.
const UNDO_MAX: usize = 10;
/// A line that somebody types is not longer than this.
const LINE_BYTES_MAX: u64 = 8 << 10;

/// What was typed.
#[derive(Debug, PartialEq)]
enum Typed {
    Answer([Option<bool>; 2], Option<String>),
    More,
    Skip,
    Undo,
    Help,
    Quit,
    Wrong(String),
}

pub(super) async fn run(global: &Global, choice: &LabelChoice) -> Result<Outcome> {
    let form = match global.format {
        None | Some(Format::Table) => Form::People,
        Some(Format::Json | Format::Ndjson) => Form::Lines,
        Some(Format::Csv | Format::Markdown | Format::Html | Format::Parquet) => bail!(
            "`label` speaks to people, or with --format json in lines of JSON; for a sheet use \
             `foreshadow label export`"
        ),
    };
    let place = match check::place(global)? {
        Ok(place) => place,
        Err(outcome) => return Ok(outcome),
    };
    let look = look(&place, WallClock.now(), Limits::default()).await?;
    let pairs = queue::waiting(&look.warehouse, choice).await?;
    let mut desk = Desk {
        lake: place.lake(),
        labeller: who::name(choice.by.as_deref()),
        form,
        given: VecDeque::new(),
        written: 0,
        last_at: Timestamp(i64::MIN),
    };
    let worked = desk.work(&look.warehouse, &pairs).await;
    // Whatever ended it: what was said is kept.
    desk.write(0).await?;
    worked?;
    desk.say(&format!("{} pairs labelled\n", desk.written));
    Ok(Outcome::Done)
}

/// How it is spoken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    People,
    Lines,
}

struct Desk {
    lake: Lake,
    labeller: String,
    form: Form,
    /// Not written yet, with the place of each in the queue.
    given: VecDeque<(usize, Given)>,
    written: usize,
    last_at: Timestamp,
}

impl Desk {
    async fn work(&mut self, warehouse: &Warehouse, pairs: &[Unlabelled]) -> Result<()> {
        let mut typed = typed()?;
        let (mut at, mut read_from, mut read) = (0, 0, Vec::new());
        if pairs.is_empty() {
            self.say("no pair of replies waits for a label\n");
        }
        while let Some(pair) = pairs.get(at) {
            if !(read_from..read_from + read.len()).contains(&at) {
                let end = (at + TEXTS_MAX).min(pairs.len());
                read = queue::texts(warehouse, &pairs[at..end]).await?;
                read_from = at;
            }
            let Some(texts) = &read[at - read_from] else {
                self.say(&format!("{}: its texts are not stored any more\n", pair.name()));
                at += 1;
                continue;
            };
            let mut pages = self.show(pair, texts, (at, pairs.len()));
            let next = loop {
                match typed.recv().await.unwrap_or(Typed::Quit) {
                    Typed::More => self.say(&pages.next()),
                    Typed::Help => self.say(HELP),
                    Typed::Wrong(why) => self.say(&format!("{why}\n{HELP}")),
                    Typed::Skip => break at + 1,
                    Typed::Quit => return Ok(()),
                    Typed::Undo => match self.given.pop_back() {
                        Some((before, _)) => break before,
                        None => self.say("nothing is left to undo\n"),
                    },
                    Typed::Answer(acceptable, note) => {
                        self.take(
                            at,
                            Given { pair: pair.clone(), acceptable, note, at: self.now() },
                        )
                        .await?;
                        break at + 1;
                    }
                }
                self.ask(&pages);
            };
            at = next;
        }
        Ok(())
    }

    /// No two labels of one person are of the same moment, so that the first is the first.
    fn now(&self) -> Timestamp {
        WallClock.now().max(self.last_at.plus(1))
    }

    async fn take(&mut self, at: usize, given: Given) -> Result<()> {
        self.last_at = given.at;
        self.given.push_back((at, given));
        self.write(UNDO_MAX).await
    }

    /// Writes all but the last `kept`, a few at once.
    async fn write(&mut self, kept: usize) -> Result<()> {
        if kept > 0 && self.given.len() < kept * 2 {
            return Ok(());
        }
        let ripe = self.given.len().saturating_sub(kept);
        let ripe: Vec<Given> = self.given.iter().take(ripe).map(|(_, it)| it.clone()).collect();
        record(&self.lake, &self.labeller, &ripe).await?;
        self.given.drain(..ripe.len());
        self.written += ripe.len();
        Ok(())
    }

    fn show(&self, pair: &Unlabelled, texts: &Texts, (at, of): (usize, usize)) -> Pages {
        let mut pages = Pages::of(pair, &texts.plain(), &format!("{} of {of}", at + 1));
        match self.form {
            Form::People => {
                self.say(&pages.next());
                self.ask(&pages);
            }
            Form::Lines => {
                let [a, b] = &texts.replies;
                let line = json!({
                    "pair": pair.name(),
                    "category": pair.category,
                    "drawn": pair.audit_prob.is_some(),
                    "call": texts.call,
                    "a": a,
                    "b": b,
                    "left": of - at - 1,
                });
                print(&format!("{line}\n"));
            }
        }
        pages
    }

    fn ask(&self, pages: &Pages) {
        if self.form == Form::People {
            let more = match pages.left() {
                0 => String::new(),
                left => format!("[{left} more lines: m] "),
            };
            print(&format!("{more}would A do, would B? [yy yn ny nn · s u m h q] "));
        }
    }

    fn say(&self, text: &str) {
        match self.form {
            Form::People => print(text),
            Form::Lines => print(&format!("{}\n", json!({ "said": text.trim_end() }))),
        }
    }
}

/// What is typed, line by line, from a thread of its own; the words of terminal and system to stop
/// count as quitting.
fn typed() -> Result<mpsc::Receiver<Typed>> {
    let (tell, hear) = mpsc::channel(1);
    let tasks = TaskTracker::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let (mut word, tell) = (signal(kind)?, tell.clone());
        tasks.spawn(async move {
            if word.recv().await.is_some() {
                // Nobody listens any more: then it has ended already.
                let _ = tell.send(Typed::Quit).await;
            }
        });
    }
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        loop {
            let line = line(&mut input);
            let is_last = line == Typed::Quit;
            if tell.blocking_send(line).is_err() || is_last {
                break;
            }
        }
    });
    Ok(hear)
}

/// The next line; the end of the input is quitting, and so is what cannot be read.
fn line(input: &mut impl BufRead) -> Typed {
    let mut bytes = Vec::new();
    match input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes) {
        Ok(0) | Err(_) => return Typed::Quit,
        Ok(_) => {}
    }
    if !bytes.ends_with(b"\n") && bytes.len() as u64 == LINE_BYTES_MAX {
        // The rest of an endless line is passed over, piece by piece.
        while !bytes.ends_with(b"\n") {
            bytes.clear();
            match input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes) {
                Ok(0) | Err(_) => return Typed::Quit,
                Ok(_) => {}
            }
        }
        return Typed::Wrong(format!("a line is at most {LINE_BYTES_MAX} bytes long"));
    }
    read(String::from_utf8_lossy(&bytes).trim())
}

fn read(line: &str) -> Typed {
    let (word, note) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match word {
        "m" | "more" => return Typed::More,
        "s" | "skip" => return Typed::Skip,
        "u" | "undo" => return Typed::Undo,
        "h" | "help" | "" => return Typed::Help,
        "q" | "quit" => return Typed::Quit,
        _ => {}
    }
    let letters: Vec<char> = word.chars().collect();
    let words = match letters[..] {
        [a, b] => said(a).zip(said(b)),
        _ => None,
    };
    let Some((a, b)) = words else {
        return Typed::Wrong(format!("`{}` is no answer", crate::plain::one_line(word)));
    };
    if note.len() > NOTE_BYTES_MAX {
        return Typed::Wrong(format!("a note is at most {NOTE_BYTES_MAX} bytes long"));
    }
    let note = Some(note.trim().to_owned()).filter(|note| !note.is_empty());
    Typed::Answer([a.acceptable(), b.acceptable()], note)
}
