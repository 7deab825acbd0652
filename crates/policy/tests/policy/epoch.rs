use crate::given::day;
use confidence::{Mode, Tolerance, family};
use policy::{Block, Cell, Definition, Learnt, epoch};
use proptest::prelude::*;

fn definition(category: &str, candidate: &str, digest: &str) -> Definition {
    Definition {
        category: category.to_owned(),
        candidate: candidate.to_owned(),
        digest: digest.to_owned(),
        replies_digest: "replies".to_owned(),
        mode: Mode::R,
        tolerance: Tolerance::absolute(0.9).unwrap(),
        max_wait_s: epoch::MAX_WAIT_S,
    }
}

/// Opens what a pipeline of one cell per digest needs, one pipeline after the other.
fn history(digests: &[&str]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (index, digest) in digests.iter().enumerate() {
        let definitions = [definition("a", "small", digest)];
        let opened = epoch::open(&cells, &definitions, day(index as i64));
        cells.extend(opened);
    }
    cells
}

#[test]
fn the_cells_of_the_first_pipeline_share_half_of_the_weight() {
    let definitions = [
        definition("a", "small", "1"),
        definition("a", "tiny", "2"),
        definition("b", "small", "3"),
    ];
    let cells = epoch::open(&[], &definitions, day(0));
    let names: Vec<_> = cells.iter().map(|cell| cell.cell.as_str()).collect();
    assert_eq!(names, ["a/small/1", "a/tiny/1", "b/small/1"]);
    assert!(cells.iter().all(|cell| cell.family_weight == 0.5 / 3.0 && cell.restarts == 0));
    assert!(cells.iter().all(|cell| (cell.loss_lo, cell.loss_hi) == (0.0, 1.0)));
}

#[test]
fn nothing_is_opened_where_nothing_changed() {
    let cells = history(&["1"]);
    assert_eq!(epoch::open(&cells, &[definition("a", "small", "1")], day(9)), []);
}

#[test]
fn a_changed_definition_opens_an_epoch_with_the_next_weight() {
    let cells = history(&["1", "2", "3"]);
    let epochs: Vec<_> = cells.iter().map(|cell| (cell.epoch, cell.restarts)).collect();
    assert_eq!(epochs, [(1, 0), (2, 0), (3, 0)]);
    let second = family::later_weight(1.try_into().unwrap());
    let third = family::later_weight(2.try_into().unwrap());
    let weights: Vec<_> = cells.iter().map(|cell| cell.family_weight).collect();
    assert_eq!(weights, [0.5, second, third]);
}

#[test]
fn an_old_definition_that_comes_back_is_a_restart() {
    let restarts: Vec<_> =
        history(&["1", "2", "1", "3", "1"]).iter().map(|cell| cell.restarts).collect();
    assert_eq!(restarts, [0, 0, 1, 0, 2]);
}

#[test]
fn a_cell_can_be_started_afresh_under_its_own_definition() {
    let cells = history(&["1"]);
    let again = epoch::restart(&cells, "a", "small", day(3)).unwrap();
    assert_eq!((again.cell.as_str(), again.epoch, again.restarts), ("a/small/2", 2, 1));
    assert_eq!(again.definition_digest, "1");
    assert_eq!(again.family_weight, family::later_weight(1.try_into().unwrap()));
    assert_eq!(epoch::restart(&cells, "a", "tiny", day(3)), None);
}

#[test]
fn a_candidate_that_is_added_later_takes_a_later_weight() {
    let cells = history(&["1"]);
    let definitions = [definition("a", "small", "1"), definition("a", "tiny", "9")];
    let opened = epoch::open(&cells, &definitions, day(5));
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0].cell, "a/tiny/1");
    assert_eq!(opened[0].family_weight, family::later_weight(1.try_into().unwrap()));
}

/// Cells open at the moments of exchanges: after a crash the same one comes again, and a slow call
/// comes after faster ones that were received later.
#[test]
fn no_weight_is_handed_out_twice_whatever_the_moments_of_opening() {
    for moments in [[5, 5, 5, 5], [5, 4, 3, 2], [5, 1, 2, 3]] {
        let mut cells = epoch::open(&[], &[definition("a", "small", "0")], day(moments[0]));
        for (index, moment) in moments.iter().enumerate().skip(1) {
            let names = ["small", "tiny", "mini"];
            let digest = index.to_string();
            let definitions = names.map(|name| definition("a", name, &digest));
            cells.extend(epoch::open(&cells, &definitions, day(*moment)));
        }
        let mut weights: Vec<_> = cells.iter().map(|cell| cell.family_weight).collect();
        assert!(weights.iter().sum::<f64>() <= 1.0, "{weights:?}");
        weights.sort_by(f64::total_cmp);
        weights.dedup();
        assert_eq!(weights.len(), cells.len());
    }
}

