//! Curves as SVG: lines over two axes, each linear or logarithmic.
//!
//! The pictures bring their own light background, so that they read the same on a dark page.

use crate::report::thousands;
use serde::Serialize;
use std::fmt::Write;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 180.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 60.0;
/// Told apart also by people who see few colours (Okabe and Ito).
const COLOURS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#7b4fa3", "#a66f00", "#444444",
];

#[derive(Serialize)]
pub struct Plot {
    /// The file's name.
    pub file: String,
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
}

#[derive(Serialize, Clone)]
pub struct Axis {
    /// With its unit.
    pub label: String,
    pub logarithmic: bool,
}

#[derive(Serialize)]
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// What an axis is about.
pub fn linear(label: &str) -> Axis {
    axis(label, false)
}

/// One whose steps are powers of ten.
pub fn logarithmic(label: &str) -> Axis {
    axis(label, true)
}

fn axis(label: &str, logarithmic: bool) -> Axis {
    Axis {
        label: label.into(),
        logarithmic,
    }
}

pub fn line(name: &str, points: Vec<(f64, f64)>) -> Line {
    Line {
        name: name.into(),
        points,
    }
}

/// An axis laid out: what it covers and where it has marks.
struct Scale {
    from: f64,
    to: f64,
    logarithmic: bool,
    marks: Vec<f64>,
}

impl Scale {
    fn of(axis: &Axis, values: impl Iterator<Item = f64> + Clone) -> Self {
        let most = values.clone().fold(0.0, f64::max);
        if axis.logarithmic {
            let least = values.filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
            let least = if least.is_finite() { least } else { 1.0 };
            let (from, to) = (least.log10().floor(), most.max(least).log10().ceil());
            let to = to.max(from + 1.0);
            let marks = (0..=(to - from) as i32).map(|n| 10_f64.powf(from + f64::from(n)));
            return Self {
                from,
                to,
                logarithmic: true,
                marks: marks.collect(),
            };
        }
        let rough = (most / 5.0).max(1e-9);
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|n| n * power)
            .find(|step| *step >= rough)
            .unwrap_or(power * 10.0);
        let steps = (most / step).ceil().max(1.0);
        Self {
            from: 0.0,
            to: steps * step,
            logarithmic: false,
            marks: (0..=steps as i32).map(|n| f64::from(n) * step).collect(),
        }
    }

    /// Where a value lies between the axis' ends, 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let value = if self.logarithmic {
            value.max(1e-12).log10()
        } else {
            value
        };
        ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }
}

impl Plot {
    pub fn svg(&self) -> String {
        let points = self.lines.iter().flat_map(|line| line.points.iter());
        let across = Scale::of(&self.x, points.clone().map(|point| point.0));
        let up = Scale::of(&self.y, points.map(|point| point.1));
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let x = |value| LEFT + across.place(value) * (right - LEFT);
        let y = |value| bottom - up.place(value) * (bottom - TOP);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#222\">\n\
             <title>{}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#fcfcf9\"/>\n\
             <text x=\"{LEFT}\" y=\"28\" font-size=\"16\" font-weight=\"600\">{}</text>\n",
            escaped(&self.title),
            escaped(&self.title)
        );
        // Writing to a string cannot fail.
        for mark in &across.marks {
            let at = x(*mark);
            let _ = writeln!(
                out,
                "<path d=\"M{at:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/><text x=\"{at:.1}\" y=\"{:.1}\" \
                 text-anchor=\"middle\">{}</text>",
                bottom + 20.0,
                number(*mark)
            );
        }
        for mark in &up.marks {
            let at = y(*mark);
            let _ = writeln!(
                out,
                "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" \
                 text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                at + 4.5,
                number(*mark)
            );
        }
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"#555\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n\
             <text transform=\"translate(20 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(LEFT, right),
            HEIGHT - 16.0,
            escaped(&self.x.label),
            f64::midpoint(TOP, bottom),
            escaped(&self.y.label)
        );
        for (at, line) in self.lines.iter().enumerate() {
            draw(&mut out, line, at, right, &x, &y);
        }
        out.push_str("</svg>\n");
        out
    }
}

fn draw(
    out: &mut String,
    line: &Line,
    number: usize,
    right: f64,
    x: &dyn Fn(f64) -> f64,
    y: &dyn Fn(f64) -> f64,
) {
    let colour = COLOURS[number % COLOURS.len()];
    let places: Vec<(f64, f64)> = line.points.iter().map(|(a, b)| (x(*a), y(*b))).collect();
    let path: Vec<String> = places
        .iter()
        .map(|(x, y)| format!("{x:.1} {y:.1}"))
        .collect();
    let _ = writeln!(
        out,
        "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
        path.join("L")
    );
    for (x, y) in places {
        let _ = writeln!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
        );
    }
    let at = TOP + 8.0 + number as f64 * 22.0;
    let _ = writeln!(
        out,
        "<path d=\"M{:.1} {at:.1}h18\" stroke=\"{colour}\" stroke-width=\"3\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        right + 14.0,
        right + 38.0,
        at + 4.5,
        escaped(&line.name)
    );
}

fn number(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{} M", (v / 1e5).round() / 10.0),
        v if v >= 1.0 && (v - v.round()).abs() < 1e-9 => thousands(v),
        v => format!("{}", (v * 1e6).round() / 1e6),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_numbers_around_the_values() {
        let scale = Scale::of(&linear("x"), [3.0, 87.0].into_iter());
        assert_eq!(scale.marks, [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert!((scale.place(50.0) - 0.5).abs() < 1e-9);
        let scale = Scale::of(&logarithmic("x"), [1.0, 512.0].into_iter());
        assert_eq!(scale.marks.len(), 4);
        assert!((scale.place(10.0) - 1.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_picture_names_its_axes_and_lines() {
        let plot = Plot {
            file: "x.svg".into(),
            title: "a & b".into(),
            x: logarithmic("connections"),
            y: linear("holds per second (1/s)"),
            lines: vec![line("SQLite", vec![(1.0, 5.0), (10.0, 7.0)])],
        };
        let svg = plot.svg();
        for part in ["a &amp; b", ">connections<", "(1/s)", ">SQLite<"] {
            assert!(svg.contains(part), "{part}");
        }
    }
}
