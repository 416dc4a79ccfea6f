//! Many buyers, two servers with clocks of their own, their jobs, and a clock that jumps, all in an order that a seed
//! decides, with calls that fail, get lost, run twice or are the last before a crash.
//!
//! Each seed is one story; the same seed is the same story. What must hold while it runs: `verify` finds nothing at any
//! moment. What must hold when it is over: the books are settled and agree with the bank's (see [`crate::books`]), each
//! acknowledged purchase is there, and each answer that was given is given again byte for byte.
//!
//! `MATINEE_SIM_SEED=N` tells one story and prints it; `MATINEE_SIM_SEEDS=N` tells N of them (a soak: 100,000).

use crate::{
    books,
    buyer::{Act, Buyer, Card, Heard, Nature, is_unclear},
    house::House,
    turnstile::{Turn, Turnstile},
};
use chrono::TimeDelta;
use matinee_booking::{Desk, SaleError};
use matinee_integrations::sandbox::{AUTHENTICATION_REQUIRED, DECLINED, VISA};
use matinee_store::{Maintenance, bookings::BookingStore};
use std::{pin::Pin, sync::Arc};

/// Stories in the ordinary test command, and tests that share them to run beside each other.
const SEEDS: u64 = 1_000;
const SHARES: u64 = 4;
/// Turns of one story at most; then whatever still runs is cut off, as by a power cut.
const TURNS: usize = 500;
const SERVERS: usize = 2;
const TRIES: u8 = 6;

/// Few seats, so that buyers meet.
const WISHES: &[&[&str]] = &[
    &["2-4", "2-5"],
    &["2-5", "2-6"],
    &["2-4"],
    &["2-6", "2-7"],
    &["2-4", "2-5", "2-6", "2-7"],
];

/// What a buyer's request or a job came to.
enum Done {
    Asked(Box<Buyer>, Result<Heard, SaleError>),
    Job,
}

struct Running {
    server: usize,
    /// Index of the buyer; `None` for a job.
    buyer: Option<usize>,
    task: Pin<Box<dyn Future<Output = Done>>>,
}

/// A buyer with what they still want to do.
struct Story {
    buyer: Buyer,
    acts: Vec<Act>,
    at: usize,
    tries: u8,
    asking: bool,
}

struct World {
    house: House,
    desks: Vec<Arc<Desk>>,
    skew: TimeDelta,
    turnstile: Arc<Turnstile>,
    dice: fastrand::Rng,
    stories: Vec<Story>,
    running: Vec<Running>,
}

fn acts(dice: &mut fastrand::Rng) -> Vec<Act> {
    let mut acts = vec![Act::Hold(WISHES[dice.usize(..WISHES.len())])];
    if dice.u8(..5) == 0 {
        acts.push(Act::Extend);
    }
    match dice.u8(..13) {
        0 => acts.push(Act::Release),
        1 => acts.extend([Act::Pay(DECLINED), Act::Pay(VISA)]),
        2 => acts.push(Act::Pay(DECLINED)),
        3 => acts.extend([Act::Pay(AUTHENTICATION_REQUIRED), Act::Bank(dice.bool())]),
        4 => acts.push(Act::Pay(AUTHENTICATION_REQUIRED)),
        // Few cards, so that buyers meet at them too.
        8 => acts.push(Act::PayWith(VISA, Card::Small)),
        9 => acts.push(Act::PayWith(VISA, Card::Large)),
        10 => acts.extend([
            Act::PayWith(AUTHENTICATION_REQUIRED, Card::Small),
            Act::Bank(dice.bool()),
        ]),
        11 => acts.extend([
            Act::PayWith(DECLINED, Card::Small),
            Act::PayWith(VISA, Card::Small),
        ]),
        5 => {}
        _ => acts.push(Act::Pay(VISA)),
    }
    match dice.u8(..4) {
        0 => acts.push(Act::Cancel(None)),
        1 => acts.push(Act::Cancel(Some(&["2-5"]))),
        _ => {}
    }
    acts
}

impl World {
    async fn new(seed: u64) -> Self {
        let mut dice = fastrand::Rng::with_seed(seed);
        let house = House::new().await;
        let faults = [1, 20, 60][dice.usize(..3)];
        let turnstile = Arc::new(Turnstile::new(dice.fork(), faults));
        house.wire.install(Arc::clone(&turnstile));
        let skew = TimeDelta::seconds([0, 30, -30][dice.usize(..3)]);
        let stories = (1..=dice.u8(3..7))
            .map(|number| {
                let nature = [Nature::Gone, Nature::Prompt, Nature::Late][dice.usize(..3)];
                Story {
                    buyer: Buyer::new(number, nature),
                    acts: acts(&mut dice),
                    at: 0,
                    tries: 0,
                    asking: false,
                }
            })
            .collect();
        let mut world = Self {
            desks: vec![Arc::clone(&house.desk), house.desk_ahead_by(skew)],
            house,
            skew,
            turnstile,
            dice,
            stories,
            running: Vec::new(),
        };
        world.tell(format!("seed {seed}, {faults} ‰ faults, skew {skew}"));
        world
    }

