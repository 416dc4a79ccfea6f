//! A disk that can lose power: SQLite's own file layer with every write, truncation and sync of the files in one folder
//! written down, in order. From the record, the disk as a crash at any moment might leave it can be made: what was
//! synced is there; of what was not, any part may be.
//!
//! Left out: the shared-memory index (it does not outlive the machine) and the rollback journal (used only while a
//! database is made).

// SQLite's file layer is C: this is the one place that speaks it.
#![allow(unsafe_code)]

use crate::chance::Chance;
use rusqlite::ffi;
use std::{
    collections::HashMap,
    ffi::{CStr, c_char, c_int, c_void},
    path::{Path, PathBuf},
    ptr,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

/// Smallest piece that a disk writes whole.
const SECTOR: usize = 512;

/// Something that happened to a file; files are numbered by the order of their opening.
enum Event {
    Write {
        file: usize,
        at: usize,
        bytes: Box<[u8]>,
    },
    Truncate {
        file: usize,
        to: usize,
    },
    Sync {
        file: usize,
    },
}

/// What is written down.
#[derive(Default)]
struct Record {
    folder: PathBuf,
    names: Vec<String>,
    events: Vec<Event>,
}

/// SQLite's own way to a file, kept for each open file of the folder.
#[derive(Clone, Copy)]
struct Opened {
    file: usize,
    methods: &'static ffi::sqlite3_io_methods,
}

#[derive(Default)]
struct State {
    record: Record,
    /// By the address of SQLite's file object.
    open: HashMap<usize, Opened>,
    /// Method tables with ours in them, by the address of the original; never freed, there are a handful.
    patched: HashMap<usize, usize>,
}

static STATE: OnceLock<Mutex<State>> = OnceLock::new();
static ORIGINAL: OnceLock<usize> = OnceLock::new();

fn state() -> MutexGuard<'static, State> {
    STATE
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Begins to record the files of `folder`. Once per process: SQLite has one default file layer.
pub fn record(folder: &Path) {
    folder.clone_into(&mut state().record.folder);
    // SAFETY: finding and registering a file layer is what these functions are for. The copy and its name live for ever,
    // and it differs from the original only in how files are opened.
    unsafe {
        let original = ffi::sqlite3_vfs_find(ptr::null());
        assert!(!original.is_null());
        ORIGINAL
            .set(original as usize)
            .expect("recording begins once");
        let ours = Box::leak(Box::new(*original));
        ours.zName = c"recorded".as_ptr();
        ours.xOpen = Some(open);
        assert_eq!(ffi::sqlite3_vfs_register(ours, 1), ffi::SQLITE_OK);
    }
}

/// Writes to a file of that name since `begin`.
pub fn writes_to(name: &str, begin: usize) -> usize {
    let state = state();
    let record = &state.record;
    let to_it = |event: &&Event| matches!(event, Event::Write { file, .. } if record.names[*file].ends_with(name));
    record.events[begin..].iter().filter(to_it).count()
}

/// A moment on the disk: how much had happened.
pub fn now() -> usize {
    state().record.events.len()
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let original = *ORIGINAL.get().expect("set before this is registered") as *mut ffi::sqlite3_vfs;
    // SAFETY: SQLite's arguments are passed on to SQLite's own function.
    unsafe {
        let opened = (*original).xOpen.expect("every file layer opens files");
        let code = opened(original, name, file, flags, out);
        let wanted = flags & (ffi::SQLITE_OPEN_MAIN_DB | ffi::SQLITE_OPEN_WAL) != 0;
        if code == ffi::SQLITE_OK && wanted && !name.is_null() {
            watch(name, file);
        }
        code
    }
}

/// Puts our methods before those of an open file, if it lies in the folder.
///
/// # Safety
/// `name` is a C string and `file` an open file of SQLite's.
unsafe fn watch(name: *const c_char, file: *mut ffi::sqlite3_file) {
    // SAFETY: promised by the caller; method tables of SQLite are constants.
    let (path, methods) = unsafe {
        let path = PathBuf::from(CStr::from_ptr(name).to_string_lossy().into_owned());
        let methods: &'static ffi::sqlite3_io_methods = &*(*file).pMethods;
        (path, methods)
    };
    let state = &mut *state();
    if path.parent() != Some(&state.record.folder) {
        return;
    }
    let name = path
        .file_name()
        .expect("a file has a name")
        .to_string_lossy()
        .into_owned();
    let names = &mut state.record.names;
    let number = names
        .iter()
        .position(|known| *known == name)
        .unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
    let opened = Opened {
        file: number,
        methods,
    };
    state.open.insert(file as usize, opened);
    let key = ptr::from_ref(methods) as usize;
    let patched = *state.patched.entry(key).or_insert_with(|| {
        let ours = ffi::sqlite3_io_methods {
            xClose: Some(close),
            xWrite: Some(write),
            xTruncate: Some(truncate),
            xSync: Some(sync),
            ..*methods
        };
        ptr::from_ref(Box::leak(Box::new(ours))) as usize
    });
    // SAFETY: the table lives for ever and has every method of the original.
    unsafe { (*file).pMethods = patched as *const ffi::sqlite3_io_methods };
}

fn opened(file: *mut ffi::sqlite3_file) -> Opened {
    state().open[&(file as usize)]
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let known = opened(file);
    state().open.remove(&(file as usize));
    // SAFETY: the original method with the original argument.
    unsafe { (known.methods.xClose.expect("files are closed"))(file) }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    data: *const c_void,
    length: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    let known = opened(file);
    // SAFETY: SQLite gives `length` readable bytes at `data`; then the original method with the original arguments.
    let (bytes, code) = unsafe {
        let bytes: Box<[u8]> = std::slice::from_raw_parts(data.cast(), length as usize).into();
        let original = known.methods.xWrite.expect("files are written");
        (bytes, original(file, data, length, at))
    };
    if code == ffi::SQLITE_OK {
        state().record.events.push(Event::Write {
            file: known.file,
            at: at as usize,
            bytes,
        });
    }
    code
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, to: ffi::sqlite3_int64) -> c_int {
    let known = opened(file);
    // SAFETY: the original method with the original arguments.
    let code = unsafe { (known.methods.xTruncate.expect("files are truncated"))(file, to) };
    if code == ffi::SQLITE_OK {
        state().record.events.push(Event::Truncate {
            file: known.file,
            to: to as usize,
        });
    }
    code
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    let known = opened(file);
    // SAFETY: the original method with the original arguments.
    let code = unsafe { (known.methods.xSync.expect("files are synced"))(file, flags) };
    if code == ffi::SQLITE_OK {
        state().record.events.push(Event::Sync { file: known.file });
    }
    code
}

/// Whether a disk does what it is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Honesty {
    Honest,
    /// Says that it synced and does not: what the check must notice.
    Lying,
}

