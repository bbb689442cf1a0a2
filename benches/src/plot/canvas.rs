//! The few shapes that plots need.

use std::fmt::Write as _;

const FONT: &str = "font-family=\"system-ui, sans-serif\"";

/// Where a text stands from its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// An SVG that is being written.
#[derive(Debug)]
pub(super) struct Canvas {
    svg: String,
}

type Point = (f64, f64);

impl Canvas {
    pub(super) fn new(width: f64, height: f64) -> Self {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" {FONT} font-size=\"13\" fill=\"#222222\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        );
        Self { svg }
    }

    pub(super) fn title(&mut self, text: &str, x: f64, y: f64) {
        let text = escaped(text);
        let _ok =
            writeln!(self.svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"17\" font-weight=\"600\">{text}</text>");
    }

    pub(super) fn strong(&mut self, text: &str, x: f64, y: f64) {
        let text = escaped(text);
        let _ok = writeln!(self.svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" font-weight=\"600\">{text}</text>");
    }

    pub(super) fn text(&mut self, text: &str, x: f64, y: f64, anchor: Anchor) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        let _ok = writeln!(self.svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
    }

    /// A text that reads upwards.
    pub(super) fn upright(&mut self, text: &str, x: f64, y: f64) {
        let text = escaped(text);
        let _ok = writeln!(
            self.svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 {x:.1} {y:.1})\">{text}</text>"
        );
    }

    pub(super) fn line(&mut self, from: Point, to: Point, colour: &str, weight: f64, dashed: bool) {
        self.path(&[from, to], colour, weight, dashed);
    }

    pub(super) fn path(&mut self, points: &[Point], colour: &str, weight: f64, dashed: bool) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dashes = if dashed { " stroke-dasharray=\"6 5\"" } else { "" };
        let _ok = writeln!(
            self.svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{weight}\" \
             stroke-linejoin=\"round\"{dashes}/>",
            points.join(" ")
        );
    }

    /// A point of a line: its shape tells lines apart that a reader's eyes or printer do not tell by colour.
    pub(super) fn mark(&mut self, (x, y): Point, kind: usize, colour: &str) {
        let corners = |corners: &[Point]| {
            let points: Vec<_> = corners.iter().map(|(dx, dy)| format!("{:.1},{:.1}", x + dx, y + dy)).collect();
            format!("<polygon points=\"{}\"", points.join(" "))
        };
        let shape = match kind % 4 {
            0 => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\""),
            1 => corners(&[(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)]),
            2 => corners(&[(0.0, -5.5), (5.0, 4.0), (-5.0, 4.0)]),
            _ => corners(&[(0.0, -5.5), (5.5, 0.0), (0.0, 5.5), (-5.5, 0.0)]),
        };
        let _ok = writeln!(self.svg, "{shape} fill=\"{colour}\" stroke=\"#ffffff\"/>");
    }

    /// A bar; one that is cut ends in a jag.
    pub(super) fn bar(&mut self, (x, y): Point, (width, height): Point, colour: &str, cut: bool) {
        let _ok = writeln!(
            self.svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
        );
        if cut {
            let end = x + width - 14.0;
            let jag = [
                (end - 4.0, y + height + 1.0),
                (end + 1.0, y + height / 2.0),
                (end - 4.0, y + height / 2.0),
                (end + 1.0, y - 1.0),
            ];
            self.path(&jag, "#ffffff", 4.0, false);
        }
    }

    pub(super) fn finish(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
