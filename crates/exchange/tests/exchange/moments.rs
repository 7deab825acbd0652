//! Times.

use exchange::{DAY_US, Date, Timestamp};
use proptest::prelude::*;

#[test]
fn moments_are_read_with_zone_or_as_a_date() {
    let cases = [
        ("1970-01-01T00:00:00Z", Some(0)),
        ("1970-01-02", Some(DAY_US)),
        ("1970-01-01T01:00:00+01:00", Some(0)),
        ("1969-12-31T23:59:59.999999Z", Some(-1)),
        ("yesterday", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(text.parse().ok(), expected.map(Timestamp), "{text}");
    }
}

#[test]
fn the_moment_before_midnight_is_the_day_before() {
    assert_eq!(Timestamp(-1).date(), Date(-1));
    assert_eq!(Timestamp(0).date().to_string(), "1970-01-01");
    assert_eq!(Timestamp(DAY_US).date().start(), Timestamp(DAY_US));
}

proptest! {
    #[test]
    fn printed_moments_are_read_back(micros in -60_000_000_000_000_000_i64..250_000_000_000_000_000) {
        let moment = Timestamp(micros);
        prop_assert_eq!(moment.to_string().parse::<Timestamp>().unwrap(), moment);
        let json = serde_json::to_string(&moment).unwrap();
        prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), moment);
        let day = moment.date();
        prop_assert!(day.start() <= moment && moment < day.start().plus(DAY_US));
    }

    #[test]
    fn no_moment_is_too_far_to_print(micros in any::<i64>()) {
        prop_assert!(!Timestamp(micros).to_string().is_empty());
        prop_assert!(!Timestamp(micros).date().to_string().is_empty());
    }
}
