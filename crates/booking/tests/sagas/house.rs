//! A theater with one database file, its desk, and a clock that tests turn. It can crash and be opened again.

use crate::{
    buyer::Card,
    wire::{Wire, WiredGateway, WiredStore},
};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use matinee_booking::{
    ChargeName, Clock, Desk, Entropy, IndexedMap, JobNotes, JobReport, PaymentGateway, Render,
    SaleError, SeatStates, ShowFile, Shows,
};
use matinee_domain::{
    gift::{GiftCard, GiftState},
    ids::{self, BookingId, GiftCardId, GiftEntryId, ShowId},
    limits,
    money::{Currency, Money},
};
use matinee_integrations::{CounterGateway, SandboxGateway};
use matinee_store::{
    CancellationStore, CatalogStore, GiftStore, Maintenance, MoveStore, PromoStore, SandboxLedger,
    StoreError,
    bookings::{BookingFile, BookingStore},
    conformance::fixtures,
    feed::{NoFeed, SeatState},
    gifts::{self, NewGift},
};
use matinee_store_sqlite::{OpenOptions, SqliteStore};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// A clock that stands still until it is turned.
pub struct TurnedClock(Mutex<DateTime<Utc>>);

/// The clock of a server that is ahead of the others, or behind.
struct Skewed {
    clock: Arc<TurnedClock>,
    by: TimeDelta,
}

impl Clock for Skewed {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now() + self.by
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers instead of dice: every run is the same run.
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        let mut x = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66;
        for byte in bytes {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            *byte = (x >> 24) as u8;
        }
    }
}

/// Answers that name what they were made of, with a serial number: bytes are only the same when they were kept.
#[derive(Default)]
struct Numbered(AtomicU64);

impl Numbered {
    fn write(&self, what: &str, file: &BookingFile) -> Bytes {
        let serial = self.0.fetch_add(1, Ordering::Relaxed);
        let booking = &file.booking;
        let payments: Vec<_> = file.payments.iter().map(|p| p.status).collect();
        format!(
            "{}|{what}|{serial}|{:?}|v{}|{payments:?}|{} tickets",
            booking.booking_id,
            booking.state.status(),
            booking.version,
            file.tickets.len()
        )
        .into()
    }
}

impl Render for Numbered {
    fn booking(&self, file: &BookingFile, _: &ShowFile, _: DateTime<Utc>) -> Bytes {
        self.write("booking", file)
    }
    fn declined(&self, file: &BookingFile, _: &ShowFile, reason: &str, _: DateTime<Utc>) -> Bytes {
        self.write(reason, file)
    }
    fn cancelled(
        &self,
        file: &BookingFile,
        _: &ShowFile,
        refunds: usize,
        _: DateTime<Utc>,
    ) -> Bytes {
        self.write(&format!("cancelled, {refunds} refunds"), file)
    }
    fn booking_of(&self, answer: &[u8]) -> Option<BookingId> {
        let text = std::str::from_utf8(answer).ok()?;
        text.split('|').next()?.parse().ok()
    }
}

/// Shows from the store; a catalog that a test changes is changed before its first use.
struct StoredShows {
    store: Arc<SqliteStore>,
    read: Mutex<HashMap<ShowId, Arc<ShowFile>>>,
}

impl StoredShows {
    fn read(&self) -> MutexGuard<'_, HashMap<ShowId, Arc<ShowFile>>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Shows for StoredShows {
    async fn show(&self, show_id: ShowId) -> Result<Option<Arc<ShowFile>>, StoreError> {
        if let Some(file) = self.read().get(&show_id) {
            return Ok(Some(Arc::clone(file)));
        }
        let Some(listed) = self.store.show(show_id).await? else {
            return Ok(None);
        };
        let (published, cancelled) = (listed.published, listed.cancelled);
        let (moved_at, seating) = (listed.moved_at, listed.seating);
        let mut maps_before = Vec::new();
        for map in self.store.maps_before(show_id).await? {
            let map = self.store.seat_map(map).await?.unwrap();
            maps_before.push(Arc::new(IndexedMap::new(map)));
        }
        let show = listed.show;
        let map = self.store.seat_map(show.seat_map_id).await?.unwrap();
        let file = Arc::new(ShowFile {
            theater: self.store.theater(show_id.theater()).await?.unwrap(),
            movie: self.store.movie(show.movie_id).await?.unwrap(),
            map: Arc::new(IndexedMap::new(map)),
            show,
            published,
            cancelled,
            moved_at,
            seating,
            maps_before,
            taken: Arc::default(),
        });
        self.read().insert(show_id, Arc::clone(&file));
        Ok(Some(file))
    }
    async fn reload(&self, show_id: ShowId) -> Result<Option<Arc<ShowFile>>, StoreError> {
        self.read().remove(&show_id);
        self.show(show_id).await
    }
    async fn seats(&self, show: &ShowFile) -> Result<Arc<SeatStates>, StoreError> {
        let snapshot = BookingStore::seats(&*self.store, show.show.show_id)
            .await?
            .unwrap();
        let mut states = vec![SeatState::Available; usize::from(show.show.seats_total)];
        for (seat, state) in snapshot.seats {
            states[seat.index()] = state;
        }
        Ok(Arc::new(SeatStates {
            version: snapshot.version,
            states,
        }))
    }
}

