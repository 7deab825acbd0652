//! Which proxies go by which version, told by their signs.

use exchange::{SECOND_US, Timestamp};
use policy::following::{Follows, SIGN_EVERY_US, SILENCE_US_MAX, Sign};

const NOW: Timestamp = Timestamp(1_700_000_000 * SECOND_US);

fn given(version: u64, age_us: i64) -> Sign {
    Sign::new("proxy-1", version, Timestamp(NOW.0 - age_us))
}

#[test]
fn a_proxy_stands_to_the_ruling_version_as_its_last_sign_says() {
    for (version, age_us, expected) in [
        (7, 0, Follows::Ruling),
        (7, SILENCE_US_MAX, Follows::Ruling),
        (7, SILENCE_US_MAX + 1, Follows::Silent),
        (6, 0, Follows::Earlier),
        (0, SECOND_US, Follows::Earlier),
        (8, 0, Follows::Later),
        // Its clock is ahead of ours.
        (7, -90 * SECOND_US, Follows::Ruling),
        (6, SILENCE_US_MAX + 1, Follows::Silent),
    ] {
        assert_eq!(given(version, age_us).follows(7, NOW), expected, "{version}, {age_us}");
    }
    assert_eq!(given(7, -1).age_us(NOW), 0);
    assert_eq!(given(7, 5).age_us(NOW), 5);
}

#[test]
fn a_sign_is_due_at_once_for_another_version_and_else_in_time() {
    let last = given(7, 0);
    for (version, later_us, expected) in [
        (7, 0, false),
        (7, SIGN_EVERY_US - 1, false),
        (7, SIGN_EVERY_US, true),
        (8, 0, true),
        (0, 1, true),
        // The clock was put back.
        (7, -1, true),
    ] {
        let now = Timestamp(NOW.0 + later_us);
        assert_eq!(last.is_due(version, now), expected, "{version}, {later_us}");
    }
    // Whoever gives signs when they are due is never taken for gone.
    assert_eq!(given(7, SIGN_EVERY_US).follows(7, NOW), Follows::Ruling);
}

#[test]
fn a_sign_comes_back_as_it_was_and_nothing_else_is_one() {
    let sign = given(7, 0);
    let text = sign.to_json().unwrap();
    assert_eq!(Sign::from_json(text.as_bytes()), Some(sign));
    for end in 0..text.len() {
        assert_eq!(Sign::from_json(&text.as_bytes()[..end]), None, "half of it: {end}");
    }
    let newer = text.replace("\"format\":1", "\"format\":2");
    assert_eq!(Sign::from_json(newer.as_bytes()), None);
    assert_eq!(Sign::from_json(b"{}"), None);
    // A field more, as a later release may add one, changes nothing.
    let longer = text.replace("\"format\":1", "\"format\":1,\"zone\":\"a\"");
    assert!(Sign::from_json(longer.as_bytes()).is_some());
}
