//! localstripe, the Stripe that the tests of payments start: from PyPI, each package pinned, into a folder of this
//! checkout, which is all of it that a machine gets.

use std::fs;
use std::path::PathBuf;

use crate::console::step;
use crate::{paths, process};

const VERSION: &str = "1.15.10";
const PACKAGES: &[&str] = &[
    "localstripe==1.15.10",
    "aiohttp==3.14.5",
    "aiohappyeyeballs==2.7.1",
    "aiosignal==1.4.0",
    "attrs==26.1.0",
    "frozenlist==1.8.0",
    "idna==3.20",
    "multidict==7.2.1",
    "propcache==0.5.4",
    "python-dateutil==4.0.0",
    "tzdata==2026.6",
    "yarl==1.25.1",
];
/// Needed by older Pythons only, and harmless to newer ones.
const FOR_OLD_PYTHONS: &[&str] = &["typing_extensions==4.16.0", "async-timeout==5.0.1"];

/// The folder it is in, after fetching it when it is not there.
pub fn ensure(may_install: bool) -> Result<PathBuf, String> {
    let folder = paths::tools().join(format!("localstripe-{VERSION}"));
    if folder.join("localstripe").is_dir() {
        return Ok(folder);
    }
    let place = folder.display();
    let packages = || PACKAGES.iter().chain(FOR_OLD_PYTHONS);
    if !may_install {
        let names: Vec<&str> = packages().copied().collect();
        return Err(format!(
            "--no-install was given; run `python3 -m pip install --no-deps --target {place} {}`",
            names.join(" ")
        ));
    }
    step(
        &format!("fetching localstripe {VERSION} into {place}"),
        || {
            // What broke off half-way must not look whole.
            let half = folder.with_extension("half");
            let _ = fs::remove_dir_all(&half);
            let words = ["-m", "pip", "--quiet", "--disable-pip-version-check"];
            let mut pip = process::command("python3", &words);
            pip.args(["install", "--no-deps", "--target"]).arg(&half);
            process::run(pip.args(packages()))?;
            fs::rename(&half, &folder).map_err(|error| format!("{place}: {error}"))
        },
    )?;
    Ok(folder)
}
