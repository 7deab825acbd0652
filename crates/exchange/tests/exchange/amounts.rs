//! Money.

use exchange::NanoUsd;
use proptest::prelude::*;

#[test]
fn dollars_are_read_to_the_last_decimal() {
    let cases = [
        ("0", Some(0)),
        ("12.50", Some(12_500_000_000)),
        ("0.000000001", Some(1)),
        ("-0.5", Some(-500_000_000)),
        ("9223372036.854775807", Some(i64::MAX)),
        ("-9223372036.854775808", Some(i64::MIN)),
        ("9223372036.854775808", None),
        ("0.0000000001", None),
        ("1e3", None),
        ("+1", None),
        ("", None),
        (".5", None),
        ("5.", None),
        ("--5", None),
        ("1,5", None),
        ("٣", None),
    ];
    for (text, expected) in cases {
        assert_eq!(text.parse().ok(), expected.map(NanoUsd), "{text}");
    }
}

#[test]
fn sums_saturate() {
    assert_eq!(NanoUsd(i64::MAX) + NanoUsd(1), NanoUsd(i64::MAX));
    assert_eq!([NanoUsd(1), NanoUsd(2), NanoUsd(-4)].into_iter().sum::<NanoUsd>(), NanoUsd(-1));
}

proptest! {
    #[test]
    fn printed_amounts_are_read_back(nano in any::<i64>()) {
        let amount = NanoUsd(nano);
        prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        let json = serde_json::to_string(&amount).unwrap();
        prop_assert_eq!(&json, &format!("\"{amount}\""));
        prop_assert_eq!(serde_json::from_str::<NanoUsd>(&json).unwrap(), amount);
    }

    #[test]
    fn any_text_is_an_amount_or_an_error(text in "\\PC{0,30}") {
        let _ = text.parse::<NanoUsd>();
    }

    #[test]
    fn dollars_as_a_float_come_back_within_a_nano(nano in -1_000_000_000_000_i64..1_000_000_000_000) {
        let back = NanoUsd::from_usd(NanoUsd(nano).usd()).unwrap();
        prop_assert!((back.0 - nano).abs() <= 1);
    }
}