    fn tell(&mut self, line: String) {
        self.turnstile.tell(line);
    }

    fn over(&self) -> bool {
        self.running.is_empty() && self.stories.iter().all(|s| s.at >= s.acts.len())
    }

    /// One thing happens.
    async fn turn(&mut self) -> Result<(), String> {
        match self.dice.u16(..1000) {
            0..40 => self.time_passes(),
            40..50 => {
                self.tell("the outage ends".into());
                self.house.wire.heal();
            }
            50..56 => self.verify().await?,
            56..120 => self.start_job(),
            120..300 => self.start_request(),
            _ => self.go_on().await,
        }
        Ok(())
    }

    fn time_passes(&mut self) {
        // Now and then a clock is set back.
        let seconds = [1, 12, 40, 200, 540, -90][self.dice.usize(..6)];
        self.tell(format!("{seconds} s pass"));
        self.house.later(TimeDelta::seconds(seconds));
    }

    async fn verify(&mut self) -> Result<(), String> {
        let report = self.house.store.verify(self.house.now()).await;
        let report = report.map_err(|error| error.to_string())?;
        // Time jumps here and the reaper runs when the dice say so: a hold may well be overdue.
        let mut found = report.violations.into_iter();
        match found.find(|broken| broken.invariant != "overdue_hold") {
            None => Ok(()),
            Some(broken) => Err(format!("in the middle, verify says {broken:?}")),
        }
    }

    fn start_job(&mut self) {
        if self.running.iter().filter(|r| r.buyer.is_none()).count() >= 2 {
            return;
        }
        let server = self.dice.usize(..SERVERS);
        let desk = Arc::clone(&self.desks[server]);
        let which = self.dice.u8(..3);
        self.tell(format!("server {server} runs job {which}"));
        self.running.push(Running {
            server,
            buyer: None,
            task: Box::pin(async move {
                // A job that fails is run again; what it says is for the log.
                let _ = match which {
                    0 => desk.expire().await,
                    1 => desk.recover_payments().await,
                    _ => desk.recover_refunds().await,
                };
                Done::Job
            }),
        });
    }

    fn start_request(&mut self) {
        let idle: Vec<usize> = (0..self.stories.len())
            .filter(|i| {
                let story = &self.stories[*i];
                !story.asking && story.at < story.acts.len()
            })
            .collect();
        if idle.is_empty() {
            return;
        }
        let index = idle[self.dice.usize(..idle.len())];
        let server = self.dice.usize(..SERVERS);
        let desk = Arc::clone(&self.desks[server]);
        let story = &mut self.stories[index];
        story.asking = true;
        story.tries += 1;
        let (mut buyer, at, act) = (story.buyer.clone(), story.at, story.acts[story.at]);
        let line = format!("buyer {} asks server {server}: {act:?}", buyer.number);
        self.tell(line);
        self.running.push(Running {
            server,
            buyer: Some(index),
            task: Box::pin(async move {
                let answer = buyer.ask(&desk, at, act).await;
                Done::Asked(Box::new(buyer), answer)
            }),
        });
    }

    /// A running request or job makes its next call.
    async fn go_on(&mut self) {
        if self.running.is_empty() {
            return;
        }
        let index = self.dice.usize(..self.running.len());
        let who = match self.running[index].buyer {
            Some(buyer) => format!("  buyer {}", self.stories[buyer].buyer.number),
            None => "  job".into(),
        };
        self.tell(who);
        let turnstile = Arc::clone(&self.turnstile);
        match turnstile.turn(&mut self.running[index].task).await {
            Turn::Waits => {}
            Turn::Ended(done) => {
                let ended = self.running.swap_remove(index);
                if let (Some(story), Done::Asked(buyer, answer)) = (ended.buyer, done) {
                    self.answered(story, *buyer, answer);
                }
            }
            Turn::Crashed => self.crash(self.running[index].server),
        }
    }

    fn crash(&mut self, server: usize) {
        self.tell(format!("server {server} dies"));
        let (dead, alive) = std::mem::take(&mut self.running)
            .into_iter()
            .partition::<Vec<_>, _>(|running| running.server == server);
        self.running = alive;
        for story in dead.iter().filter_map(|running| running.buyer) {
            self.unclear(story);
        }
        self.desks[server] = match server {
            0 => self.house.another_desk(),
            _ => self.house.desk_ahead_by(self.skew),
        };
    }

