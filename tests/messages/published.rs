//! What programs that nobody here wrote read in public pages and calendars.

use crate::{buy, options, user};
use matinee_tests::{Caller, Server, ServerOptions, published, server};
use serde_json::{Value, json};
use std::path::Path;

/// Whatever a page carries beside its facts; enough for the server to put them into.
const PAGE: &str = "<!doctype html><html><head><title>x</title></head><body></body></html>";

/// A server with a UI, and a theater whose words need everything that can be escaped, folded or cut.
fn start(folder: &Path, demo: bool) -> Server {
    let ui = folder.join("ui");
    std::fs::create_dir(&ui).unwrap();
    std::fs::write(ui.join("index.html"), PAGE).unwrap();
    if !demo {
        matinee_tests::small_house::fill(&server::database(folder), folder, 4).unwrap();
        let file = folder.join("catalog.json");
        let mut catalog: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let name = "Lichtspielhaus „Größe; Maß, Übermaß\\“ </script> & Söhne 映画館 in der alten Straßenbahnhalle";
        catalog["theaters"][0]["name"] = name.into();
        catalog["theaters"][0]["location"]["address"] = "Große Straße 1, Hof; links".into();
        std::fs::write(&file, catalog.to_string()).unwrap();
        let (done, said) = server::run(folder, &["import", &file.to_string_lossy()]).unwrap();
        assert!(done.success(), "{said}");
    }
    let mut options = ServerOptions {
        demo,
        ..options(folder, "")
    };
    let more = [
        "--ui",
        &*ui.to_string_lossy(),
        "--public-url",
        "https://tickets.example.org",
    ];
    options.arguments.extend(more.map(ToOwned::to_owned));
    Server::start_in(folder, &options).unwrap()
}

async fn ids(caller: &Caller, path: &str, name: &str) -> Vec<String> {
    let list = caller.get(path).await.expect(200).json();
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item[name].as_str().unwrap().to_owned())
        .collect()
}

/// The document in a page's head.
async fn document(server: &Server, path: &str) -> Value {
    let url = format!("{}{path}", server.url());
    let page = reqwest::get(url).await.unwrap().text().await.unwrap();
    let begin = "<script type=\"application/ld+json\">";
    let (_, rest) = page
        .split_once(begin)
        .unwrap_or_else(|| panic!("{path}: no facts"));
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

async fn is_understood(demo: bool) {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), demo);
    let caller = server.caller();
    let mut documents = Vec::new();
    for theater in ids(&caller, "/theaters", "theater_id").await {
        documents.push(document(&server, &format!("/theaters/{theater}")).await);
        let calendar = format!("/theaters/{theater}/calendar.ics");
        let calendar = caller.get(&calendar).await.expect(200);
        assert_eq!(
            calendar.header("content-type"),
            "text/calendar; charset=utf-8"
        );
        let read = published::calendar(&calendar.bytes).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert!(!read.starts_with("0 "), "{theater}: {read}");
        let movies = format!("/theaters/{theater}/movies");
        let movies = caller.get(&movies).await.expect(200).json();
        for movie in movies["items"].as_array().unwrap() {
            let show = movie["shows"][0]["show_id"].as_str().unwrap();
            documents.push(document(&server, &format!("/shows/{show}")).await);
        }
    }
    for movie in ids(&caller, "/movies", "movie_id").await {
        documents.push(document(&server, &format!("/movies/{movie}")).await);
    }
    let read = published::structured(&documents).unwrap_or_else(|wrong| panic!("{wrong}"));
    for kind in ["MovieTheater", "ScreeningEvent", "Movie"] {
        assert!(read.contains(kind), "{kind} in {read}");
    }
    println!("{} pages, {read}", documents.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_understood_by_others() {
    is_understood(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn difficult_words_are_understood_by_others() {
    is_understood(false).await;
}

/// The readers find faults: they do not only start.
#[test]
fn the_readers_can_say_no() {
    let node = json!({
        "@type": "MovieTheater", "@id": "https://x.example/theaters/1", "url": "https://x.example/theaters/1",
        "name": "X", "address": { "@type": "PostalAddress", "addressLocality": "Y" }, "screenCount": 1,
    });
    let says = |change: &dyn Fn(&mut Value)| {
        let mut node = node.clone();
        change(&mut node);
        let document = json!({ "@context": "https://schema.org", "@graph": [node] });
        published::structured(&[document]).map_err(|error| error.to_string())
    };
    says(&|_| ()).unwrap();
    type Change = fn(&mut Value);
    let wrong: [(&str, Change); 4] = [
        ("workPresented", |node| node["workPresented"] = "X".into()),
        ("screenCount", |node| node["screenCount"] = true.into()),
        ("relative @id", |node| node["@id"] = "theaters/1".into()),
        ("lacks an address", |node| {
            node.as_object_mut().unwrap().remove("address");
        }),
    ];
    for (names, change) in wrong {
        let said = says(&change).unwrap_err();
        assert!(said.contains(names), "{names} in {said}");
    }
    let calendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20300101T000000Z\r\n\
                    DTSTART:20300101T100000Z\r\nDTEND:20300101T120000Z\r\nSUMMARY:A\\, B\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    published::calendar(calendar.as_bytes()).unwrap();
    let long = format!("SUMMARY:{}", "x".repeat(80));
    for (from, to, names) in [
        ("UID:1\r\n", "", "VEVENT lacks UID"),
        ("\r\nSUMMARY", "\nSUMMARY", "a line end by itself"),
        ("SUMMARY:A\\, B", &*long, "88 octets"),
        ("T100000Z", "T100000", "DTSTART is not UTC"),
        ("A\\, B", "A, B", "read or written otherwise"),
        (
            "20300101T120000Z",
            "20300101T090000Z",
            "ends before it begins",
        ),
        ("20300101T100000Z", "tomorrow", "DTSTART"),
    ] {
        let said = published::calendar(calendar.replace(from, to).as_bytes()).unwrap_err();
        assert!(said.to_string().contains(names), "{names} in {said}");
    }
}

/// The calendar of a booking goes by mail and from the ticket's page.
#[tokio::test(flavor = "multi_thread")]
async fn a_bookings_calendar_is_understood_by_others() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), false);
    let user = user(&server, |_| ()).await;
    let booking = buy(&user).await;
    let path = format!(
        "/bookings/{}/tickets",
        booking["booking_id"].as_str().unwrap()
    );
    let tickets = user.get(&path).await.expect(200).json();
    let calendar = tickets["ics"].as_str().unwrap();
    let read = published::calendar(calendar.as_bytes());
    assert!(read.unwrap().starts_with("1 "));
}
