//! Searching as the server does: case and accents make no difference.

/// Words, one text, as they are compared.
pub(super) fn folded<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for word in words {
        text.extend(word.chars().flat_map(char::to_lowercase).map(plain));
        text.push('\n');
    }
    text
}

/// The words typed, each of which has to stand somewhere in the text: eight are enough to narrow anything down.
pub(super) fn typed_words(typed: Option<&str>) -> Vec<String> {
    let text = folded(typed);
    text.split_whitespace().take(8).map(str::to_owned).collect()
}

fn plain(letter: char) -> char {
    match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' => 'a',
        'ç' | 'č' | 'ć' => 'c',
        'è' | 'é' | 'ê' | 'ë' | 'ē' => 'e',
        'ì' | 'í' | 'î' | 'ï' | 'ī' => 'i',
        'ñ' | 'ń' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' => 'o',
        'ù' | 'ú' | 'û' | 'ü' | 'ū' => 'u',
        'ý' | 'ÿ' => 'y',
        'ß' | 'š' | 'ś' => 's',
        'ž' | 'ź' | 'ż' => 'z',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_accents_make_no_difference() {
        let text = folded(["Les Quatre Cents Coups", "Jean-Pierre Léaud"]);
        assert!(
            typed_words(Some(" LEAUD  quatre "))
                .iter()
                .all(|word| text.contains(word))
        );
        assert!(typed_words(None).is_empty());
        assert!(!text.contains(&typed_words(Some("godard"))[0]));
    }
}
