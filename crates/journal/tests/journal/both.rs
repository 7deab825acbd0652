//! What holds for every log: in order, dense, durable, shared by groups.

use crate::{
    ALL, GROUP, TOPIC, payload, payloads,
    place::{PATIENCE, check, entries, offsets_are, read},
};
use journal::{Error, Position, Record};
use std::time::Duration;

#[test]
fn records_come_back_in_order() {
    check(|place| {
        let log = place.open(TOPIC);
        log.append(TOPIC, &entries(payloads(0..3, 100))).unwrap();
        log.append(TOPIC, &entries(payloads(3..4, 100))).unwrap();
        log.append(TOPIC, &entries(payloads(4..300, 100))).unwrap();
        assert_eq!(log.kept(TOPIC, 0).unwrap(), 0..300);
        assert_eq!(log.partitions(TOPIC).unwrap(), 1);
        let records = read(&*log, TOPIC, 0);
        offsets_are(&records, 0..300);
        for Record { offset, payload: found } in records {
            assert_eq!(found, payload(offset, 100), "payload of record {offset}");
        }
    });
}

#[test]
fn an_append_of_nothing_takes_no_offset() {
    check(|place| {
        let log = place.open(TOPIC);
        log.append(TOPIC, &entries(["one"])).unwrap();
        log.append(TOPIC, &[]).unwrap();
        log.append(TOPIC, &entries([""])).unwrap();
        assert_eq!(log.kept(TOPIC, 0).unwrap(), 0..2);
        assert_eq!(read(&*log, TOPIC, 1)[0].payload, "");
    });
}

#[test]
fn each_topic_counts_for_itself() {
    check(|place| {
        let log = place.open(TOPIC);
        place.also("second");
        log.append(TOPIC, &entries(["a", "b"])).unwrap();
        log.append("second", &entries(["c"])).unwrap();
        assert_eq!(log.kept(TOPIC, 0).unwrap(), 0..2);
        assert_eq!(log.kept("second", 0).unwrap(), 0..1);
        assert_eq!(read(&*log, "second", 0)[0].payload, "c");
    });
}

#[test]
fn everything_is_there_after_opening_again_and_the_count_goes_on() {
    check(|place| {
        for round in 0..4 {
            let log = place.open(TOPIC);
            assert_eq!(log.kept(TOPIC, 0).unwrap(), 0..round * 10);
            log.append(TOPIC, &entries(payloads(round * 10..round * 10 + 10, 50))).unwrap();
            offsets_are(&read(&*log, TOPIC, 0), 0..round * 10 + 10);
        }
    });
}

#[test]
fn a_log_is_the_same_one_after_opening_again() {
    check(|place| {
        let id = place.open(TOPIC).id().unwrap();
        assert!(!id.is_empty());
        assert_eq!(place.open(TOPIC).id().unwrap(), id);
    });
}

#[test]
fn a_stretch_keeps_to_its_limits_but_has_one_record_at_least() {
    check(|place| {
        let log = place.open(TOPIC);
        log.append(TOPIC, &entries(payloads(0..20, 100))).unwrap();
        let check = |offset, records_max, bytes_max, expected| {
            let from = Position { partition: 0, offset };
            offsets_are(&log.read(TOPIC, from, records_max, bytes_max).unwrap(), expected);
        };
        check(0, 5, ALL, 0..5);
        check(5, 5, ALL, 5..10);
        check(7, 5, ALL, 7..12);
        check(0, ALL, 399, 0..3);
        check(3, ALL, 400, 3..7);
        check(19, ALL, 1, 19..20);
        check(20, ALL, ALL, 20..20);
        check(3, 0, ALL, 3..3);
    });
}

#[test]
fn long_and_short_records_lie_together() {
    check(|place| {
        let log = place.open(TOPIC);
        let records = [payload(0, 5 << 20), payload(1, 1), payload(2, 300 << 10), payload(3, 0)];
        log.append(TOPIC, &entries(&records)).unwrap();
        drop(log);
        let found = read(&*place.open(TOPIC), TOPIC, 0);
        assert!(
            found.iter().map(|record| &record.payload[..]).eq(records.iter().map(|it| &it[..]))
        );
    });
}

#[test]
fn a_record_that_is_too_long_takes_none_with_it_and_is_not_kept() {
    check(|place| {
        let log = place.open(TOPIC);
        let too_long = vec![0; journal::RECORD_BYTES_MAX + 1];
        let refused = log.append(TOPIC, &entries([&b"kept back"[..], &too_long]));
        assert!(matches!(refused, Err(Error::TooLong { .. })), "{refused:?}");
        log.append(TOPIC, &entries(["goes on"])).unwrap();
        assert_eq!(read(&*log, TOPIC, 0)[0].payload, "goes on");
    });
}