/// A folder in memory where there is one: what is tested here is not the disk, and syncing thousands of cases to it is
/// most of the time they take.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// The database with its catalog, made once and copied for every case.
async fn template() -> &'static [u8] {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(made) = TEMPLATE.get() {
        return made;
    }
    let folder = folder();
    let path = folder.path().join("template.db");
    let store = open(path.clone());
    fixtures::apply(&store, fixtures::catalog()).await;
    let cards = Card::ALL.map(gift_card).into();
    store.issue_gifts(cards, fixtures::start()).await.unwrap();
    store.close().await;
    let made = std::fs::read(&path).unwrap();
    TEMPLATE.get_or_init(|| made)
}

fn open(path: PathBuf) -> SqliteStore {
    let feed = Arc::new(NoFeed);
    SqliteStore::open(OpenOptions { path, feed }).unwrap()
}

/// A card's id.
pub fn gift_id(card: Card) -> GiftCardId {
    let own = ids::time_ordered(1, [card as u8 + 1; 16]);
    GiftCardId::from_parts(fixtures::theater_id(1), own)
}

fn gift_card(card: Card) -> NewGift {
    let amount = Money::new(card.amount_minor(), Currency::new(*b"EUR"));
    let own = ids::time_ordered(1, [card as u8 + 1; 16]);
    NewGift {
        card: GiftCard {
            card_id: gift_id(card),
            last4: card.code().last4(),
            initial: amount,
            balance: amount,
            state: GiftState::Active,
            ends_at: None,
        },
        digest: gifts::digest(&card.code()),
        entry_id: GiftEntryId::from_parts(fixtures::theater_id(1), own),
    }
}

/// The server died; what it was doing is gone.
#[derive(Debug, PartialEq, Eq)]
pub struct Crashed;

/// One theater's server.
pub struct House {
    folder: tempfile::TempDir,
    pub store: Arc<SqliteStore>,
    pub desk: Arc<Desk>,
    pub wire: Arc<Wire>,
    clock: Arc<TurnedClock>,
    entropy: Arc<Counted>,
    render: Arc<Numbered>,
}

impl House {
    pub async fn new() -> Self {
        let folder = folder();
        let path = folder.path().join("m.db");
        std::fs::write(&path, template().await).unwrap();
        let clock = Arc::new(TurnedClock(Mutex::new(fixtures::start())));
        let entropy = Arc::new(Counted(AtomicU64::new(1)));
        let render = Arc::new(Numbered::default());
        let wire = Arc::new(Wire::default());
        let store = Arc::new(open(path));
        let desk = desk(&store, &wire, clock.clone(), &entropy, &render);
        Self {
            folder,
            store,
            desk,
            wire,
            clock,
            entropy,
            render,
        }
    }

    /// Opens the file anew with a new desk, as the next start of the server does.
    pub async fn restart(&mut self) {
        self.store.close().await;
        self.store = Arc::new(open(self.path()));
        self.desk = self.another_desk();
    }

    /// A second server beside the first, on the same data.
    pub fn another_desk(&self) -> Arc<Desk> {
        self.desk_with_clock(self.clock.clone())
    }

    /// The same, its clock ahead by `by`.
    pub fn desk_ahead_by(&self, by: TimeDelta) -> Arc<Desk> {
        let clock = Arc::clone(&self.clock);
        self.desk_with_clock(Arc::new(Skewed { clock, by }))
    }

    fn desk_with_clock(&self, clock: Arc<dyn Clock>) -> Arc<Desk> {
        desk(&self.store, &self.wire, clock, &self.entropy, &self.render)
    }

