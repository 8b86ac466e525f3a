//! Lines: how means go, and with a band of a standard deviation to both sides how far values lie apart.

use super::frame::Frame;
use super::label::{LINE_PX, apart, widest_px};
use super::number::spread;
use super::scale::Axis;
use super::{Caption, Figure, LINE_AXIS_PX, MARGIN_PX, WIDTH_PX, look, stroke, tip, words};
use crate::output::markup::{Element, px};
use crate::stats::Spread;

/// A line for each of some series; each has its name at its end.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::output) struct Lines {
    pub(in crate::output) caption: Caption,
    pub(in crate::output) x: Axis,
    pub(in crate::output) y: Axis,
    /// Each keeps its colour and dashes by its number.
    pub(in crate::output) series: Vec<Series>,
    /// What could be at best, if that is known.
    pub(in crate::output) ideal: Vec<(f64, f64)>,
    /// Whether each line has its band: between many lines that cross, nobody sees them.
    pub(in crate::output) has_bands: bool,
    /// Decimals of the values that a pointer is told.
    pub(in crate::output) decimals: usize,
}

/// Values over a measure.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::output) struct Series {
    pub(in crate::output) name: String,
    /// How many values each mean is of.
    pub(in crate::output) values: usize,
    /// In the order of the measure.
    pub(in crate::output) points: Vec<(f64, Spread)>,
}

const HEIGHT_PX: f64 = 240.0;
const TOP_PX: f64 = 30.0;
/// From the end of a line to its name.
const LEAD_PX: f64 = 14.0;

impl Series {
    /// What its line and its band reach within the axis.
    pub(in crate::output) fn reach(&self, x: &Axis) -> impl Iterator<Item = f64> {
        let seen = self.points.iter().filter(|(at, _)| x.has(*at));
        seen.flat_map(|(_, Spread { mean, sd })| [mean - sd, mean + sd])
    }

    /// What its line reaches within the axis.
    pub(in crate::output) fn means(&self, x: &Axis) -> impl Iterator<Item = f64> {
        self.points.iter().filter(|(at, _)| x.has(*at)).map(|(_, spread)| spread.mean)
    }
}

impl Lines {
    pub(in crate::output) fn draw(&self) -> Figure {
        let (across, upwards) = (self.x.ticks(6), self.y.ticks(6));
        let names = widest_px(self.series.iter().map(|series| series.name.as_str()));
        let frame = Frame {
            left: MARGIN_PX + widest_px(upwards.iter().map(|tick| tick.text.as_str())) + 6.0,
            right: WIDTH_PX - names - LEAD_PX - MARGIN_PX,
            top: TOP_PX,
            bottom: TOP_PX + HEIGHT_PX,
        };
        let mut drawing = frame.upwards(&self.y, &upwards);
        drawing.extend(frame.across(&self.x, &across));
        drawing.push(stroke("ground", (frame.left, frame.bottom), (frame.right, frame.bottom)));
        if !self.ideal.is_empty() {
            drawing.push(path("ideal", &self.places(&frame, self.ideal.iter().copied())));
        }
        // The first lies on top.
        for (number, series) in self.series.iter().enumerate().rev() {
            drawing.extend(self.line(&frame, number, series));
        }
        drawing.extend(self.names(&frame));
        drawing.extend(self.columns(&frame));
        Figure {
            caption: self.caption.clone(),
            height_px: frame.bottom + 2.0 * LINE_AXIS_PX + MARGIN_PX,
            description: format!("{}. {}", self.caption.note.trim_end_matches('.'), self.ends_told()),
            drawing,
        }
    }

    /// Of what lies within the axes.
    fn places(&self, frame: &Frame, points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
        let (least, most) = self.y.ends();
        let seen = points.filter(|(x, _)| self.x.has(*x));
        seen.map(|(x, y)| (frame.x(&self.x, x), frame.y(&self.y, y.clamp(least, most)))).collect()
    }

