//! How Anthropic says that a request does not have the shape it should.

use super::invalid;
use crate::sim::{
    dialect::Refusal,
    shape::{Problem, Step, Wrong},
};

pub(crate) fn refusal(problem: &Problem) -> Refusal {
    let message = match &problem.wrong {
        Wrong::Missing => "Field required".to_owned(),
        Wrong::Unknown => "Extra inputs are not permitted".to_owned(),
        Wrong::Kind { wanted, .. } => match *wanted {
            "array" => "Input should be a valid list".to_owned(),
            "object" => "Input should be a valid dictionary".to_owned(),
            wanted => format!("Input should be a valid {wanted}"),
        },
        Wrong::Word { wanted, .. } => {
            let wanted = wanted.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>();
            match wanted.as_slice() {
                [most @ .., last] if !most.is_empty() => {
                    format!("Input should be {} or {last}", most.join(", "))
                }
                only => format!("Input should be {}", only.concat()),
            }
        }
        Wrong::Below { least, .. } => format!("Input should be greater than or equal to {least}"),
        Wrong::Above { most, .. } => format!("Input should be less than or equal to {most}"),
    };
    invalid(&format!("{}: {message}", path(&problem.at)))
}

fn path(steps: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Name(name) => name.clone(),
        Step::Place(place) => place.to_string(),
        Step::Tag(tag) => (*tag).to_owned(),
    };
    steps.iter().map(step).collect::<Vec<_>>().join(".")
}
