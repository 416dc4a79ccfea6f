//! Movies by their title: what is needed to tell one from another, and the number it is taken by.

use super::{Tmdb, TmdbError, line};
use serde::Deserialize;

/// Movies that a title fits, the best first, as many as the interface has on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMovies {
    pub movies: Vec<FoundMovie>,
    /// There are more than these.
    pub more: bool,
}

/// A movie that a title fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMovie {
    pub number: u32,
    pub name: String,
    pub original_name: String,
    /// Of its first day anywhere.
    pub year: Option<u16>,
}

#[derive(Deserialize)]
struct Found {
    results: Vec<Movie>,
    #[serde(default)]
    total_pages: u32,
}

#[derive(Deserialize)]
struct Movie {
    id: u32,
    #[serde(default)]
    title: String,
    #[serde(default)]
    original_title: String,
    #[serde(default)]
    release_date: Option<String>,
}

impl Tmdb {
    /// Movies whose title, or original title, has these words. `language` is that of the titles.
    pub async fn search(&self, words: &str, language: &str) -> Result<FoundMovies, TmdbError> {
        let more = [
            ("query", words),
            ("language", language),
            ("include_adult", "false"),
            ("page", "1"),
        ];
        let found: Found = self.ask("/3/search/movie", &more, "a search").await?;
        Ok(found.read())
    }
}

impl Found {
    fn read(self) -> FoundMovies {
        let movies = self.results.into_iter().filter_map(|movie| {
            let [name, original_name] =
                [&movie.title, &movie.original_title].map(|text| line(text));
            let year = movie.release_date.as_deref().and_then(|day| day.get(..4));
            let name = if name.is_empty() {
                original_name.clone()
            } else {
                name
            };
            (movie.id > 0 && !name.is_empty()).then(|| FoundMovie {
                number: movie.id,
                name,
                original_name,
                year: year.and_then(|year| year.parse().ok()),
            })
        });
        FoundMovies {
            movies: movies.collect(),
            more: self.total_pages > 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> FoundMovies {
        serde_json::from_str::<Found>(text).unwrap().read()
    }

    #[test]
    fn a_recorded_answer_is_read() {
        let recorded = include_str!("../../../../tests/tmdb/search-movie.json");
        let found = read(recorded);
        let movie = FoundMovie {
            number: 21778,
            name: "RRRrrrr!!!".into(),
            original_name: "RRRrrrr!!!".into(),
            year: Some(2004),
        };
        assert_eq!(found.movies, [movie]);
        assert!(!found.more);
    }

    #[test]
    fn movies_of_which_little_is_known_can_be_told_apart_or_are_left_out() {
        let found = read(
            r#"{"results": [{"id": 1, "title": " A\n B ", "release_date": ""}, {"id": 2, "original_title": "C"},
                {"id": 3, "release_date": null}, {"id": 0, "title": "D"}], "total_pages": 3}"#,
        );
        let names: Vec<_> = found
            .movies
            .iter()
            .map(|one| (&*one.name, one.year))
            .collect();
        assert_eq!(names, [("A B", None), ("C", None)]);
        assert!(found.more);
        assert_eq!(read(r#"{"results": []}"#).movies, []);
    }
}
