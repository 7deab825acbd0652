//! The queue and the thread in front of the journal.

use crate::{ALL, GROUP, TOPIC, open};
use journal::{Appender, AppenderLimits, Error, Feed, Figures, Journal, Limits, Refused};
use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

const DEADLINE: Duration = Duration::from_secs(60);
const ROOMY: AppenderLimits = AppenderLimits {
    items_max: 10_000,
    bytes_max: 10 << 20,
    group_items_max: 64,
    group_bytes_max: 1 << 20,
};

type Lost = Arc<Mutex<Vec<(String, usize)>>>;

/// Items are lists of records; what is lost is written down.
fn feed(lost: &Lost) -> Feed<Vec<Vec<u8>>> {
    let lost = Arc::clone(lost);
    Feed {
        weigh: |item| item.iter().map(Vec::len).sum(),
        encode: Box::new(|item| item),
        on_lost: Box::new(move |error, items| {
            lost.lock().unwrap().push((error.reason().to_owned(), items));
        }),
    }
}

/// A feed whose thread waits for a word before each item that it encodes.
fn held_feed(lost: &Lost) -> (Feed<Vec<Vec<u8>>>, SyncSender<()>, Receiver<()>) {
    let (go, may_go) = sync_channel(1000);
    let (begin, begun) = sync_channel(1000);
    let may_go = Mutex::new(may_go);
    let encode = Box::new(move |item| {
        begin.send(()).unwrap();
        may_go.lock().unwrap().recv().unwrap();
        item
    });
    (Feed { encode, ..feed(lost) }, go, begun)
}

fn item(text: &str) -> Vec<Vec<u8>> {
    vec![text.as_bytes().to_vec()]
}

#[test]
fn what_is_taken_is_appended_in_order_in_groups() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let lost = Lost::default();
    let appender = Appender::start(journal.clone(), TOPIC, ROOMY, feed(&lost)).unwrap();
    for n in 0..1000 {
        appender.offer(item(&n.to_string())).unwrap();
    }
    appender.offer(vec![b"two".to_vec(), b"records".to_vec()]).unwrap();
    appender.offer(vec![]).unwrap();
    assert_eq!(appender.close(DEADLINE), 0);
    let records = journal.read(TOPIC, 0, ALL, ALL).unwrap();
    let texts: Vec<_> = records.iter().map(|record| record.payload.to_vec()).collect();
    let expected = (0..1000).map(|n| n.to_string()).chain(["two".into(), "records".into()]);
    assert!(texts.into_iter().eq(expected.map(String::into_bytes)));
    let figures = appender.figures();
    assert_eq!((figures.taken_items, figures.appended_items), (1002, 1002));
    assert_eq!((figures.appended_records, figures.waiting_items), (1002, 0));
    assert!(figures.groups >= 1002 / 64 && figures.groups < 1002, "{} groups", figures.groups);
    assert!(lost.lock().unwrap().is_empty());
}

#[test]
fn a_full_queue_refuses_by_count_and_by_bytes_and_never_waits() {
    let dir = tempfile::tempdir().unwrap();
    let lost = Lost::default();
    let (feed, go, begun) = held_feed(&lost);
    let limits = AppenderLimits { items_max: 3, bytes_max: 100, ..ROOMY };
    let journal = open(dir.path());
    let appender = Appender::start(journal.clone(), TOPIC, limits, feed).unwrap();
    appender.offer(item("taken by the thread, still counted")).unwrap();
    begun.recv().unwrap();
    assert_eq!(appender.offer(item(&"x".repeat(80))), Err(Refused::BytesFull));
    appender.offer(item("b")).unwrap();
    appender.offer(item("c")).unwrap();
    assert_eq!(appender.offer(item("d")), Err(Refused::CountFull));
    let Figures { refused_count_full, refused_bytes_full, waiting_items, waiting_bytes, .. } =
        appender.figures();
    assert_eq!((refused_count_full, refused_bytes_full), (1, 1));
    assert_eq!((waiting_items, waiting_bytes), (3, 36));
    for _ in 0..3 {
        go.send(()).unwrap();
    }
    assert_eq!(appender.close(DEADLINE), 0);
    assert_eq!(appender.offer(item("late")), Err(Refused::Closed));
    assert_eq!(journal.end(TOPIC).unwrap(), 3);
    assert_eq!(appender.figures().refused_closed, 1);
    assert_eq!((appender.figures().waiting_items, appender.figures().waiting_bytes), (0, 0));
}

