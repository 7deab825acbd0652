//! The figures of the mirror on, off, and off once more, side by side.

use crate::{felt::Round, load::Figures};

const RESAMPLES: usize = 10_000;
/// Where the tail is looked at: a quantile says nothing of how many calls are near it.
const SLOW_US: [f64; 3] = [150.0, 500.0, 1_000.0];

pub(crate) fn print(rounds: &[Round], direct: &Figures, others: &[(String, Figures)]) {
    println!(
        "{:<32} {:>9} {:>12} {:>9} {:>9}  slower than",
        "", "requests", "CPU us each", "p50 us", "p99 us"
    );
    row("direct", direct);
    row("mirror off", &together(rounds, |round| &round.off));
    row("control (off once more)", &together(rounds, |round| &round.control));
    row("mirror on", &together(rounds, |round| &round.on));
    for (name, figures) in others {
        row(name, figures);
    }
    println!(
        "\nto mirror off, geometric mean over {} rounds, and the upper bound of 95 %:",
        rounds.len()
    );
    let figures: [(&str, &str, fn(&Figures) -> f64); 3] = [
        ("CPU per request", "target: mean at most 1.15", Figures::cpu_us),
        ("p99", "target: bound at most 1.05", |figures| figures.quantile(0.99)),
        ("p99, usual turn", "the same", Figures::usual_p99),
    ];
    for (name, target, of) in figures {
        ratio(name, target, rounds.iter().map(|round| of(&round.on) / of(&round.off)).collect());
        ratio(
            "  control",
            "",
            rounds.iter().map(|round| of(&round.control) / of(&round.off)).collect(),
        );
    }
}

fn ratio(name: &str, target: &str, by_round: Vec<f64>) {
    let (mean, bound) = (mean(&by_round), upper_bound(&by_round));
    let rounds: Vec<_> = by_round.iter().map(|ratio| format!("{ratio:.2}")).collect();
    println!("{name:<16} {mean:.3}  (bound {bound:.3})  {};  {target}", rounds.join(" "));
}

fn row(name: &str, figures: &Figures) {
    let cpu = if figures.cpu_nanos == 0 { "-".into() } else { format!("{:.2}", figures.cpu_us()) };
    let (p50, p99) = (figures.quantile(0.5), figures.quantile(0.99));
    let slower = SLOW_US.map(|limit| format!("{limit:.0} us: {:.2} %", figures.slower_than(limit)));
    let (requests, slower) = (figures.latency_us.len(), slower.join(", "));
    println!("{name:<32} {requests:>9} {cpu:>12} {p50:>9.0} {p99:>9.0}  {slower}");
}

fn together(rounds: &[Round], of: fn(&Round) -> &Figures) -> Figures {
    let mut all = Figures::default();
    rounds.iter().for_each(|round| all.add(of(round).clone()));
    all
}

fn mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}

/// The 95th percentile of the mean over rounds drawn with replacement.
fn upper_bound(ratios: &[f64]) -> f64 {
    let mut state = 0x5eed_u64;
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ratios[(state >> 33) as usize % ratios.len()]
    };
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| mean(&(0..ratios.len()).map(|_| draw()).collect::<Vec<_>>()))
        .collect();
    means.sort_by(f64::total_cmp);
    means[RESAMPLES * 95 / 100]
}
