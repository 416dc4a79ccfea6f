//! The built web UI from its folder: files with validators and compressed forms, and the app's page for every address
//! that only the app knows. Never for anything below `/api`.
//!
//! The files are read at the start and kept in memory: a request cannot name a path outside, because no request
//! touches the file system. A rebuilt UI is noticed by its page's time. A program that holds the files already, like the
//! desktop app, hands them over.

use crate::{
    app::App,
    config::UiFiles,
    feeds::head,
    http::{ApiError, Effort, EncodedBody, etag, outer::is_api},
};
use arc_swap::ArcSwap;
use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

const PAGE: &str = "/index.html";
/// Below it every file's name changes with its content.
const IMMUTABLE: &str = "/_app/immutable/";
const FILES_MAX: usize = 10_000;
const BYTES_MAX: u64 = 256 * 1024 * 1024;
const LOOK_EVERY: Duration = Duration::from_secs(1);

type Files = FxHashMap<String, EncodedBody>;

/// The UI as it is served.
pub struct Ui {
    dir: Option<PathBuf>,
    files: ArcSwap<Files>,
    seen: Mutex<(Instant, Option<SystemTime>)>,
}

/// Why the UI's folder cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    #[error("{path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("{0} holds no index.html; build the UI first")]
    NoPage(PathBuf),
    #[error("{0} holds too many or too large files to be a built UI")]
    TooMuch(PathBuf),
    #[error("the program holds no index.html")]
    NoPageInside,
}

impl Ui {
    /// Reads the files; without any there is no UI.
    pub fn open(files: Option<UiFiles>) -> Result<Self, UiError> {
        let (dir, files) = match files {
            None => (None, Files::default()),
            Some(UiFiles::Folder(dir)) => {
                let files = read_all(&dir)?;
                (Some(dir), files)
            }
            Some(UiFiles::Inside(files)) => (None, take_over(&files)?),
        };
        let time = dir.as_deref().and_then(page_time);
        Ok(Self {
            dir,
            files: ArcSwap::from_pointee(files),
            seen: Mutex::new((Instant::now(), time)),
        })
    }

    /// Answers a request that no route knows. Pages about something public carry its facts in their head.
    pub async fn answer(
        &self,
        app: &App,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Response {
        let plain = match self.plain(method, uri, headers).await {
            Ok(response) => return response,
            Err(page) => page,
        };
        match head::page(app, uri.path(), &plain).await {
            Some(page) => page.respond(headers),
            None => plain.respond(headers),
        }
    }

    /// The answer, or the app's page for an address that only the app knows.
    async fn plain(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Response, EncodedBody> {
        if is_api(uri) {
            return Ok(ApiError::not_found("call").into_response());
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            let allow = [(header::ALLOW, "GET, HEAD")];
            return Ok((StatusCode::METHOD_NOT_ALLOWED, allow).into_response());
        }
        self.look().await;
        let files = self.files.load();
        let path = if uri.path() == "/" { PAGE } else { uri.path() };
        match (files.get(path), files.get(PAGE)) {
            (Some(file), _) => Ok(file.respond(headers)),
            (None, Some(page)) if is_page(path) => Err(page.clone()),
            _ => Ok((StatusCode::NOT_FOUND, "There is nothing here.\n").into_response()),
        }
    }

    /// Reads the folder again when its page is newer than what is served; looks at most once a second.
    async fn look(&self) {
        let Some(dir) = &self.dir else { return };
        let before = {
            let mut seen = self.seen.lock();
            if seen.0.elapsed() < LOOK_EVERY {
                return;
            }
            seen.0 = Instant::now();
            seen.1
        };
        let dir = dir.clone();
        let read = tokio::task::spawn_blocking(move || {
            let time = page_time(&dir)?;
            (Some(time) != before).then(|| read_all(&dir).map(|files| (time, files)))
        });
        match read.await {
            Ok(Some(Ok((time, files)))) => {
                self.files.store(Arc::new(files));
                self.seen.lock().1 = Some(time);
            }
            // A build in progress: what is served stays until the next look.
            Ok(Some(Err(error))) => tracing::debug!(%error, "the UI could not be read again"),
            _ => {}
        }
    }
}

/// An address of the app, not the name of a file.
fn is_page(path: &str) -> bool {
    !path.rsplit('/').next().unwrap_or_default().contains('.')
}

fn page_time(dir: &Path) -> Option<SystemTime> {
    fs::metadata(dir.join("index.html")).ok()?.modified().ok()
}

fn read_all(dir: &Path) -> Result<Files, UiError> {
    let mut files = Files::default();
    let mut bytes = 0;
    let mut folders = vec![(dir.to_owned(), String::from("/"))];
    while let Some((folder, prefix)) = folders.pop() {
        let failed = |source| UiError::Read {
            path: folder.clone(),
            source,
        };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                folders.push((entry.path(), format!("{prefix}{name}/")));
            } else if kind.is_file() {
                bytes += entry.metadata().map_err(failed)?.len();
                if files.len() >= FILES_MAX || bytes > BYTES_MAX {
                    return Err(UiError::TooMuch(dir.to_owned()));
                }
                let content = fs::read(entry.path()).map_err(failed)?;
                let path = format!("{prefix}{name}");
                let file = encoded(&path, content.into());
                files.insert(path, file);
            }
        }
    }
    if files.contains_key(PAGE) {
        Ok(files)
    } else {
        Err(UiError::NoPage(dir.to_owned()))
    }
}

