//! What the sellers and buyers wrote down themselves, to be held against what the server says at the end.

use crate::house::{FLOAT, House, minor, text};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

/// How something was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paid {
    Web,
    App,
    Cash { window: usize },
    Terminal { window: usize },
    Invited,
}

/// A booking that was paid, with what came of it.
#[derive(Debug, Clone)]
pub struct Sale {
    pub booking: String,
    pub show: String,
    pub paid: Paid,
    pub total: i64,
    /// The texts of its QR codes.
    pub codes: Vec<String>,
    pub refunded: i64,
    /// Its tickets open no door any more.
    pub over: bool,
    /// A guest's token.
    pub token: Option<String>,
}

#[derive(Default)]
pub struct Books {
    pub sales: Vec<Sale>,
    /// Cash handed out, by window.
    pub cash_out: [i64; 2],
    /// How long people stood at the counter and at the door.
    pub waits_counter: Vec<Duration>,
    pub waits_door: Vec<Duration>,
    pub admitted: usize,
    pub doubles: usize,
    pub refused: Vec<(String, usize)>,
    pub refunds: usize,
    pub outage: String,
}

impl Books {
    pub fn of_show<'b>(&'b self, show: &'b str) -> impl Iterator<Item = &'b Sale> {
        self.sales.iter().filter(move |sale| sale.show == show)
    }

    pub fn said(&mut self, verdict: &str) {
        match self.refused.iter_mut().find(|(name, _)| name == verdict) {
            Some((_, count)) => *count += 1,
            None => self.refused.push((verdict.to_owned(), 1)),
        }
    }

    fn sum(&self, of: impl Fn(&Sale) -> bool, what: impl Fn(&Sale) -> i64) -> i64 {
        self.sales.iter().filter(|sale| of(sale)).map(what).sum()
    }

    pub fn tickets(&self) -> usize {
        self.sales.iter().map(|sale| sale.codes.len()).sum()
    }

    pub fn report(&self, took: Duration) -> String {
        let longest = |waits: &[Duration]| waits.iter().max().copied().unwrap_or_default();
        let mut said = String::new();
        let mut line = |text: String| {
            let _ = writeln!(said, "{text}");
        };
        line(format!(
            "a Saturday: {} tickets in {} bookings, {} refunds of {:.2} EUR, sold for {:.2} EUR; played in {:.0} s",
            self.tickets(),
            self.sales.len(),
            self.refunds,
            self.sum(|_| true, |sale| sale.refunded) as f64 / 100.0,
            self.sum(|_| true, |sale| sale.total) as f64 / 100.0,
            took.as_secs_f64()
        ));
        line(format!(
            "longest wait at the counter {:?}, at the door {:?}",
            longest(&self.waits_counter),
            longest(&self.waits_door)
        ));
        line(format!(
            "let in {}, seen twice {}, refused: {:?}",
            self.admitted, self.doubles, self.refused
        ));
        line(format!("during the outage: {}", self.outage));
        said
    }
}

/// What the machine of a small cinema has.
const MEMORY_MIB: u64 = 512;

/// Closes the drawers and holds every set of books against the others.
pub async fn close(house: &mut House, books: &mut Books) {
    everything_is_settled(house).await;
    for at in 0..house.windows.len() {
        let own = |paid: Paid| paid == Paid::Cash { window: at };
        let cash = books.sum(|sale| own(sale.paid), |sale| sale.total);
        let counted = FLOAT + cash - books.cash_out[at];
        let shift = house.windows[at].shift.clone().unwrap();
        let person = house.window(at).await;
        let path = house.path(&format!("/shifts/{shift}/close"));
        let body = json!({ "counted_minor": counted });
        let closed = crate::house::again(&person, &path, &body, &format!("close-{at}")).await;
        let closed = closed.expect(200).json();
        assert_eq!(minor(&closed["difference"]), 0, "{closed}");
        assert_eq!(minor(&closed["cash_sales"]), cash);
        let terminal = |paid: Paid| paid == Paid::Terminal { window: at };
        let terminal = books.sum(|sale| terminal(sale.paid), |sale| sale.total);
        assert_eq!(minor(&closed["terminal_sales"]), terminal);
    }
    day_totals(house, books).await;
    gateway(house, books);
    let (code, words) = house.run(&["reconcile"]);
    assert_eq!(code, Some(0), "{words}");
    let (code, words) = house.run(&["verify"]);
    assert_eq!(code, Some(0), "{words}");
    let peak = peak_memory(house.server.pid());
    println!("peak memory of the server: {peak} MiB, on one core");
    assert!(peak < MEMORY_MIB, "the machine has {MEMORY_MIB} MiB");
}

/// Waits until no payment and no refund is under way.
async fn everything_is_settled(house: &House) {
    let begun = Instant::now();
    loop {
        let totals = totals(house).await;
        let (code, words) = house.run(&["reconcile"]);
        if code == Some(0) {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_mins(3),
            "{words}\n{totals}\n{}",
            house.server.log()
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn totals(house: &House) -> Value {
    let path = house.path(&format!("/days/{}", house.day));
    house.owner().await.get(&path).await.expect(200).json()
}

async fn day_totals(house: &House, books: &Books) {
    let day = totals(house).await;
    let all = |what: fn(&Sale) -> i64| books.sum(|_| true, what);
    assert_eq!(minor(&day["sold"]), all(|sale| sale.total), "{day}");
    let late = minor(&day["late"]);
    let back = all(|sale| sale.refunded) + late;
    assert_eq!(minor(&day["refunded"]), back, "{day}");
    assert_eq!(day["tickets"], books.tickets(), "{day}");
    for list in ["by_show", "by_ticket_type", "by_method", "by_channel"] {
        let parts = day[list].as_array().unwrap();
        let sum: i64 = parts.iter().map(|part| minor(&part["sold"])).sum();
        assert_eq!(sum, minor(&day["sold"]), "{list}: {day}");
    }
    for sale_show in house.shows.iter().flatten() {
        let own: i64 = books.of_show(sale_show).map(|sale| sale.total).sum();
        let parts = day["by_show"].as_array().unwrap();
        let said = parts.iter().find(|part| text(part, "show_id") == sale_show);
        assert_eq!(said.map_or(0, |part| minor(&part["sold"])), own);
    }
    let channel = |name: &str| {
        let parts = day["by_channel"].as_array().unwrap().iter();
        let found = parts.clone().find(|part| part["channel"] == name);
        found.map_or(0, |part| minor(&part["sold"]))
    };
    let own = |paid: fn(Paid) -> bool| books.sum(|sale| paid(sale.paid), |sale| sale.total);
    assert_eq!(channel("web"), own(|paid| paid == Paid::Web), "{day}");
    assert_eq!(channel("app"), own(|paid| paid == Paid::App), "{day}");
    let counter = own(|paid| !matches!(paid, Paid::Web | Paid::App));
    assert_eq!(channel("counter"), counter, "{day}");
}

/// What the gateway says it holds of ours.
fn gateway(house: &House, books: &Books) {
    let online = |paid: Paid| matches!(paid, Paid::Web | Paid::App);
    let kept = books.sum(|sale| online(sale.paid), |sale| sale.total - sale.refunded);
    let theirs = house.stripe.all_books();
    assert_eq!(theirs.held, 0, "nothing is left authorized");
    assert_eq!(theirs.captured - theirs.refunded, kept, "{theirs:?}");
}

fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}