#[test]
fn a_block_declares_the_sampling_probability_as_its_floor() {
    let cells = history(&["1"]);
    let block = Block::declare(&cells[0], day(2).date(), 0.25);
    assert_eq!((block.cell.as_str(), block.day), ("a/small/1", day(2).date()));
    assert_eq!((block.pi_floor, block.rho, block.eta), (0.25, 1.0, 1.0));
}

/// What was learnt of calls that may still be in a unit of the day, or of the day's own, is not used on it.
#[test]
fn a_judge_counts_beside_labels_by_what_was_over_before_the_day_began() {
    let corrected = Cell { mode: Mode::PPI, ..history(&["1"]).remove(0) };
    let eta = |learnt: Option<i64>| {
        let learnt = learnt.map(|until| Learnt { eta: 0.75, until: day(until).date() });
        Block::declare(&corrected, day(9).date(), 1.0).trusting(learnt).eta
    };
    assert_eq!(eta(None), 0.0, "nothing is known yet");
    assert_eq!([3, 7].map(|until| eta(Some(until))), [0.75, 0.75]);
    assert_eq!([8, 9, 12].map(|until| eta(Some(until))), [0.0; 3]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn whatever_pipelines_come_the_family_spends_no_more_than_it_has(
        pipelines in proptest::collection::vec(
            (0..5_i64, proptest::collection::vec((0..4_u8, 0..3_u8, 0..3_u8), 0..6)), 1..20),
    ) {
        let mut cells: Vec<Cell> = Vec::new();
        for (moment, pipeline) in &pipelines {
            let definitions: Vec<_> = pipeline.iter().map(|(category, candidate, digest)| {
                definition(&category.to_string(), &candidate.to_string(), &digest.to_string())
            }).collect();
            let opened = epoch::open(&cells, &definitions, day(*moment));
            cells.extend(opened);
        }
        let spent: f64 = cells.iter().map(|cell| cell.family_weight).sum();
        prop_assert!(spent <= 1.0 + 1e-12);
        prop_assert!(cells.iter().all(|cell| cell.family_weight > 0.0));
        let mut names: Vec<_> = cells.iter().map(|cell| &cell.cell).collect();
        names.sort();
        names.dedup();
        prop_assert_eq!(names.len(), cells.len());
    }
}

#[test]
fn replies_are_poured_into_a_cell_that_has_paid_for_every_look_before() {
    let pour = |cells: &[Cell], digest: &str| {
        epoch::pour(cells, &definition("a", "small", digest), day(9))
    };
    assert_eq!(pour(&[], "1"), None, "there is no reply yet");
    let mut cells = history(&["1"]);
    assert_eq!(pour(&cells, "1"), None, "nothing changed");
    let Some(epoch::Poured::Fresh(second)) = pour(&cells, "2") else { panic!("no new epoch") };
    assert_eq!((second.epoch, second.restarts), (2, 1));
    assert_eq!(second.family_weight, family::later_weight(1.try_into().unwrap()));
    cells.push(second.clone());
    assert_eq!(pour(&cells, "2"), Some(epoch::Poured::Open(second)), "and again later");
    assert_eq!(epoch::open(&cells, &[definition("a", "small", "2")], day(9)), [], "traffic joins");
    assert_eq!(pour(&history(&["1", "1"]), "1"), None, "what was started again forgets");
    // What a worker opened for fresh traffic has not paid for a second look at old replies.
    let cells = history(&["1", "2"]);
    assert_eq!(cells[1].restarts, 0);
    let Some(epoch::Poured::Fresh(third)) = pour(&cells, "2") else { panic!("no new epoch") };
    assert_eq!((third.epoch, third.restarts), (3, 2));
}

#[test]
fn what_is_explored_costs_the_family_nothing_and_is_never_current() {
    let definitions = [definition("a", "small", "1")];
    let first = epoch::explore(&[], &definitions[0], day(0));
    assert_eq!((first.cell.as_str(), first.family_weight), ("a/small/replay-1", 0.0));
    let mut cells = vec![first];
    cells.push(epoch::explore(&cells, &definitions[0], day(0)));
    assert_eq!(cells[1].cell, "a/small/replay-2");
    assert!(epoch::current(&cells).is_empty());
    let opened = epoch::open(&cells, &definitions, day(1));
    assert_eq!((opened[0].cell.as_str(), opened[0].restarts), ("a/small/1", 0));
    assert_eq!(opened[0].family_weight, 0.5, "the first that may come before a gate");
}