fn take_over(inside: &[(String, Bytes)]) -> Result<Files, UiError> {
    let files: Files = inside
        .iter()
        .map(|(path, content)| (path.clone(), encoded(path, content.clone())))
        .collect();
    if files.contains_key(PAGE) {
        Ok(files)
    } else {
        Err(UiError::NoPageInside)
    }
}

fn encoded(path: &str, content: Bytes) -> EncodedBody {
    let cache = if path.starts_with(IMMUTABLE) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let tag = etag::digest(&content);
    EncodedBody::new(
        content,
        &tag,
        Effort::Lasting,
        HeaderValue::from_static(content_type(path)),
        HeaderValue::from_static(cache),
    )
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("_app/immutable")).unwrap();
        fs::write(dir.path().join("index.html"), "<!doctype html>page").unwrap();
        fs::write(dir.path().join("_app/immutable/a.js"), "let a;").unwrap();
        dir
    }

    async fn get(ui: &Ui, path: &str) -> Response {
        let (uri, headers) = (path.parse().unwrap(), HeaderMap::new());
        match ui.plain(&Method::GET, &uri, &headers).await {
            Ok(response) => response,
            Err(page) => page.respond(&headers),
        }
    }

    #[tokio::test]
    async fn files_inside_the_program_are_served_like_those_of_a_folder() {
        let inside = [
            ("/index.html", "<!doctype html>page"),
            ("/_app/immutable/a.js", "let a;"),
        ]
        .map(|(path, text)| (path.to_owned(), Bytes::from(text)));
        let ui = Ui::open(Some(UiFiles::Inside(Arc::from(inside)))).unwrap();
        for (path, status) in [
            ("/theaters/t1", StatusCode::OK),
            ("/_app/immutable/a.js", StatusCode::OK),
            ("/_app/immutable/b.js", StatusCode::NOT_FOUND),
        ] {
            assert_eq!(get(&ui, path).await.status(), status, "{path}");
        }
    }

    #[tokio::test]
    async fn files_pages_and_nothing_else() {
        let dir = folder();
        let ui = Ui::open(Some(UiFiles::Folder(dir.path().to_owned()))).unwrap();
        for page in ["/", "/theaters/t1", "/index.html"] {
            let response = get(&ui, page).await;
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "text/html; charset=utf-8",
                "{page}"
            );
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
        }
        let script = get(&ui, "/_app/immutable/a.js").await;
        assert!(
            script.headers()[header::CACHE_CONTROL]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        for gone in ["/missing.js", "/_app/immutable/b.js", "/../secret.txt"] {
            assert_eq!(
                get(&ui, gone).await.status(),
                StatusCode::NOT_FOUND,
                "{gone}"
            );
        }
        for api in ["/api", "/api/v1/nothing", "/api/index.html"] {
            let response = get(&ui, api).await;
            assert!(
                response
                    .extensions()
                    .get::<Arc<matinee_api::Problem>>()
                    .is_some(),
                "{api}"
            );
        }
    }

    #[test]
    fn a_folder_without_a_page_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(
            Ui::open(Some(UiFiles::Folder(dir.path().to_owned()))),
            Err(UiError::NoPage(_))
        ));
        assert!(matches!(
            Ui::open(Some(UiFiles::Folder(dir.path().join("gone")))),
            Err(UiError::Read { .. })
        ));
        assert!(Ui::open(None).is_ok());
        assert!(matches!(
            Ui::open(Some(UiFiles::Inside(Arc::from([])))),
            Err(UiError::NoPageInside)
        ));
    }
}
