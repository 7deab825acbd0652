//! What translations lost is told cell by cell, and holds a cell where the pipeline refuses it.

use crate::{lakes::warehouse, world};
use policy::{Decision, LossyTranslation, Translations, gate::Lost};
use report::{Report, render, weigh};
use serde_json::Value;

const SEED: &str = "dropped seed: the target has no place for it";
const ROLE: &str = "approximated messages.developer: it is said as `system`";

/// The lake of which the first calls of `support` were translated: every one of 12 without its seed,
/// three of them in another role as well, and one that never left us.
fn lake() -> Value {
    let mut lake = world::lake();
    let shadows = lake["shadows"].as_array_mut().unwrap().iter_mut();
    let support = shadows.filter(|row| row["cell"] == "support/small/1");
    for (at, row) in support.enumerate().take(13) {
        let told = if at < 3 { format!("{ROLE}; {SEED}") } else { SEED.to_owned() };
        row["translation"] = told.into();
        if at == 12 {
            row["fault"] = "ours".into();
        }
    }
    lake
}

#[tokio::test]
async fn what_translations_lost_is_told_and_holds_where_it_is_refused() {
    let warehouse = warehouse(&lake(), world::AS_OF, 3).await;
    let mut rules = world::rules();
    let expected = Translations {
        asked: 319,
        lossy: 12,
        lost: [("dropped seed", 12), ("approximated messages.developer", 3)]
            .map(|(what, calls)| Lost { what: what.to_owned(), calls })
            .to_vec(),
    };
    for (rule, held) in [(LossyTranslation::Allowed, 0), (LossyTranslation::Refused, 1)] {
        rules.categories[0].gate.lossy_translation = rule;
        let weighed = weigh(&warehouse, &rules).await.unwrap();
        assert_eq!(weighed[0].facts.translations, expected);
        let reasons = match &weighed[0].decision {
            Decision::Hold(reasons) => reasons.clone(),
            Decision::Promote(_) => Vec::new(),
            demoted @ Decision::Demote(_) => panic!("{demoted:?}"),
        };
        let codes: Vec<_> = reasons.iter().map(|reason| reason.code.name()).collect();
        assert_eq!(codes, vec!["lossy_translation"; held]);
        assert_eq!(weighed[1].facts.translations.lossy, 0);
    }
    let report = Report::gather(&warehouse, &rules).await.unwrap();
    let line = "12 of 319 calls put to it (3.8 %) lost something in translation: dropped seed (12), \
                approximated messages.developer (3)";
    let page = render::markdown(&report).replace('\\', "");
    assert!(page.contains(line), "{page}");
    assert_eq!(page.matches("in translation").count(), 1, "{page}");
}
