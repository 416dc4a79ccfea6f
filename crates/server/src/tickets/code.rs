//! A ticket's QR code: its squares, and the picture of them for screens. Paper draws the squares itself.

use fast_qr::{ECL, QRBuilder, qr::QRCodeError};
use std::fmt::Write as _;

/// The light margin that the standard (ISO/IEC 18004) asks for, in squares.
const QUIET: usize = 4;

/// The squares of a code, row by row.
pub struct Code {
    side: usize,
    dark: Vec<bool>,
}

impl Code {
    /// Draws a text. Level M survives a scratched screen and a folded page.
    pub fn of(text: &str) -> Result<Self, QRCodeError> {
        let code = QRBuilder::new(text).ecl(ECL::M).build()?;
        let dark = (0..code.size)
            .flat_map(|row| code[row][..code.size].iter().map(|square| square.value()))
            .collect();
        let side = code.size;
        Ok(Self { side, dark })
    }

    /// Squares along one side, without a margin.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The runs of dark squares: row, first column, how many.
    pub fn runs(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.dark
            .chunks(self.side)
            .enumerate()
            .flat_map(|(row, squares)| runs(squares).map(move |(from, many)| (row, from, many)))
    }

    /// A picture of any size, with the margin, black on white whatever lies behind it.
    pub fn svg(&self) -> String {
        let all = self.side + 2 * QUIET;
        let mut path = String::with_capacity(self.dark.len() * 6);
        for (row, from, many) in self.runs() {
            // Writing to a string does not fail.
            let _ = write!(path, "M{} {}h{many}v1h-{many}z", from + QUIET, row + QUIET);
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {all} {all}\" width=\"240\" height=\"240\" \
             shape-rendering=\"crispEdges\"><path d=\"M0 0h{all}v{all}H0z\" fill=\"#fff\"/><path d=\"{path}\"/></svg>"
        )
    }
}

fn runs(squares: &[bool]) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = at + squares[at..].iter().position(|dark| *dark)?;
        let many = squares[from..].iter().take_while(|dark| **dark).count();
        at = from + many;
        Some((from, many))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a scanner reads from the picture's squares, drawn some pixels wide.
    fn scanned(code: &Code) -> String {
        const PIXELS: usize = 4;
        let all = (code.side() + 2 * QUIET) * PIXELS;
        let mut picture = vec![255_u8; all * all];
        for (row, from, many) in code.runs() {
            for y in (row + QUIET) * PIXELS..(row + QUIET + 1) * PIXELS {
                let x = (from + QUIET) * PIXELS;
                picture[y * all + x..y * all + x + many * PIXELS].fill(0);
            }
        }
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(all, all, |x, y| picture[y * all + x]);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    #[test]
    fn a_scanner_reads_what_was_drawn() {
        for length in [1, 240] {
            let text: String = ('A'..='Z').cycle().take(length).collect();
            assert_eq!(scanned(&Code::of(&text).unwrap()), text);
        }
    }

    #[test]
    fn the_picture_has_every_dark_square_once() {
        let code = Code::of("MT1.TICKET").unwrap();
        let drawn: usize = code.runs().map(|(_, _, many)| many).sum();
        assert_eq!(drawn, code.dark.iter().filter(|dark| **dark).count());
        assert_eq!(code.svg().matches('M').count(), code.runs().count() + 1);
    }

    #[test]
    fn a_text_that_fits_no_code_is_refused() {
        assert!(Code::of(&"x".repeat(5_000)).is_err());
    }
}
