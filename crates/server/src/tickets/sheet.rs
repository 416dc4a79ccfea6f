//! A printed document: pages of text and shapes, in the standard Helvetica that every reader has.
//!
//! A page is about 3 kB; letters outside Windows-1252 become `?` (the screen shows them). An embedded font would lift
//! that at some 100 kB a document.

use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str};

pub(super) const REGULAR: &[u8] = b"R";
pub(super) const BOLD: &[u8] = b"B";

/// Width and height in points, margin included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub width: f32,
    pub height: f32,
    pub margin: f32,
}

/// A document of these pages.
pub(super) fn document(size: Size, pages: &[Vec<u8>]) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let (catalog, tree, regular, bold) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4));
    let page = |index: usize| Ref::new(5 + 2 * index as i32);
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree)
        .kids((0..pages.len()).map(page))
        .count(pages.len() as i32);
    for (font, name) in [(regular, &b"Helvetica"[..]), (bold, b"Helvetica-Bold")] {
        pdf.type1_font(font)
            .base_font(Name(name))
            .encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (index, content) in pages.iter().enumerate() {
        let content_id = Ref::new(page(index).get() + 1);
        let mut out = pdf.page(page(index));
        out.parent(tree)
            .media_box(Rect::new(0.0, 0.0, size.width, size.height))
            .contents(content_id);
        let mut resources = out.resources();
        resources
            .fonts()
            .pair(Name(REGULAR), regular)
            .pair(Name(BOLD), bold);
        resources.finish();
        out.finish();
        pdf.stream(content_id, content);
    }
    pdf.finish()
}

/// A page being written, from its top down.
pub(super) struct Sheet {
    pub content: Content,
    pub size: Size,
    /// The lowest line so far, in points from the bottom.
    pub y: f32,
}

impl Sheet {
    pub fn new(size: Size) -> Self {
        Self {
            content: Content::new(),
            size,
            y: size.height - size.margin,
        }
    }

    pub fn finish(self) -> Vec<u8> {
        self.content.finish().to_vec()
    }

    /// A line of its own.
    pub fn line(&mut self, font: &[u8], points: f32, text: &str) {
        self.y -= points * 1.25;
        self.text(font, points, self.size.margin, text);
    }

    /// A line with an amount at its right end.
    pub fn entry(&mut self, font: &[u8], points: f32, text: &str, amount: &str) {
        self.line(font, points, text);
        let x = self.size.width - self.size.margin - width_of_number(amount) * points;
        self.text(font, points, x, amount);
    }

    /// A thin line across the page.
    pub fn rule(&mut self) {
        self.y -= 6.0;
        let (left, right) = (self.size.margin, self.size.width - self.size.margin);
        self.content
            .set_line_width(0.5)
            .move_to(left, self.y)
            .line_to(right, self.y)
            .stroke();
        self.y -= 2.0;
    }

    fn text(&mut self, font: &[u8], points: f32, x: f32, text: &str) {
        let bytes = win_ansi(text);
        self.content
            .begin_text()
            .set_font(Name(font), points)
            .next_line(x, self.y)
            .show(Str(&bytes))
            .end_text();
    }
}

/// How wide digits, their signs and, nearly, capitals are, in parts of the size: the same in both weights (Adobe's metrics of Helvetica).
fn width_of_number(text: &str) -> f32 {
    let width = |letter| match letter {
        '0'..='9' => 0.556,
        '-' => 0.333,
        // A currency's code: R and U are 0.722, E is 0.667.
        'A'..='Z' => 0.7,
        _ => 0.278,
    };
    text.chars().map(width).sum()
}

/// A size at which a text roughly fits: Helvetica bold is about 0.55 em wide on average.
pub(super) fn fitting(size: Size, text: &str, points: f32) -> f32 {
    let letters = text.chars().count().max(1) as f32;
    let room = (size.width - 2.0 * size.margin) / (letters * 0.55);
    room.clamp(7.0, points)
}

/// Windows-1252, as the standard fonts have it; what it lacks becomes `?`.
pub(super) fn win_ansi(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| match c {
            '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{ff}' => c as u32 as u8,
            '€' => 0x80,
            '‘' => 0x91,
            '’' => 0x92,
            '“' => 0x93,
            '”' => 0x94,
            '•' => 0x95,
            '–' => 0x96,
            '—' => 0x97,
            'Š' => 0x8a,
            'š' => 0x9a,
            'Ž' => 0x8e,
            'ž' => 0x9e,
            'Œ' => 0x8c,
            'œ' => 0x9c,
            _ => b'?',
        })
        .collect()
}
