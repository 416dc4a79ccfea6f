//! CSS colours of plans as hex, so that nothing else that a plan's author wrote can reach a page.

use std::fmt::Write as _;

/// `#rrggbb` or `#rrggbbaa` for hex, `rgb(…)`, `rgba(…)` and the common names; empty (the reader's own colour) for all else.
pub(crate) fn css_hex(text: &str) -> String {
    let text = text.trim().to_ascii_lowercase();
    let bytes = match text.as_str() {
        "" => None,
        "transparent" | "none" => Some(vec![0, 0, 0, 0]),
        "black" => Some(vec![0, 0, 0]),
        "white" => Some(vec![255, 255, 255]),
        "gray" | "grey" => Some(vec![128, 128, 128]),
        "lightgray" | "lightgrey" => Some(vec![211, 211, 211]),
        "darkgray" | "darkgrey" => Some(vec![169, 169, 169]),
        "silver" => Some(vec![192, 192, 192]),
        "red" => Some(vec![255, 0, 0]),
        "green" => Some(vec![0, 128, 0]),
        "blue" => Some(vec![0, 0, 255]),
        "yellow" => Some(vec![255, 255, 0]),
        "orange" => Some(vec![255, 165, 0]),
        "purple" => Some(vec![128, 0, 128]),
        "brown" => Some(vec![165, 42, 42]),
        "pink" => Some(vec![255, 192, 203]),
        other => from_hex(other).or_else(|| from_rgb(other)),
    };
    let mut hex = String::new();
    for byte in bytes.into_iter().flatten() {
        let _ = write!(hex, "{}{byte:02x}", if hex.is_empty() { "#" } else { "" });
    }
    hex
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix('#')?;
    let digits: Vec<u8> = digits
        .chars()
        .map(|digit| digit.to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    match digits.len() {
        3 | 4 => Some(digits.iter().map(|digit| digit * 17).collect()),
        6 | 8 => Some(
            digits
                .chunks(2)
                .map(|pair| pair[0] * 16 + pair[1])
                .collect(),
        ),
        _ => None,
    }
}

fn from_rgb(text: &str) -> Option<Vec<u8>> {
    let inside = text
        .strip_prefix("rgba(")
        .or_else(|| text.strip_prefix("rgb("))?
        .strip_suffix(')')?;
    let parts: Vec<f64> = inside
        .split(',')
        .map(|part| part.trim().parse().ok())
        .collect::<Option<_>>()?;
    if !(3..=4).contains(&parts.len()) || parts.iter().any(|part| !part.is_finite()) {
        return None;
    }
    let scaled = parts
        .iter()
        .enumerate()
        .map(|(index, part)| if index == 3 { part * 255.0 } else { *part });
    Some(
        scaled
            .map(|part| part.round().clamp(0.0, 255.0) as u8)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::css_hex;

    #[test]
    fn colours_become_hex_and_nothing_else_passes() {
        let cases = [
            ("#FFF", "#ffffff"),
            ("#1234", "#11223344"),
            ("#aAbBcC", "#aabbcc"),
            ("#aabbccdd", "#aabbccdd"),
            ("rgb(1, 2,3)", "#010203"),
            ("rgba(255,0,0,0.5)", "#ff000080"),
            (" Grey ", "#808080"),
            ("transparent", "#00000000"),
            ("", ""),
            ("#12345", ""),
            ("#€€", ""),
            ("rgb(nan,1,1)", ""),
            ("red\"><script>", ""),
            ("url(#x)", ""),
        ];
        for (css, hex) in cases {
            assert_eq!(css_hex(css), hex, "{css}");
            assert_eq!(css_hex(hex), hex, "{css} again");
        }
    }
}
