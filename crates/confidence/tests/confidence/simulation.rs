//! The operating characteristics, in short: what a right implementation keeps, and a wrong one
//! cannot. `foreshadow simulate-gate --full` plays the long ones.

use confidence::simulation::{EXPERIMENTS, Effort, Finding, Role, Verdict};

const SEED: u64 = 20_261_127;

#[test]
fn every_promise_is_kept_and_every_wrong_rule_is_found_out() {
    let mut ours = 0;
    for experiment in EXPERIMENTS {
        let mut ticks = 0;
        let found = experiment.play(SEED, Effort::Short, &mut || ticks += 1).unwrap();
        assert_eq!(ticks, experiment.ticks(Effort::Short), "{}", experiment.name);
        for finding in &found {
            check(experiment.name, finding);
        }
        ours += found.iter().filter(|finding| finding.role == Role::Ours).count();
    }
    assert!(ours >= 35, "{ours} findings");
}

#[test]
fn the_same_seed_gives_the_same_findings_and_another_gives_others() {
    let experiment = EXPERIMENTS.into_iter().find(|it| it.name == "late failures").unwrap();
    let play = |seed| experiment.play(seed, Effort::Short, &mut || ()).unwrap();
    assert_eq!(play(1), play(1));
    assert_ne!(play(1), play(2));
}

fn check(experiment: &str, finding: &Finding) {
    let Finding { what, bound, measured, .. } = finding;
    // A control that is not found out means that the experiment can tell nothing.
    let allowed = match finding.role {
        Role::Ours => [Verdict::Kept, Verdict::Unclear],
        Role::Control => [Verdict::Kept, Verdict::Kept],
    };
    let verdict = finding.verdict();
    assert!(allowed.contains(&verdict), "{experiment}: {what}: {measured:?}, bound {bound}");
}
