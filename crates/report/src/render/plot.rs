//! Plots as inline SVG: the interval of each cell against its bar, and its quality day by day.
//! Shapes only; every number in them stands beside them as text.

use crate::CellReport;
use confidence::Evidence;
use maud::{Markup, html};

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 26.0;
const DAYS_HEIGHT: f64 = 72.0;
const EDGE: f64 = 6.0;

/// The part of the quality axis that a cell's plots show.
#[derive(Clone, Copy)]
struct Axis {
    from: f64,
    to: f64,
}

impl Axis {
    /// Wide enough for everything that is drawn, and always for the bar with room around it.
    fn of(cell: &CellReport) -> Self {
        let evidence = &cell.evidence;
        let bar = 1.0 - evidence.tau;
        let bounds = [evidence.quality_lower, evidence.quality_upper, evidence.quality];
        let days = cell.quality_by_day.iter().map(|day| day.quality);
        let values = bounds.into_iter().flatten().chain(days).chain([bar - 0.05, bar + 0.05]);
        let (from, to) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(from, to), value| {
            (from.min(value), to.max(value))
        });
        Self { from, to }
    }

    fn along(self, value: f64, length: f64) -> f64 {
        let share = ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        EDGE + share * (length - 2.0 * EDGE)
    }

    fn x(self, value: f64) -> String {
        format!("{:.1}", self.along(value, WIDTH))
    }

    fn y(self, value: f64) -> String {
        format!("{:.1}", DAYS_HEIGHT - self.along(value, DAYS_HEIGHT))
    }
}

/// The interval of the cell's quality against its bar.
pub(super) fn interval(cell: &CellReport) -> Markup {
    let axis = Axis::of(cell);
    let evidence = &cell.evidence;
    let bar = axis.x(1.0 - evidence.tau);
    let view = format!("0 0 {WIDTH} {HEIGHT}");
    html! {
        svg class="interval" viewBox=(view) role="img" aria-label=(label(evidence)) {
            line class="axis" x1=(EDGE) x2=(WIDTH - EDGE) y1="13" y2="13" {}
            @if let (Some(lower), Some(upper)) = (evidence.quality_lower, evidence.quality_upper) {
                line class="range" x1=(axis.x(lower)) x2=(axis.x(upper)) y1="13" y2="13" {}
            }
            @if let Some(quality) = evidence.quality {
                circle class="mean" cx=(axis.x(quality)) cy="13" r="4.5" {}
            }
            line class="bar" x1=(bar) x2=(bar) y1="2" y2="24" {}
        }
    }
}

fn label(evidence: &Evidence) -> String {
    let quality = super::words::quality(evidence);
    format!("quality {quality} against the bar {}", super::words::bar(evidence))
}

/// The mean quality of the conversations of each day; the larger the dot, the more of them.
pub(super) fn days(cell: &CellReport) -> Markup {
    let axis = Axis::of(cell);
    let days = &cell.quality_by_day;
    let first = days.first().map_or(0, |day| day.day.0);
    let span = f64::from(days.last().map_or(0, |day| day.day.0) - first).max(1.0);
    let most = days.iter().map(|day| day.units).max().unwrap_or(1) as f64;
    let x = |day: i32| EDGE + f64::from(day - first) / span * (WIDTH - 2.0 * EDGE);
    let points = days.iter().map(|day| format!("{:.1},{}", x(day.day.0), axis.y(day.quality)));
    let points = points.collect::<Vec<_>>().join(" ");
    let bar = axis.y(1.0 - cell.evidence.tau);
    html! {
        svg class="days" viewBox=(format!("0 0 {WIDTH} {DAYS_HEIGHT}")) role="img"
            aria-label="mean quality by day" {
            line class="bar" x1=(EDGE) x2=(WIDTH - EDGE) y1=(bar) y2=(bar) {}
            polyline class="trend" points=(points) {}
            @for day in days {
                circle class="day" cx=(format!("{:.1}", x(day.day.0))) cy=(axis.y(day.quality))
                    r=(format!("{:.1}", 1.5 + 2.5 * (day.units as f64 / most).sqrt())) {
                    title { (day.day) ": " (format!("{:.3}", day.quality)) " in " (day.units) " conversations" }
                }
            }
        }
    }
}