    fn answered(&mut self, index: usize, buyer: Buyer, answer: Result<Heard, SaleError>) {
        self.tell(format!("buyer {} hears {answer:?}", buyer.number));
        self.stories[index].buyer = buyer;
        match answer {
            Err(error) if is_unclear(&error) => return self.unclear(index),
            Ok(heard) => {
                let story = &mut self.stories[index];
                let act = story.acts[story.at];
                story.buyer.heard.push((story.at, act, heard));
            }
            Err(_) => {}
        }
        let story = &mut self.stories[index];
        story.asking = false;
        story.tries = 0;
        // Without a booking there is nothing to go on with.
        story.at = match story.buyer.booking {
            Some(_) => story.at + 1,
            None => story.acts.len(),
        };
    }

    /// The answer did not come: the buyer asks the same again, or is gone.
    fn unclear(&mut self, index: usize) {
        let story = &mut self.stories[index];
        story.asking = false;
        if story.buyer.nature == Nature::Gone || story.tries >= TRIES {
            story.at = story.acts.len();
        }
    }

    /// The end of the story: everything that runs is cut off, outages end, time passes, and the books are judged.
    async fn judge(mut self) -> Result<usize, String> {
        self.running.clear();
        self.turnstile.calm();
        self.house.let_everything_settle().await;
        let books = books::judge(&self.house).await?;
        for story in &mut self.stories {
            acknowledged(&self.house, &story.buyer).await?;
            story.buyer.same_answers_again(&self.house).await?;
        }
        Ok(books.len())
    }
}

/// Whoever was told that their tickets are bought has them, unless they cancelled them.
async fn acknowledged(house: &House, buyer: &Buyer) -> Result<(), String> {
    let bought = buyer.heard.iter().any(|(_, act, heard)| {
        matches!(act, Act::Pay(_) | Act::PayWith(..)) && heard.status == 200
    });
    let cancelled = buyer
        .heard
        .iter()
        .any(|(_, act, heard)| matches!(act, Act::Cancel(None)) && heard.status == 200);
    let Some(booking) = buyer.booking.filter(|_| bought && !cancelled) else {
        return Ok(());
    };
    let file = BookingStore::booking(&*house.store, booking).await;
    let status = file.ok().flatten().map(|file| file.booking.state.status());
    match status.map(|status| format!("{status:?}")).as_deref() {
        Some("Confirmed" | "PartlyCancelled" | "Cancelled") => Ok(()),
        other => Err(format!(
            "buyer {} was told the tickets are bought, and the booking is {other:?}",
            buyer.number
        )),
    }
}

/// Tells the story of a seed: how many bookings it made, or what went wrong in it.
async fn story(seed: u64) -> (Arc<Turnstile>, Result<usize, String>) {
    let mut world = World::new(seed).await;
    let turnstile = Arc::clone(&world.turnstile);
    for _ in 0..TURNS {
        if world.over() {
            break;
        }
        if let Err(what) = world.turn().await {
            return (turnstile, Err(what));
        }
    }
    (turnstile, world.judge().await)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

async fn share(which: u64) {
    if let Some(seed) = number("MATINEE_SIM_SEED") {
        let (turnstile, outcome) = story(seed).await;
        println!("{}", turnstile.story());
        outcome.unwrap();
        return;
    }
    let all = number("MATINEE_SIM_SEEDS").unwrap_or(SEEDS);
    let (mut stories, mut bookings, mut failures) = (0, 0, Vec::new());
    for seed in (1..=all).filter(|seed| seed % SHARES == which) {
        stories += 1;
        match story(seed).await.1 {
            Ok(made) => bookings += made,
            Err(what) => failures.push(format!("MATINEE_SIM_SEED={seed}: {what}")),
        }
    }
    println!(
        "{stories} stories, {bookings} bookings, {} failed",
        failures.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

macro_rules! shares {
    ($($test:ident: $which:literal),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            share($which).await;
        }
    )+};
}

// A test each, so that they run beside each other.
shares! {
    stories_of_the_first_share: 0,
    stories_of_the_second_share: 1,
    stories_of_the_third_share: 2,
    stories_of_the_fourth_share: 3,
}

#[tokio::test]
async fn the_same_seed_is_the_same_story() {
    for seed in [7, 42, 4711] {
        let (first, second) = (story(seed).await.0, story(seed).await.0);
        assert_eq!(first.story(), second.story());
    }
}
