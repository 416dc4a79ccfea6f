//! Rust sources with parts blanked out, so that a rule about code does not trip over a comment or a string. Positions
//! and line numbers stay as they were. A scanner of tokens, not a parser: it knows comments, strings, characters and
//! where `#[cfg(test)]` items end.

/// Two views of one source, equally long.
pub struct Masked {
    /// Code only: comments and strings blanked.
    pub code: String,
    /// Code that is shipped: `code` with test items blanked too.
    pub shipped: String,
    /// Strings only, without those of test items.
    pub strings: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    String,
}

pub fn rust(text: &str) -> Masked {
    let characters: Vec<char> = text.chars().collect();
    let kinds = classify(&characters);
    let view = |wanted: Kind| -> Vec<char> {
        characters
            .iter()
            .zip(&kinds)
            .map(|(&c, &kind)| if kind == wanted || c == '\n' { c } else { ' ' })
            .collect()
    };
    let code = view(Kind::Code);
    let mut shipped = code.clone();
    let mut strings = view(Kind::String);
    for (from, to) in test_items(&code) {
        for c in shipped[from..to].iter_mut().chain(&mut strings[from..to]) {
            if *c != '\n' {
                *c = ' ';
            }
        }
    }
    Masked {
        code: code.into_iter().collect(),
        shipped: shipped.into_iter().collect(),
        strings: strings.into_iter().collect(),
    }
}

fn classify(text: &[char]) -> Vec<Kind> {
    let mut kinds = vec![Kind::Code; text.len()];
    let mut at = 0;
    while at < text.len() {
        let (kind, end) = token(text, at);
        kinds[at..end].fill(kind);
        at = end;
    }
    kinds
}

/// The kind of what starts here and where it ends, always past `at`.
fn token(text: &[char], at: usize) -> (Kind, usize) {
    let next = |offset: usize| text.get(at + offset).copied();
    match (text[at], next(1)) {
        ('/', Some('/')) => (Kind::Comment, find(text, at, '\n')),
        ('/', Some('*')) => (Kind::Comment, block_comment(text, at)),
        ('"', _) => (Kind::String, quoted(text, at)),
        ('r', Some('"' | '#')) if starts_word(text, at) => raw_string(text, at),
        ('\'', _) => character(text, at),
        // `br"…"` and `cr"…"`: the letter is code, the `r` that follows must still count as the start of a word.
        ('b' | 'c', Some('r')) if starts_word(text, at) && matches!(next(2), Some('"' | '#')) => {
            raw_string(text, at + 1)
        }
        _ => (Kind::Code, at + 1),
    }
}

fn starts_word(text: &[char], at: usize) -> bool {
    at == 0 || !is_word(text[at - 1])
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn find(text: &[char], from: usize, wanted: char) -> usize {
    (from..text.len())
        .find(|&i| text[i] == wanted)
        .unwrap_or(text.len())
}

fn block_comment(text: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0_usize, at);
    while i + 1 < text.len() {
        match (text[i], text[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 2),
            ('*', '/') if depth == 1 => return i + 2,
            ('*', '/') => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
    }
    text.len()
}

fn quoted(text: &[char], at: usize) -> usize {
    let mut i = at + 1;
    while i < text.len() {
        match text[i] {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    text.len()
}

/// `r"…"`, `r#"…"#` and so on; `r#name` is an identifier.
fn raw_string(text: &[char], at: usize) -> (Kind, usize) {
    let hashes = text[at + 1..].iter().take_while(|&&c| c == '#').count();
    let open = at + 1 + hashes;
    if text.get(open) != Some(&'"') {
        return (Kind::Code, open.min(text.len()));
    }
    let mut i = open + 1;
    while i < text.len() {
        let closes = text[i] == '"'
            && text[i + 1..]
                .iter()
                .take(hashes)
                .filter(|&&c| c == '#')
                .count()
                == hashes;
        if closes {
            return (Kind::String, i + 1 + hashes);
        }
        i += 1;
    }
    (Kind::String, text.len())
}

/// A character literal, or the quote of a lifetime.
fn character(text: &[char], at: usize) -> (Kind, usize) {
    match (text.get(at + 1), text.get(at + 2)) {
        (Some('\\'), _) => {
            // `'\''` and `'\u{1b}'`: the escaped character is passed before looking for the end.
            let end = find(text, at + 3, '\'');
            (Kind::String, (end + 1).min(text.len()))
        }
        (Some(_), Some('\'')) => (Kind::String, at + 3),
        _ => (Kind::Code, at + 1),
    }
}

/// From each `#[cfg(test)]` to the end of the item it stands before.
fn test_items(code: &[char]) -> Vec<(usize, usize)> {
    let attribute: Vec<char> = "#[cfg(test)]".chars().collect();
    let mut items = Vec::new();
    let mut at = 0;
    while at + attribute.len() <= code.len() {
        if code[at..at + attribute.len()] == attribute[..] {
            let end = item_end(code, at + attribute.len());
            items.push((at, end));
            at = end;
        } else {
            at += 1;
        }
    }
    items
}

fn item_end(code: &[char], from: usize) -> usize {
    let mut depth = 0_usize;
    for (i, c) in code.iter().enumerate().skip(from) {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return i + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return i + 1,
            _ => {}
        }
    }
    code.len()
}

/// The identifiers of a text with the line each stands on and what follows it.
pub fn words(text: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    text.lines().enumerate().flat_map(|(index, line)| {
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = at + line[at..].find(is_word)?;
            let end = line[start..]
                .find(|c| !is_word(c))
                .map_or(line.len(), |length| start + length);
            at = end;
            Some((index + 1, &line[start..end], &line[end..]))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_told_from_code() {
        let masked = rust(
            "let a = \"x // y\"; // tauri\n/* b /* c */ d */ e('\"', 'z', '\\''); r#\"raw \" q\"# end",
        );
        assert!(masked.code.contains("let a =") && masked.code.contains("end"));
        for hidden in ["tauri", "x //", "raw", " d ", " q"] {
            assert!(!masked.code.contains(hidden), "{hidden}: {}", masked.code);
        }
        assert!(masked.strings.contains("x // y") && masked.strings.contains("raw \" q"));
        assert!(!masked.strings.contains("tauri"));
    }

    #[test]
    fn lifetimes_and_raw_identifiers_are_code() {
        let masked = rust("fn f<'a>(r#type: &'a str) -> &'a str { r#type } // x");
        assert!(
            masked
                .code
                .contains("fn f<'a>(r#type: &'a str) -> &'a str { r#type }")
        );
    }

    #[test]
    fn test_items_are_not_shipped() {
        let masked = rust(
            "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { std::fs::read(\"s\") } }\nfn c() {}\n#[cfg(test)]\nmod t;\nfn d() {}",
        );
        for shipped in ["fn a", "fn c", "fn d"] {
            assert!(masked.shipped.contains(shipped));
        }
        assert!(!masked.shipped.contains("std::fs") && !masked.shipped.contains("mod t"));
        assert!(masked.code.contains("std::fs"));
    }

    #[test]
    fn words_know_their_line_and_what_follows() {
        let found: Vec<_> = words("a\nfetch(b)").collect();
        assert_eq!(found, [(1, "a", ""), (2, "fetch", "(b)"), (2, "b", ")")]);
    }
}
