//! What holds of every call that is put to other forms, whatever its bytes. The fuzz target `put`
//! compiles this very file.

use dialect::{
    Form,
    translate::{self, Delivery, Impossible, LOSSES_MAX, Target, Translated},
};
use exchange::{Call, Headers};

/// In every form and to every form: it is put as it can be, or it is said why not.
pub(crate) fn translation_law(data: &[u8]) {
    for from in Form::ALL {
        let call = read(from, data);
        for to in Form::ALL {
            let result = put(&call, data, to);
            assert_eq!(result, put(&call, data, to), "twice the same");
            match result {
                Ok(translated) => translated_law(to, &translated),
                Err(impossible) => assert!(!impossible.field.is_empty()),
            }
        }
    }
}

pub(crate) fn read(form: Form, body: &[u8]) -> Call {
    form.dialect().read_call("POST", &form.path("any"), &Headers::default(), body)
}

pub(crate) fn put(call: &Call, body: &[u8], to: Form) -> Result<Translated, Impossible> {
    let target = Target {
        form: to,
        model: "gemini-3-any",
        refuses: &[],
        output_tokens_max: Some(1000),
        delivery: Delivery::Whole,
    };
    translate::call(call, body, &target)
}

fn translated_law(to: Form, translated: &Translated) {
    let read = read(to, &translated.body);
    assert_eq!(Form::of(&read), Some(to));
    assert_ne!(read.unreplayable, ["body"], "what is written can be read");
    assert!(translated.losses.is_sorted() && translated.losses.len() <= LOSSES_MAX);
    assert!(translated.losses.iter().all(|loss| !loss.reason.is_empty()));
}