#[test]
fn closing_gives_up_at_its_deadline_and_counts_what_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let lost = Lost::default();
    let (feed, go, begun) = held_feed(&lost);
    let journal = open(dir.path());
    let limits = AppenderLimits { group_items_max: 1, ..ROOMY };
    let appender = Appender::start(journal.clone(), TOPIC, limits, feed).unwrap();
    for text in ["in the thread's hands", "left", "left too"] {
        appender.offer(item(text)).unwrap();
    }
    begun.recv().unwrap();
    assert_eq!(appender.close(Duration::from_millis(10)), 2);
    assert_eq!(*lost.lock().unwrap(), [("closed".to_owned(), 2)]);
    go.send(()).unwrap();
    assert_eq!(appender.close(DEADLINE), 0);
    assert_eq!(journal.end(TOPIC).unwrap(), 1);
    let figures = appender.figures();
    assert_eq!(figures.taken_items, 3);
    assert_eq!((figures.appended_items, figures.lost_items["closed"]), (1, 2));
    assert_eq!((figures.waiting_items, figures.waiting_bytes), (0, 0));
}

#[test]
fn a_full_journal_costs_the_group_and_later_items_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path(), Limits::bytes(4096)).unwrap();
    journal.append(TOPIC, &[[0; 3000]]).unwrap();
    let lost = Lost::default();
    let (feed, go, begun) = held_feed(&lost);
    let limits = AppenderLimits { group_items_max: 1, ..ROOMY };
    let appender = Appender::start(journal.clone(), TOPIC, limits, feed).unwrap();
    appender.offer(vec![vec![0; 2000]]).unwrap();
    begun.recv().unwrap();
    appender.offer(vec![vec![1; 2000]]).unwrap();
    go.send(()).unwrap();
    // The second item is begun when the first one is lost.
    begun.recv().unwrap();
    assert_eq!(*lost.lock().unwrap(), [("full".to_owned(), 1)]);
    journal.commit(TOPIC, GROUP, 1).unwrap();
    go.send(()).unwrap();
    assert_eq!(appender.close(DEADLINE), 0);
    assert_eq!(journal.read(TOPIC, 1, ALL, ALL).unwrap()[0].payload, vec![1; 2000]);
    assert_eq!(appender.figures().lost_items["full"], 1);
}

#[test]
fn an_item_that_cannot_be_a_record_costs_only_itself() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let lost = Lost::default();
    let encode = Box::new(|item: Vec<Vec<u8>>| match &item[0][..] {
        b"bug" => panic!("a bug in the encoder"),
        b"long" => vec![vec![0; journal::RECORD_BYTES_MAX + 1]],
        _ => item,
    });
    let feed = Feed { encode, ..feed(&lost) };
    let appender = Appender::start(journal.clone(), TOPIC, ROOMY, feed).unwrap();
    for text in ["first", "bug", "second", "long", "third"] {
        appender.offer(item(text)).unwrap();
    }
    assert_eq!(appender.close(DEADLINE), 0);
    assert_eq!(journal.end(TOPIC).unwrap(), 3);
    let figures = appender.figures();
    assert_eq!((figures.lost_items["encode"], figures.lost_items["too_long"]), (1, 1));
    assert_eq!(figures.appended_items, 3);
}

#[test]
fn many_callers_lose_nothing_and_the_figures_add_up() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let lost = Lost::default();
    let limits = AppenderLimits { items_max: 50, ..ROOMY };
    let appender = Appender::start(journal.clone(), TOPIC, limits, feed(&lost)).unwrap();
    let taken: usize = std::thread::scope(|scope| {
        let offers = |caller: u32| {
            let appender = &appender;
            move || {
                (0..200).filter(|n| appender.offer(item(&format!("{caller} {n}"))).is_ok()).count()
            }
        };
        let callers: Vec<_> = (0..4).map(|caller| scope.spawn(offers(caller))).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).sum()
    });
    assert_eq!(appender.close(DEADLINE), 0);
    let figures = appender.figures();
    assert_eq!(journal.end(TOPIC).unwrap(), taken as u64);
    assert_eq!(figures.taken_items, taken as u64);
    assert_eq!(figures.taken_items + figures.refused_count_full, 800);
    assert_eq!(figures.appended_items, figures.taken_items);
}

#[test]
fn dropping_the_appender_still_appends_what_was_taken() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let lost = Lost::default();
    let appender = Appender::start(journal.clone(), TOPIC, ROOMY, feed(&lost)).unwrap();
    appender.offer(item("kept")).unwrap();
    drop(appender);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(journal.wait(TOPIC, 0)).unwrap(), 1);
}

#[test]
fn a_topic_that_cannot_be_is_told_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let feed = feed(&Lost::default());
    let refused = Appender::start(open(dir.path()), "no/topic", ROOMY, feed).err();
    assert!(matches!(refused, Some(Error::Name { .. })));
}
