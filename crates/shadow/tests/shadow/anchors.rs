//! Frozen pairs: the judge is really asked again, in the very same words, whatever it remembers.

use crate::world::{CATEGORY, START, World};
use confidence::Mode;
use exchange::{Arm, Clock, NanoUsd, SECOND_US};
use journal::Journal;
use serde_json::json;
use shadow::{
    AnchorRun, AnchorSet, Anchored, AssignmentRow, JournalLedger, Ledger, LowQuota, Offline,
    OfflineMeans, Origin, Purpose, Settings, ShadowRow,
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Exchanges, and how many of their pairs are frozen.
const EXCHANGES: i64 = 15;
const PAIRS: usize = 10;
/// Both orders, twice.
const ASKED: usize = 4;

type Again = Offline<crate::tables::Tables, JournalLedger>;

/// A day that was judged by a judge who can change its mind; replies differ from one another and from
/// the reference's.
struct Judged {
    world: World,
    strict: Arc<AtomicBool>,
    /// What the judge was asked, in order.
    questions: Arc<Mutex<Vec<String>>>,
    ledger: Journal,
    settings: Box<dyn Fn(&World) -> Settings>,
}

async fn judged() -> Judged {
    let strict = Arc::new(AtomicBool::new(false));
    let questions = Arc::new(Mutex::new(Vec::new()));
    let (turned, heard) = (Arc::clone(&strict), Arc::clone(&questions));
    let mut world = World::new(move |asked| match asked.model {
        "judge" => {
            heard.lock().unwrap().push(asked.last("user").to_owned());
            let good = !turned.load(Ordering::SeqCst);
            json!({"first_acceptable": good, "second_acceptable": good, "preferred": "tie",
                   "reason": "because"})
            .to_string()
        }
        _ => format!("{}: about four", asked.last("user")),
    })
    .await;
    world.exchanges(EXCHANGES);
    let settings = world.settings(Mode::JP);
    let work = settings.categories[CATEGORY].judge.as_ref().unwrap();
    let memory = Arc::clone(&work.memory);
    world.drain(settings).await;
    world.clock.set(START.plus(EXCHANGES * SECOND_US));
    let ledger =
        Journal::open(world.folder.path().join("offline"), journal::Limits::bytes(1 << 28))
            .unwrap();
    // The very memory of the judge that made the words: it knows every question.
    let settings = Box::new(move |world: &World| {
        let mut settings = world.settings(Mode::JP);
        let judge = settings.categories.get_mut(CATEGORY).unwrap().judge.as_mut().unwrap();
        judge.memory = Arc::clone(&memory);
        settings
    });
    Judged { world, strict, questions, ledger, settings }
}

impl Judged {
    async fn offline(&self, settings: Settings) -> Again {
        let means = OfflineMeans {
            stored: Arc::clone(&self.world.tables),
            ledger: Arc::new(JournalLedger::new(self.ledger.clone())),
            clock: Arc::clone(&self.world.clock) as Arc<dyn Clock>,
            low_quota: watch::channel(LowQuota::default()).1,
        };
        Offline::open(settings, means, Origin::Anchor).await.unwrap()
    }

    fn settings(&self) -> Settings {
        (self.settings)(&self.world)
    }

    /// Rows of runs, oldest first.
    fn rows(&self) -> (Vec<AssignmentRow>, Vec<ShadowRow>) {
        let rows = self.world.tables.rows();
        let own = |origin| origin == Some(Origin::Anchor);
        (
            rows.assignments.iter().filter(|row| own(row.origin)).cloned().collect(),
            rows.shadows.iter().filter(|row| own(row.origin)).cloned().collect(),
        )
    }
}

async fn ask(offline: &Again, set: AnchorSet, pairs: usize) -> Anchored {
    let stop = CancellationToken::new();
    offline.anchors(CATEGORY, (set, pairs), (&stop, &|| ())).await.unwrap()
}

#[track_caller]
fn ran(anchored: Anchored) -> AnchorRun {
    let Anchored::Asked(run) = anchored else { panic!("{anchored:?}") };
    run
}

/// What the words of a row say of the candidate, of the word then and of those now.
fn candidate_says(row: &ShadowRow) -> (Vec<f64>, Vec<f64>) {
    let words = row.scores.iter().filter(|it| it.scorer == "judge" && it.arm == Arm::Candidate);
    let (then, now): (Vec<_>, Vec<_>) =
        words.partition(|it| it.trial.as_ref().unwrap().ends_with("frozen"));
    let values = |of: Vec<&shadow::ScoreRow>| of.into_iter().filter_map(|it| it.value).collect();
    (values(then), values(now))
}

#[tokio::test]
async fn what_the_judge_remembers_does_not_answer_for_it() {
    let judged = judged().await;
    let before = judged.world.asked("judge");
    assert_eq!(before, 2 * EXCHANGES as usize);
    let offline = judged.offline(judged.settings()).await;
    let first = ran(ask(&offline, AnchorSet::Kept, PAIRS).await);
    assert_eq!((first.asked, first.withheld), (PAIRS as u64, 0));
    assert_eq!(judged.world.asked("judge"), before + PAIRS * ASKED);

    judged.strict.store(true, Ordering::SeqCst);
    judged.world.clock.set(START.plus(100 * SECOND_US));
    let second = ran(ask(&offline, AnchorSet::Kept, PAIRS).await);
    assert_eq!(second.frozen_at, first.frozen_at, "the same set");
    assert!(second.run_at > first.run_at);
    assert_eq!(judged.world.asked("judge"), before + 2 * PAIRS * ASKED);

    let (assignments, shadows) = judged.rows();
    assert_eq!((assignments.len(), shadows.len()), (3 * PAIRS, 2 * PAIRS));
    let (kept, moved) = shadows.split_at(PAIRS);
    for row in kept {
        assert_eq!(candidate_says(row), (vec![1.0; 2], vec![1.0; ASKED]), "{row:?}");
    }
    for row in moved {
        assert_eq!(candidate_says(row), (vec![1.0; 2], vec![0.0; ASKED]), "{row:?}");
        assert_eq!((row.loss, row.reference_loss), (Some(1.0), Some(1.0)));
        assert_eq!((row.cell.as_ref(), row.response.as_ref(), row.cost_usd), (None, None, None));
    }
    // No candidate was asked, and the judge in the very words of the first time.
    assert_eq!(judged.world.asked("small"), EXCHANGES as usize);
    let questions = judged.questions.lock().unwrap();
    let (then, now) = questions.split_at(before);
    assert!(now.iter().all(|question| then.contains(question)));
}

/// What it cost is in the ledger, and out of the judge's part of the budget.
#[tokio::test]
async fn what_is_asked_is_paid_for_and_no_more_than_the_budget_has() {
    let judged = judged().await;
    let before = judged.world.asked("judge");
    let offline = judged.offline(judged.settings()).await;
    ran(ask(&offline, AnchorSet::Kept, PAIRS).await);
    let ledger = JournalLedger::new(judged.ledger.clone());
    let spent = ledger.spent(START.date()).await.unwrap();
    assert_eq!(spent.len(), 1, "{spent:?}");
    assert_eq!((spent[0].purpose, spent[0].model.as_str()), (Purpose::Judge, "judge"));
    let calls = judged.world.provider.log().calls();
    let of_judge = calls.iter().filter(|call| call.model == "judge");
    let billed: NanoUsd = of_judge.skip(before).map(|call| call.cost).sum();
    assert!(billed > NanoUsd::ZERO);
    assert_eq!(spent[0].cost, billed);

    let mut poor = judged.settings();
    poor.caps.judge = Some(NanoUsd(1));
    let before = judged.world.asked("judge");
    let run = ran(ask(&judged.offline(poor).await, AnchorSet::Kept, PAIRS).await);
    assert_eq!((run.asked, run.withheld), (0, PAIRS as u64));
    assert_eq!(judged.world.asked("judge"), before);
    let (assignments, _) = judged.rows();
    let withheld = assignments.iter().filter(|row| row.withheld_reason.is_some());
    assert!(withheld.clone().all(|row| row.withheld_reason.as_deref() == Some("budget")));
    assert_eq!(withheld.count(), PAIRS);
}

#[tokio::test]
async fn a_set_is_of_one_judge_and_waits_until_there_is_enough() {
    let judged = judged().await;
    let offline = judged.offline(judged.settings()).await;
    let enough = EXCHANGES as usize;
    assert_eq!(
        ask(&offline, AnchorSet::Kept, enough + 1).await,
        Anchored::Waiting(EXCHANGES as u64)
    );
    assert_eq!(judged.rows(), (Vec::new(), Vec::new()));
    let first = ran(ask(&offline, AnchorSet::Kept, PAIRS).await);
    judged.world.clock.set(START.plus(100 * SECOND_US));
    let fresh = ran(ask(&offline, AnchorSet::Fresh, enough).await);
    assert!(fresh.frozen_at > first.frozen_at && fresh.asked == EXCHANGES as u64);
    let again = ran(ask(&offline, AnchorSet::Kept, PAIRS).await);
    assert_eq!((again.frozen_at, again.asked), (fresh.frozen_at, fresh.asked), "the newest set");

    // Nobody has heard another judge yet.
    let mut other = judged.settings();
    let judge = other.categories.get_mut(CATEGORY).unwrap().judge.as_mut().unwrap();
    judge.rubric.push_str(" And it is polite.");
    let offline = judged.offline(other).await;
    assert_eq!(ask(&offline, AnchorSet::Kept, PAIRS).await, Anchored::Waiting(0));
    let offline = judged.offline(judged.world.settings(Mode::R)).await;
    assert_eq!(ask(&offline, AnchorSet::Kept, PAIRS).await, Anchored::NotJudged);
}
