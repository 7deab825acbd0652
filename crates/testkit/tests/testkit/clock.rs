use exchange::{Clock, Timestamp};
use testkit::SteppedClock;

#[test]
fn time_stands_until_it_is_moved_and_never_runs_back() {
    let clock = SteppedClock::new(Timestamp(100));
    assert_eq!(clock.now(), Timestamp(100));
    clock.advance(50);
    assert_eq!(clock.now(), Timestamp(150));
    clock.set(Timestamp(120));
    assert_eq!(clock.now(), Timestamp(150));
    clock.set(Timestamp(400));
    assert_eq!(clock.now(), Timestamp(400));
}