#[test]
fn no_log_takes_a_name_that_is_none_everywhere() {
    check(|place| {
        let log = place.open(TOPIC);
        for name in ["", "..", "a/b", "Upper", "ümlaut", &"x".repeat(65)] {
            let refused = log.append(name, &entries(["x"]));
            assert!(matches!(refused, Err(Error::Name { .. })), "{name}");
            assert!(matches!(log.join(TOPIC, name).err(), Some(Error::Name { .. })), "{name}");
        }
    });
}

#[test]
fn appends_at_once_lose_no_record_and_keep_their_order() {
    check(|place| {
        let log = place.open(TOPIC);
        std::thread::scope(|scope| {
            for writer in 0..8u8 {
                let log = &log;
                scope.spawn(move || {
                    for n in 0..20u8 {
                        log.append(TOPIC, &entries([[writer, n, 0], [writer, n, 1]])).unwrap();
                    }
                });
            }
        });
        let records = read(&*log, TOPIC, 0);
        offsets_are(&records, 0..320);
        for writer in 0..8 {
            let own = records.iter().filter(|record| record.payload[0] == writer);
            let own: Vec<_> = own.map(|record| (record.payload[1], record.payload[2])).collect();
            let expected = (0..20).flat_map(|n| [(n, 0), (n, 1)]);
            assert!(own.into_iter().eq(expected), "writer {writer}");
        }
    });
}

#[test]
fn a_group_goes_on_where_it_has_committed() {
    check(|place| {
        let log = place.open(TOPIC);
        log.append(TOPIC, &entries(payloads(0..10, 10))).unwrap();
        let (member, mut worker) = place.join(&*log, TOPIC, GROUP);
        assert_eq!((worker.partition(), worker.position()), (0, 0));
        offsets_are(&place.take(&mut worker, 4), 0..4);
        place.wait(worker.commit(4)).unwrap();
        offsets_are(&place.take(&mut worker, 4), 4..8);
        assert_eq!(place.wait(worker.end()).unwrap(), 10);
        assert_eq!((worker.position(), worker.lag()), (8, 2));
        drop((member, worker, log));

        let log = place.open(TOPIC);
        let (_member, mut worker) = place.join(&*log, TOPIC, GROUP);
        assert_eq!(worker.position(), 4);
        let mut next = 4;
        while next < 10 {
            let records = place.wait(worker.next(ALL, ALL)).unwrap();
            offsets_are(&records, next..next + records.len() as u64);
            next += records.len() as u64;
        }
        let (_member, mut other) = place.join(&*log, TOPIC, "other");
        assert_eq!(place.wait(other.next(1, ALL)).unwrap()[0].offset, 0);
    });
}

#[test]
fn a_worker_goes_back_and_ahead_but_not_past_the_end() {
    check(|place| {
        let log = place.open(TOPIC);
        log.append(TOPIC, &entries(payloads(0..10, 10))).unwrap();
        let (_member, mut worker) = place.join(&*log, TOPIC, GROUP);
        for offset in [7, 2, 0, 9, 5] {
            worker.seek(offset).unwrap();
            assert_eq!(worker.position(), offset);
            let records = place.wait(worker.next(3, ALL)).unwrap();
            offsets_are(&records, offset..offset + records.len() as u64);
        }
        assert!(matches!(worker.seek(11), Err(Error::BeyondEnd { asked: 11, end: 10, .. })));
        place.wait(worker.commit(10)).unwrap();
        place.wait(worker.committer().commit(3)).unwrap();
        let refused = place.wait(worker.commit(11));
        assert!(matches!(refused, Err(Error::BeyondEnd { asked: 11, end: 10, .. })), "{refused:?}");
    });
}

#[test]
fn who_waits_is_woken_by_an_append() {
    check(|place| {
        let log = place.open(TOPIC);
        let (_member, mut worker) = place.join(&*log, TOPIC, GROUP);
        place.wait(async {
            let mut next = std::pin::pin!(worker.next(ALL, ALL));
            let early = tokio::time::timeout(Duration::from_millis(20), &mut next).await;
            assert!(early.is_err(), "there is nothing to read yet");
            log.append(TOPIC, &entries(["woken"])).unwrap();
            let records = tokio::time::timeout(PATIENCE, next).await.unwrap().unwrap();
            assert_eq!(records[0].payload, "woken");
        });
    });
}

#[test]
fn a_wait_that_is_dropped_loses_nothing() {
    check(|place| {
        let log = place.open(TOPIC);
        let (_member, mut worker) = place.join(&*log, TOPIC, GROUP);
        place.wait(async {
            for n in 0..20 {
                let wait =
                    tokio::time::timeout(Duration::from_micros(n * 20), worker.next(ALL, ALL));
                assert!(wait.await.is_err(), "nothing was appended");
            }
        });
        log.append(TOPIC, &entries(payloads(0..3, 10))).unwrap();
        let mut next = 0;
        while next < 3 {
            let records = place.wait(worker.next(ALL, ALL)).unwrap();
            offsets_are(&records, next..next + records.len() as u64);
            next += records.len() as u64;
        }
    });
}
