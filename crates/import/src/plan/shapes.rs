//! What a plan draws but does not sell: walls, stages, words.
//!
//! A shape's place is relative to its zone, its points and words relative to the shape, and its rotation turns all of it
//! round its place; a seat map keeps everything absolute. Shapes that lack the member their `shape` needs are valid by
//! the schema and draw nothing.

use super::{
    color::css_hex,
    geometry::{LIMIT, Spot, exact, snap, turn},
};
use crate::walk::{At, Members, SHORT};
use matinee_domain::seat_map::{Decoration, Label, Point};

/// Most shapes of a plan.
pub(crate) const MAX_SHAPES: usize = 5_000;
/// Most points of one outline.
const MAX_POINTS: usize = 10_000;
/// Longest words on a plan.
const MAX_WORDS: usize = 1_000;
/// Largest writing.
const MAX_SIZE: f64 = 1_000.0;

/// Where and how a shape stands.
struct Frame {
    spot: Spot,
    rotation: f64,
    color: String,
    border_color: String,
}

impl Frame {
    fn absolute(&self, relative: Spot) -> Spot {
        self.spot.plus(relative.turned(self.rotation))
    }
}

/// The members of a shape that say what to draw, each checked whether it is drawn or not.
struct Drawn {
    polygon: Option<Vec<Spot>>,
    rectangle: Option<(f64, f64)>,
    circle: Option<f64>,
    ellipse: Option<Spot>,
    text: Option<Words>,
}

struct Words {
    text: String,
    color: String,
    size: f64,
    spot: Spot,
}

/// A shape, or `Some(None)` for one that draws nothing.
#[expect(
    clippy::option_option,
    reason = "nothing to draw and wrong are different answers"
)]
pub(crate) fn read(at: &At<'_>, origin: Spot) -> Option<Option<Decoration>> {
    let known = [
        "color",
        "border_color",
        "rotation",
        "position",
        "uuid",
        "shape",
        "polygon",
        "rectangle",
        "ellipse",
        "circle",
        "text",
    ];
    let area = at.object(&known)?;
    let color = |name| area.or(name, String::new(), |at| Some(css_hex(at.text(SHORT)?)));
    let (fill, border) = (color("color"), color("border_color"));
    area.may("uuid", |at| at.text(SHORT).map(|_| ()))?;
    let rotation = area.or("rotation", 0.0, |at| Some(turn(at.number()?)));
    let spot = area.or("position", Spot::default(), Spot::read);
    let shape = area.may("shape", |at| match at.text(SHORT)? {
        shape @ ("polygon" | "rectangle" | "ellipse" | "circle" | "text") => Some(shape.to_owned()),
        _ => {
            at.refuse("\"polygon\", \"rectangle\", \"ellipse\", \"circle\" or \"text\" is expected")
        }
    });
    let drawn = read_members(&area);
    let spot = origin.plus(spot?).within(at)?;
    let frame = Frame {
        spot,
        rotation: rotation?,
        color: fill?,
        border_color: border?,
    };
    let shape = shape?;
    let decoration = draw(shape.as_deref(), &frame, &drawn?);
    if decoration
        .as_ref()
        .is_some_and(|decoration| !drawable(decoration))
    {
        return at.refuse(format!("reaches farther than {LIMIT} from the origin"));
    }
    Some(decoration)
}

fn read_members(area: &Members<'_>) -> Option<Drawn> {
    let extent = |at: &At<'_>| at.number_in(0.0, LIMIT);
    let polygon = area.may("polygon", |at| {
        at.object(&["points"])?
            .must("points", |at| at.list(MAX_POINTS, Spot::read))
    });
    let rectangle = area.may("rectangle", |at| {
        let members = at.object(&["width", "height"])?;
        // Both are optional in the schema; without them there is nothing to see.
        let (width, height) = (
            members.or("width", 0.0, extent),
            members.or("height", 0.0, extent),
        );
        Some((width?, height?))
    });
    let circle = area.may("circle", |at| {
        at.object(&["radius"])?.must("radius", extent)
    });
    let ellipse = area.may("ellipse", |at| {
        at.object(&["radius"])?.must("radius", |at| {
            let members = at.object(&["x", "y"])?;
            let (x, y) = (members.must("x", extent), members.must("y", extent));
            Some(Spot { x: x?, y: y? })
        })
    });
    let text = area.may("text", words);
    Some(Drawn {
        polygon: polygon?,
        rectangle: rectangle?,
        circle: circle?,
        ellipse: ellipse?,
        text: text?,
    })
}

