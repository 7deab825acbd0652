use exchange::Call;
use policy::{Capabilities, StructuredOutput};

fn check(takes: &Capabilities, call: &Call, expected: bool) {
    assert_eq!(takes.takes(call, &|_| 1_000), expected, "{takes:?} {call:?}");
}

fn texts(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn long() -> Call {
    Call { transcript: vec![("user".to_owned(), "word ".repeat(1_000))], ..Call::default() }
}

#[test]
fn what_is_not_known_of_a_model_is_taken_to_be_possible() {
    let call = Call {
        parameters: texts(&["temperature"]),
        media: texts(&["image"]),
        output_tokens_max: Some(1 << 40),
        response_format: Some("json_schema".to_owned()),
        ..long()
    };
    check(&Capabilities::default(), &call, true);
}

#[test]
fn a_parameter_that_is_refused_and_content_that_is_not_read_keep_a_call_away() {
    let takes = Capabilities {
        refuses: texts(&["temperature"]),
        input: Some(texts(&["image"])),
        ..Capabilities::default()
    };
    let call = |parameters: &[&str], media: &[&str]| Call {
        parameters: texts(parameters),
        media: texts(media),
        ..Call::default()
    };
    check(&takes, &call(&["model", "seed"], &["image"]), true);
    check(&takes, &call(&["model", "temperature"], &[]), false);
    check(&takes, &call(&[], &["audio", "image"]), false);
}

/// A translation leaves out what the model refuses; it cannot leave out what is to be looked at.
#[test]
fn a_parameter_that_is_refused_keeps_no_call_away_that_is_translated() {
    let takes = Capabilities {
        refuses: texts(&["temperature"]),
        input: Some(texts(&["image"])),
        ..Capabilities::default()
    };
    let call = |media: &[&str]| Call {
        parameters: texts(&["model", "temperature"]),
        media: texts(media),
        ..Call::default()
    };
    assert!(takes.takes_translated(&call(&["image"]), &|_| 1_000));
    assert!(!takes.takes_translated(&call(&["audio"]), &|_| 1_000));
}

#[test]
fn prompt_and_reply_have_to_fit_together() {
    let takes = |context| Capabilities { context_tokens: Some(context), ..Capabilities::default() };
    let asks = |most| Call { output_tokens_max: Some(most), ..long() };
    check(&takes(1_000), &long(), true);
    check(&takes(999), &long(), false);
    check(&takes(1_500), &asks(500), true);
    check(&takes(1_499), &asks(500), false);
    let writes = Capabilities { output_tokens: Some(500), ..Capabilities::default() };
    check(&writes, &asks(500), true);
    check(&writes, &asks(501), false);
}

#[test]
fn tokens_are_counted_only_where_it_could_matter() {
    let takes = Capabilities { context_tokens: Some(5_000), ..Capabilities::default() };
    assert!(takes.takes(&long(), &|_| panic!("5,000 bytes are no more than 5,000 tokens")));
}

#[test]
fn a_form_of_output_takes_a_model_that_can_be_held_to_it() {
    let call = |form: &str| Call { response_format: Some(form.to_owned()), ..Call::default() };
    let takes = |form| Capabilities { structured_output: Some(form), ..Capabilities::default() };
    for most in StructuredOutput::ALL {
        for asked in StructuredOutput::ALL {
            check(&takes(most), &call(asked.name()), asked <= most);
        }
        check(&takes(most), &call("text"), true);
        check(&takes(most), &Call::default(), true);
    }
}