    fn line(&self, frame: &Frame, number: usize, series: &Series) -> Vec<Element> {
        let edge = |side: f64| {
            let points = series.points.iter();
            self.places(frame, points.map(move |(x, Spread { mean, sd })| (*x, mean + side * sd)))
        };
        let line = path(&format!("line {}", look(number)), &edge(0.0));
        if series.values < 2 || !self.has_bands {
            return vec![line];
        }
        let mut band = edge(1.0);
        band.extend(edge(-1.0).into_iter().rev());
        vec![path(&format!("band {}", look(number)), &band), line]
    }

    /// Each series' name beside its end, from top to bottom.
    fn names(&self, frame: &Frame) -> Vec<Element> {
        let mut ends = Vec::new();
        for (number, series) in self.series.iter().enumerate() {
            let means = series.points.iter().map(|(x, spread)| (*x, spread.mean));
            ends.extend(self.places(frame, means).last().map(|(x, y)| (*y, *x, number, series)));
        }
        ends.sort_by(|one, other| one.0.total_cmp(&other.0));
        let wanted: Vec<f64> = ends.iter().map(|(y, ..)| *y).collect();
        let places = apart(&wanted, LINE_PX - 2.0, frame.top, frame.bottom);
        let named = ends.into_iter().zip(places).flat_map(|((y, x, number, series), place)| {
            let lead = stroke(format!("lead {}", look(number)), (x, y), (frame.right + LEAD_PX - 3.0, place));
            [lead, words(&series.name, "", frame.right + LEAD_PX, place + 4.5)]
        });
        named.collect()
    }

    /// What a pointer is told, wherever it is: all series' values there, from high to low.
    fn columns(&self, frame: &Frame) -> Vec<Element> {
        let mut at: Vec<f64> =
            self.series.iter().flat_map(|series| &series.points).map(|(x, _)| *x).collect();
        at.retain(|x| self.x.has(*x));
        at.sort_by(f64::total_cmp);
        at.dedup();
        let middle = |one: f64, other: f64| (frame.x(&self.x, one) + frame.x(&self.x, other)) / 2.0;
        let column = |(number, x): (usize, &f64)| {
            let left = number.checked_sub(1).map_or(frame.left, |before| middle(at[before], *x));
            let right = at.get(number + 1).map_or(frame.right, |next| middle(*x, *next));
            let rect = Element::new("rect").class("hover").px("x", left).px("y", frame.top);
            rect.px("width", right - left).px("height", HEIGHT_PX).child(tip(self.told(*x)))
        };
        at.iter().enumerate().map(column).collect()
    }

    fn told(&self, x: f64) -> String {
        let mut values: Vec<(f64, String)> = Vec::new();
        for series in &self.series {
            if let Some((_, Spread { mean, sd })) = series.points.iter().find(|(at, _)| *at == x) {
                let value = spread(*mean, *sd, series.values, self.decimals);
                values.push((*mean, format!("\n{} {value}", series.name)));
            }
        }
        values.sort_by(|one, other| other.0.total_cmp(&one.0));
        let values: String = values.into_iter().map(|(_, value)| value).collect();
        format!("{}: {}{values}", self.x.title, px(x))
    }

    fn ends_told(&self) -> String {
        let told = |series: &Series| {
            let (x, Spread { mean, sd }) = series.points.iter().rfind(|(x, _)| self.x.has(*x))?;
            let value = spread(*mean, *sd, series.values, self.decimals);
            Some(format!("{} ends with {value} at {}", series.name, px(*x)))
        };
        self.series.iter().filter_map(told).collect::<Vec<_>>().join("; ")
    }
}