fn words(at: &At<'_>) -> Option<Words> {
    let members = at.object(&["text", "color", "size", "position"])?;
    let text = members.must("text", |at| at.text(MAX_WORDS).map(str::to_owned));
    let color = members.or("color", String::new(), |at| Some(css_hex(at.text(SHORT)?)));
    let size = members.or("size", 16.0, |at| at.number_in(0.0, MAX_SIZE));
    let spot = members.must("position", Spot::read);
    Some(Words {
        text: text?,
        color: color?,
        size: size?,
        spot: spot?,
    })
}

/// The decoration of a shape; one without a `shape` is whatever its only member is.
fn draw(shape: Option<&str>, frame: &Frame, drawn: &Drawn) -> Option<Decoration> {
    let label = || drawn.text.as_ref().map(|words| write(frame, words));
    let (color, border_color) = (frame.color.clone(), frame.border_color.clone());
    let rotation = snap(frame.rotation);
    let is = |name: &str, there: bool| there && shape.is_none_or(|shape| shape == name);
    if let (true, Some(points)) = (is("polygon", drawn.polygon.is_some()), &drawn.polygon) {
        let absolute = |point: &Spot| point_of(frame.absolute(*point));
        let points: Vec<Point> = points.iter().map(absolute).collect();
        return (points.len() > 1).then(|| Decoration::Polygon {
            points,
            color,
            border_color,
            text: label(),
        });
    }
    if let (true, Some((width, height))) =
        (is("rectangle", drawn.rectangle.is_some()), drawn.rectangle)
    {
        let half = Spot {
            x: exact(snap(width)) / 2.0,
            y: exact(snap(height)) / 2.0,
        };
        let corner = frame.absolute(half).minus(half);
        let Point { x, y } = point_of(corner);
        let (width, height) = (snap(width), snap(height));
        return Some(Decoration::Rectangle {
            x,
            y,
            width,
            height,
            rotation,
            color,
            border_color,
            text: label(),
        });
    }
    let Point { x, y } = point_of(frame.spot);
    if let (true, Some(radius)) = (is("circle", drawn.circle.is_some()), drawn.circle) {
        return Some(Decoration::Circle {
            x,
            y,
            radius: snap(radius),
            color,
            border_color,
            text: label(),
        });
    }
    if let (true, Some(radius)) = (is("ellipse", drawn.ellipse.is_some()), drawn.ellipse) {
        let (radius_x, radius_y) = (snap(radius.x), snap(radius.y));
        return Some(Decoration::Ellipse {
            x,
            y,
            radius_x,
            radius_y,
            rotation,
            color,
            border_color,
            text: label(),
        });
    }
    // A shape without its member still shows its words.
    label().map(|text| Decoration::Text {
        x,
        y,
        rotation,
        text,
    })
}

fn point_of(spot: Spot) -> Point {
    Point {
        x: snap(spot.x),
        y: snap(spot.y),
    }
}

fn write(frame: &Frame, words: &Words) -> Label {
    let Point { x, y } = point_of(frame.absolute(words.spot));
    Label {
        text: words.text.clone(),
        x,
        y,
        color: words.color.clone(),
        size: snap(words.size),
    }
}

/// Turned and added up, a shape may still have left the sheet that numbers are exact on.
fn drawable(decoration: &Decoration) -> bool {
    let near = |x: f32, y: f32| f64::from(x).abs() <= LIMIT && f64::from(y).abs() <= LIMIT;
    let label_near =
        |text: &Option<Label>| text.as_ref().is_none_or(|label| near(label.x, label.y));
    match decoration {
        Decoration::Polygon { points, text, .. } => {
            points.iter().all(|point| near(point.x, point.y)) && label_near(text)
        }
        Decoration::Rectangle { x, y, text, .. }
        | Decoration::Circle { x, y, text, .. }
        | Decoration::Ellipse { x, y, text, .. } => near(*x, *y) && label_near(text),
        Decoration::Text { x, y, text, .. } => near(*x, *y) && near(text.x, text.y),
    }
}