/// Plays the record forward, from crash to crash.
pub struct Replay {
    record: Record,
    honesty: Honesty,
    at: usize,
    /// What is certainly there, by file.
    durable: Vec<Vec<u8>>,
    /// Events since the last sync, by file.
    pending: Vec<Vec<usize>>,
}

impl Replay {
    /// Takes the record; all that happened before `start` is taken as durable.
    pub fn new(honesty: Honesty, start: usize) -> Self {
        let record = std::mem::take(&mut state().record);
        Self::of(record, honesty, start)
    }

    /// The same record on another kind of disk.
    pub fn again(self, honesty: Honesty, start: usize) -> Self {
        Self::of(self.record, honesty, start)
    }

    fn of(record: Record, honesty: Honesty, start: usize) -> Self {
        let files = record.names.len();
        let mut replay = Self {
            record,
            honesty: Honesty::Honest,
            at: 0,
            durable: vec![Vec::new(); files],
            pending: vec![Vec::new(); files],
        };
        replay.go_to(start);
        for file in 0..files {
            replay.settle(file);
        }
        replay.honesty = honesty;
        replay
    }

    /// Moves to a later moment.
    pub fn go_to(&mut self, moment: usize) {
        while self.at < moment {
            let index = self.at;
            self.at += 1;
            match self.record.events[index] {
                Event::Write { file, .. } | Event::Truncate { file, .. } => {
                    self.pending[file].push(index);
                }
                Event::Sync { file } if self.honesty == Honesty::Honest => self.settle(file),
                Event::Sync { .. } => {}
            }
        }
    }

    fn settle(&mut self, file: usize) {
        for index in std::mem::take(&mut self.pending[file]) {
            apply(&mut self.durable[file], &self.record.events[index], |_| {
                true
            });
        }
    }

    /// Writes the files as a crash now might leave them into `folder`: of what was not synced, all, nothing, some
    /// writes, or some sectors of some writes.
    pub fn crash(&self, folder: &Path, chance: &mut Chance) {
        for (file, name) in self.record.names.iter().enumerate() {
            let mut content = self.durable[file].clone();
            let mood = chance.below(4);
            for index in &self.pending[file] {
                let event = &self.record.events[*index];
                match mood {
                    0 => {}
                    1 => apply(&mut content, event, |_| true),
                    2 if chance.below(2) == 0 => apply(&mut content, event, |_| true),
                    2 => {}
                    _ => apply(&mut content, event, |_| chance.below(2) == 0),
                }
            }
            std::fs::write(folder.join(name), content).expect("the picture of the disk is written");
        }
    }
}

/// Does an event to a file's content, sector by sector where `keep` says so.
fn apply(content: &mut Vec<u8>, event: &Event, mut keep: impl FnMut(usize) -> bool) {
    match event {
        Event::Write { at, bytes, .. } => {
            let mut done = 0;
            while done < bytes.len() {
                let from = at + done;
                let length = (SECTOR - from % SECTOR).min(bytes.len() - done);
                if keep(from / SECTOR) {
                    if content.len() < from + length {
                        content.resize(from + length, 0);
                    }
                    content[from..from + length].copy_from_slice(&bytes[done..done + length]);
                }
                done += length;
            }
        }
        Event::Truncate { to, .. } => {
            if keep(to / SECTOR) {
                content.resize(*to, 0);
            }
        }
        Event::Sync { .. } => {}
    }
}