    /// A desk on the same data at another bank, perhaps one that counts what each caller holds.
    pub fn desk_at(&self, bank: Arc<dyn PaymentGateway>, quotas: bool) -> Arc<Desk> {
        self.desk_of(Some(bank), quotas)
    }

    /// A desk on the same data that takes no payments but with gift cards.
    pub fn desk_without_gateway(&self) -> Arc<Desk> {
        self.desk_of(None, false)
    }

    fn desk_of(&self, gateway: Option<Arc<dyn PaymentGateway>>, quotas: bool) -> Arc<Desk> {
        Arc::new(Desk {
            store: self.desk.store.clone(),
            promos: self.desk.promos.clone(),
            cancellations: self.desk.cancellations.clone(),
            moves: self.desk.moves.clone(),
            gifts: self.desk.gifts.clone(),
            shows: self.desk.shows.clone(),
            gateway,
            counter: self.desk.counter.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            render: self.render.clone(),
            hold_life: limits::HOLD_DEFAULT,
            quotas,
            refunds_refused: AtomicU64::new(0),
            notes: JobNotes::default(),
        })
    }

    /// The sandbox bank without the wire.
    pub fn bank(&self) -> SandboxGateway {
        let ledger: Arc<dyn SandboxLedger> = self.store.clone();
        SandboxGateway::new(ledger)
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("m.db")
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Lets time pass.
    pub fn later(&self, by: TimeDelta) {
        *self.clock.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Runs something until it ends or the server dies under it.
    pub async fn unless_it_crashes<T>(&self, work: impl Future<Output = T>) -> Result<T, Crashed> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.wire.crash() => Err(Crashed),
        }
    }

    /// One round of every job. A job that fails is tried again in the next round, as the server does.
    pub async fn jobs(&self) -> Result<Vec<Result<JobReport, SaleError>>, Crashed> {
        self.unless_it_crashes(async {
            vec![
                self.desk.expire().await,
                self.desk.recover_payments().await,
                self.desk.recover_refunds().await,
            ]
        })
        .await
    }

    /// What a server does by itself within a minute: jobs, a restart if it dies over them, jobs again.
    pub async fn a_minute_of_jobs(&mut self) {
        for _ in 0..4 {
            self.later(TimeDelta::seconds(15));
            if self.jobs().await.is_err() {
                self.restart().await;
            }
        }
    }

    /// Outages end, and everything that only needs time gets it.
    pub async fn let_everything_settle(&mut self) {
        self.wire.heal();
        self.a_minute_of_jobs().await;
        self.later(limits::PAYMENT_DEADLINE + TimeDelta::minutes(6));
        self.a_minute_of_jobs().await;
    }
}

fn desk(
    store: &Arc<SqliteStore>,
    wire: &Arc<Wire>,
    clock: Arc<dyn Clock>,
    entropy: &Arc<Counted>,
    render: &Arc<Numbered>,
) -> Arc<Desk> {
    let ledger: Arc<dyn SandboxLedger> = store.clone();
    Arc::new(Desk {
        store: Arc::new(WiredStore {
            inner: Arc::clone(store),
            wire: Arc::clone(wire),
        }),
        promos: Arc::clone(store) as Arc<dyn PromoStore>,
        cancellations: Arc::clone(store) as Arc<dyn CancellationStore>,
        moves: Arc::clone(store) as Arc<dyn MoveStore>,
        gifts: Arc::clone(store) as Arc<dyn GiftStore>,
        shows: Arc::new(StoredShows {
            store: Arc::clone(store),
            read: Mutex::default(),
        }),
        gateway: Some(Arc::new(WiredGateway {
            inner: SandboxGateway::new(ledger),
            wire: Arc::clone(wire),
        })),
        counter: Some(Arc::new(WiredGateway {
            inner: CounterGateway::new(store.clone(), true),
            wire: Arc::clone(wire),
        })),
        clock,
        entropy: entropy.clone(),
        render: render.clone(),
        hold_life: limits::HOLD_DEFAULT,
        quotas: false,
        refunds_refused: AtomicU64::new(0),
        notes: JobNotes::default(),
    })
}

/// A charge as the sandbox bank knows it: by our key alone.
pub fn charge(key: &str) -> ChargeName {
    ChargeName {
        key: key.to_owned(),
        gateway_ref: None,
        amount: Money::new(0, Currency::new(*b"EUR")),
    }
}
