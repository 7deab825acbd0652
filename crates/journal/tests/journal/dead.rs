//! Dead letters: kept, listed and put back, on both logs.

use crate::{
    TOPIC,
    place::{check, entries, read},
};
use bytes::Bytes;
use journal::{
    Error, Position,
    dead::{Buried, DEAD_TOPIC, DeadLetter, REASON_BYTES_MAX, bury, list, replay},
};
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq};
use proptest::test_runner::{Config, TestRunner};

const START: Position = Position { partition: 0, offset: 0 };

fn letter(offset: u64, payload: &'static [u8]) -> DeadLetter {
    DeadLetter {
        topic: TOPIC.to_owned(),
        origin: Position { partition: 3, offset },
        reason: "event version 2 is newer than this program reads (1)".to_owned(),
        payload: Bytes::from_static(payload),
    }
}

#[test]
fn what_could_not_be_read_is_kept_as_it_was_and_can_be_put_back() {
    check(|place| {
        let log = place.open(TOPIC);
        place.also(DEAD_TOPIC);
        log.append(TOPIC, &entries(["before"])).unwrap();
        let letters = [letter(7, b"\x00\xffnot an event"), letter(9, b"")];
        bury(&*log, &letters).unwrap();
        let at = |offset| Position { partition: 0, offset };
        let buried =
            |offset: u64| Buried { at: at(offset), letter: Some(letters[offset as usize].clone()) };
        assert_eq!(list(&*log, START, 10).unwrap(), [buried(0), buried(1)]);
        assert_eq!(list(&*log, START, 1).unwrap(), [buried(0)]);
        assert_eq!(list(&*log, at(1), 10).unwrap(), [buried(1)]);
        assert_eq!(list(&*log, at(2), 10).unwrap(), []);

        assert_eq!(replay(&*log, at(0)).unwrap(), letters[0]);
        let records = read(&*log, TOPIC, 0);
        assert_eq!(records.len(), 2);
        assert_eq!(records[1].payload, letters[0].payload);
        assert_eq!(list(&*log, START, 10).unwrap().len(), 2, "it stays buried");

        log.append(DEAD_TOPIC, &entries(["no letter"])).unwrap();
        assert_eq!(list(&*log, at(2), 10).unwrap(), [Buried { at: at(2), letter: None }]);
        for offset in [2, 3, 100] {
            let refused = replay(&*log, at(offset));
            assert!(matches!(refused, Err(Error::NoLetter { .. })), "{refused:?}");
        }
    });
}

#[test]
fn a_letter_comes_back_as_it_was_and_no_bytes_break_the_reading() {
    let config = Config { failure_persistence: None, ..Config::with_cases(256) };
    let letters = ("[a-zü]{0,300}", any::<(u32, u64)>(), ".{0,1200}", any::<Vec<u8>>());
    TestRunner::new(config.clone())
        .run(&letters, |(topic, (partition, offset), reason, payload)| {
            let origin = Position { partition, offset };
            let letter = DeadLetter { topic, origin, reason, payload: payload.into() };
            let found = DeadLetter::from_bytes(letter.to_bytes()).unwrap();
            prop_assert!(letter.topic.starts_with(&found.topic) && found.topic.len() <= 255);
            prop_assert!(letter.reason.starts_with(&found.reason));
            prop_assert!(found.reason.len() <= REASON_BYTES_MAX);
            prop_assert_eq!((found.origin, found.payload), (letter.origin, letter.payload));
            Ok(())
        })
        .unwrap();
    let bytes = prop::collection::vec(any::<u8>(), 0..64);
    TestRunner::new(config)
        .run(&bytes, |bytes| {
            let mut marked = b"FD\x01".to_vec();
            marked.extend(&bytes);
            let _ = DeadLetter::from_bytes(bytes.into());
            let _ = DeadLetter::from_bytes(marked.into());
            Ok(())
        })
        .unwrap();
}