fn path(class: &str, places: &[(f64, f64)]) -> Element {
    let step = |(number, (x, y)): (usize, &(f64, f64))| {
        format!("{}{} {}", if number == 0 { "M" } else { "L" }, px(*x), px(*y))
    };
    let steps: String = places.iter().enumerate().map(step).collect();
    Element::new("path").class(class).with("d", steps)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn a_line_has_its_band_its_name_and_what_a_pointer_is_told() {
        let point = |x: f64, mean: f64| (x, Spread { mean, sd: 1.0 });
        let series =
            Series { name: "fgd".into(), values: 2, points: vec![point(0.0, 2.0), point(10.0, 8.0)] };
        let figure = Lines {
            caption: Caption::new("tiny", "A < B", "Up."),
            x: Axis::linear("x", 0.0, 10.0),
            y: Axis::linear("y", 0.0, 10.0),
            series: vec![series],
            ideal: vec![(0.0, 0.0), (10.0, 10.0)],
            has_bands: true,
            decimals: 1,
        };
        assert_snapshot!(figure.draw().inline(), @r#"
<svg viewBox="0 0 460 316" role="img" aria-labelledby="tiny-title tiny-description" id="tiny">
 <title id="tiny-title">A &lt; B</title>
 <desc id="tiny-description">Up. fgd ends with 8.0 ±1.0 at 10</desc>
 <text x="10" y="18" class="quiet">y</text>
 <line class="grid" x1="31.6" y1="270" x2="412.6" y2="270"></line>
 <text x="25.6" y="274.5" class="quiet end">0</text>
 <line class="grid" x1="31.6" y1="222" x2="412.6" y2="222"></line>
 <text x="25.6" y="226.5" class="quiet end">2</text>
 <line class="grid" x1="31.6" y1="174" x2="412.6" y2="174"></line>
 <text x="25.6" y="178.5" class="quiet end">4</text>
 <line class="grid" x1="31.6" y1="126" x2="412.6" y2="126"></line>
 <text x="25.6" y="130.5" class="quiet end">6</text>
 <line class="grid" x1="31.6" y1="78" x2="412.6" y2="78"></line>
 <text x="25.6" y="82.5" class="quiet end">8</text>
 <line class="grid" x1="31.6" y1="30" x2="412.6" y2="30"></line>
 <text x="25.6" y="34.5" class="quiet end">10</text>
 <line class="grid" x1="31.6" y1="30" x2="31.6" y2="270"></line>
 <text x="31.6" y="288" class="quiet middle">0</text>
 <line class="grid" x1="107.8" y1="30" x2="107.8" y2="270"></line>
 <text x="107.8" y="288" class="quiet middle">2</text>
 <line class="grid" x1="184" y1="30" x2="184" y2="270"></line>
 <text x="184" y="288" class="quiet middle">4</text>
 <line class="grid" x1="260.2" y1="30" x2="260.2" y2="270"></line>
 <text x="260.2" y="288" class="quiet middle">6</text>
 <line class="grid" x1="336.4" y1="30" x2="336.4" y2="270"></line>
 <text x="336.4" y="288" class="quiet middle">8</text>
 <line class="grid" x1="412.6" y1="30" x2="412.6" y2="270"></line>
 <text x="412.6" y="288" class="quiet middle">10</text>
 <text x="412.6" y="306" class="quiet end">x</text>
 <line class="ground" x1="31.6" y1="270" x2="412.6" y2="270"></line>
 <path class="ideal" d="M31.6 270L412.6 30"></path>
 <path class="band c0" d="M31.6 198L412.6 54L412.6 102L31.6 246"></path>
 <path class="line c0" d="M31.6 222L412.6 78"></path>
 <line class="lead c0" x1="412.6" y1="78" x2="423.6" y2="78"></line>
 <text x="426.6" y="82.5">fgd</text>
 <rect class="hover" x="31.6" y="30" width="190.5" height="240">
  <title>x: 0
fgd 2.0 ±1.0</title>
 </rect>
 <rect class="hover" x="222.1" y="30" width="190.5" height="240">
  <title>x: 10
fgd 8.0 ±1.0</title>
 </rect>
</svg>
"#);
    }
}
