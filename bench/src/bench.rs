//! What every row needs: the program, a folder, the databases to copy, and one PostgreSQL for the whole run.

use crate::{
    arena,
    args::{Args, Extent},
    database::{Database, Engine},
    failure::Failure,
    postgres::Postgres,
    server::{self, ServerProcess},
};
use std::{
    cell::{Cell, OnceCell},
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    rc::Rc,
};
use tempfile::TempDir;

/// A quarter of a small machine, as its manual advises; everything else as it is shipped.
const SETTINGS: &[&str] = &["shared_buffers=512MB"];

/// What a database holds before a row begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Data {
    /// The demo.
    Demo,
    /// Few screens and many seats, see [`arena`].
    Arena,
}

pub struct Bench {
    pub extent: Extent,
    /// Bookings to grow to.
    pub grow: u64,
    binary: PathBuf,
    folder: TempDir,
    postgres: OnceCell<Rc<Postgres>>,
    templates: [OnceCell<Database>; 4],
    made: Cell<u32>,
}

impl Bench {
    pub fn new(args: &Args) -> Result<Self, Failure> {
        let folder = args.folder()?;
        Ok(Self {
            extent: args.extent(),
            grow: args.grow(),
            binary: args.server_binary()?,
            folder,
            postgres: OnceCell::new(),
            templates: Default::default(),
            made: Cell::new(0),
        })
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Started at first use. It ends with this program.
    pub fn postgres(&self) -> Result<Rc<Postgres>, Failure> {
        if let Some(postgres) = self.postgres.get() {
            return Ok(postgres.clone());
        }
        // Beside the other engine's files, when its user may enter there.
        let open = |mode| fs::set_permissions(self.folder(), fs::Permissions::from_mode(mode));
        open(0o1777)?;
        let postgres = Postgres::start_in(self.folder(), SETTINGS)
            .or_else(|_| Postgres::start_in(&std::env::temp_dir(), SETTINGS))?;
        open(0o755)?;
        Ok(self.postgres.get_or_init(|| Rc::new(postgres)).clone())
    }

    fn fresh_name(&self, what: &str) -> String {
        self.made.set(self.made.get() + 1);
        format!("{what}_{}", self.made.get())
    }

    fn empty(&self, engine: Engine, name: &str) -> Result<Database, Failure> {
        Ok(match engine {
            Engine::Sqlite => Database::Sqlite(self.folder().join(format!("{name}.db"))),
            Engine::Postgres => {
                let postgres = self.postgres()?;
                postgres.database(name);
                Database::Postgres(postgres, name.to_owned())
            }
        })
    }

    /// A database nobody works on, to be copied.
    pub async fn template(&self, engine: Engine, data: Data) -> Result<&Database, Failure> {
        let slot = &self.templates[engine as usize * 2 + data as usize];
        if let Some(template) = slot.get() {
            return Ok(template);
        }
        let database = self.empty(engine, &self.fresh_name("template"))?;
        match data {
            Data::Demo => {
                let server = ServerProcess::start(
                    &self.binary,
                    self.folder(),
                    database.clone(),
                    &["--demo"],
                )?;
                server.stop().await?;
            }
            Data::Arena => {
                let file = self.folder().join("arena.json");
                fs::write(&file, arena::catalog()?)?;
                server::command(&self.binary, "import", &[file.as_os_str()], &database)?;
            }
        }
        Ok(slot.get_or_init(|| database))
    }

    /// A copy of a template, to be changed.
    pub async fn copy(&self, engine: Engine, data: Data) -> Result<Database, Failure> {
        let template = self.template(engine, data).await?;
        template.copy(self.folder(), &self.fresh_name("bench"))
    }

    /// A server on a copy of its own.
    pub async fn server(&self, engine: Engine, data: Data) -> Result<ServerProcess, Failure> {
        let database = self.copy(engine, data).await?;
        self.server_on(database, &[])
    }

    /// A server that may use one of the machine's cores only.
    pub fn server_on_core(
        &self,
        database: Database,
        core: usize,
    ) -> Result<ServerProcess, Failure> {
        ServerProcess::start_on_core(&self.binary, self.folder(), database, core)
    }

    /// A server on a database, with more arguments.
    pub fn server_on(&self, database: Database, more: &[&str]) -> Result<ServerProcess, Failure> {
        ServerProcess::start(&self.binary, self.folder(), database, more)
    }
}
