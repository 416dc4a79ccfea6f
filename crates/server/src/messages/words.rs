//! The words of messages: a file per language, compiled once. A language here is a language of the UI.
//!
//! The files hold words only; what they look like as text and as HTML is in two more templates that all share.

use super::kind::Kind;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

/// Languages with words, the first for whoever speaks none of them.
pub const LANGUAGES: &[&str] = &["en", "de"];

/// A language's own name, as a key of everything here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language(&'static str);

impl Language {
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// The language of a BCP 47 tag, if there are words in it: `de-AT` is `de`.
    pub fn of(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        let known = LANGUAGES
            .iter()
            .find(|name| name.eq_ignore_ascii_case(primary));
        known.map(|name| Self(name))
    }

    /// What is spoken in a country (ISO 3166-1 alpha-2), as far as there are words in it; the first language elsewhere.
    pub fn of_country(country: &str) -> Self {
        match country {
            "DE" | "AT" | "CH" | "LI" => Self("de"),
            _ => Self(LANGUAGES[0]),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    date: String,
    test: String,
    cancelled_seat: String,
    why: String,
    facts: FactNames,
    kinds: BTreeMap<String, KindWords>,
}

/// What the facts of a booking are called.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactNames {
    pub booking: String,
    pub movie: String,
    pub when: String,
    #[serde(rename = "where")]
    pub place: String,
    pub seats: String,
    pub total: String,
    pub note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindWords {
    subject: String,
    opening: String,
    action: String,
    short: String,
}

/// A language's words.
pub struct Words {
    language: Language,
    pub facts: FactNames,
    pub test: String,
    pub cancelled_seat: String,
    pub why: String,
    templates: Environment<'static>,
}

/// A part of a message that a language has words for.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    Subject,
    Opening,
    Action,
    Short,
}

impl Part {
    const ALL: [Self; 4] = [Self::Subject, Self::Opening, Self::Action, Self::Short];

    fn of(self, words: &KindWords) -> &str {
        match self {
            Self::Subject => &words.subject,
            Self::Opening => &words.opening,
            Self::Action => &words.action,
            Self::Short => &words.short,
        }
    }
}

fn key(kind: &str, part: Part) -> String {
    format!("{kind}/{part:?}")
}

/// A template asks for something it was not given, or cannot be read. A test renders all, so nobody meets this.
pub type WordsError = minijinja::Error;

impl Words {
    /// A language's words.
    pub fn of(language: Language) -> &'static Self {
        static ALL: LazyLock<Vec<OnceLock<Words>>> =
            LazyLock::new(|| LANGUAGES.iter().map(|_| OnceLock::new()).collect());
        let at = LANGUAGES.iter().position(|name| *name == language.0);
        ALL[at.unwrap_or(0)].get_or_init(|| {
            let text = match language.0 {
                "de" => include_str!("templates/de.toml"),
                _ => include_str!("templates/en.toml"),
            };
            // Part of the program, and read by every test of it.
            Self::read(language, text).unwrap_or_else(|error| panic!("{}: {error}", language.0))
        })
    }

    fn read(language: Language, text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut sources = vec![
            ("date".to_owned(), file.date.clone()),
            (
                "letter.html".to_owned(),
                include_str!("templates/letter.html").to_owned(),
            ),
            (
                "letter.txt".to_owned(),
                include_str!("templates/letter.txt").to_owned(),
            ),
        ];
        for kind in Kind::ALL {
            let words = file
                .kinds
                .get(kind.name())
                .ok_or_else(|| format!("no words for {kind}"))?;
            sources
                .extend(Part::ALL.map(|part| (key(kind.name(), part), part.of(words).to_owned())));
        }
        for (name, source) in sources {
            let added = templates.add_template_owned(name, source);
            added.map_err(|error| error.to_string())?;
        }
        Ok(Self {
            language,
            facts: file.facts,
            test: file.test,
            cancelled_seat: file.cancelled_seat,
            why: file.why,
            templates,
        })
    }

    pub const fn language(&self) -> Language {
        self.language
    }

    /// A part of a message.
    pub fn say(&self, kind: Kind, part: Part, view: &Value) -> Result<String, WordsError> {
        self.render(&key(kind.name(), part), view)
    }

    /// A date in this language's order.
    pub fn date(&self, view: &Value) -> Result<String, WordsError> {
        self.render("date", view)
    }

    /// The whole message as HTML; what comes from outside is text in it, never markup.
    pub fn html(&self, view: &Value) -> Result<String, WordsError> {
        self.render("letter.html", view)
    }

    /// The whole message as text.
    pub fn text(&self, view: &Value) -> Result<String, WordsError> {
        self.render("letter.txt", view)
    }

    fn render(&self, name: &str, view: &Value) -> Result<String, WordsError> {
        self.templates.get_template(name)?.render(view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_are_those_of_the_ui() {
        let settings = include_str!("../../../../ui/project.inlang/settings.json");
        let settings: serde_json::Value = serde_json::from_str(settings).unwrap();
        let mut locales: Vec<_> = settings["locales"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| l.as_str().unwrap())
            .collect();
        let mut languages = LANGUAGES.to_vec();
        locales.sort_unstable();
        languages.sort_unstable();
        assert_eq!(
            languages, locales,
            "each locale of the UI needs its file of words"
        );
        for name in LANGUAGES {
            assert_eq!(
                Words::of(Language::of(name).unwrap()).language().name(),
                *name
            );
        }
    }

    #[test]
    fn a_tag_names_a_language() {
        for (tag, name) in [
            ("de-AT", Some("de")),
            ("DE", Some("de")),
            ("en_US", Some("en")),
            ("fi", None),
            ("", None),
        ] {
            assert_eq!(Language::of(tag).map(Language::name), name, "{tag}");
        }
        assert_eq!(Language::of_country("AT").name(), "de");
        assert_eq!(Language::of_country("FI").name(), "en");
    }
}
