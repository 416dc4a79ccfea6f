//! Dependencies point only as ARCHITECTURE.md draws them, and a library that belongs to one crate is named by no other.

use super::manifest::{self, Dependency, Manifest, Section};
use super::{File, Problem};

/// Each package with those of this repository it may depend on. `matinee-domain` is the common language of all.
const DRAWN: &[(&str, &[&str])] = &[
    ("matinee-planted", &[]),
    ("matinee-domain", &[]),
    ("matinee-api", &["matinee-domain"]),
    ("matinee-import", &["matinee-domain"]),
    ("matinee-store", &["matinee-domain"]),
    ("matinee-store-sqlite", &["matinee-store", "matinee-domain"]),
    (
        "matinee-store-postgres",
        &["matinee-store", "matinee-domain"],
    ),
    ("matinee-booking", &["matinee-store", "matinee-domain"]),
    (
        "matinee-integrations",
        &["matinee-booking", "matinee-store", "matinee-domain"],
    ),
    (
        "matinee-server",
        &[
            "matinee-domain",
            "matinee-api",
            "matinee-import",
            "matinee-store",
            "matinee-store-sqlite",
            "matinee-store-postgres",
            "matinee-booking",
            "matinee-integrations",
        ],
    ),
    ("matinee-client", &["matinee-api", "matinee-domain"]),
    (
        "matinee-app",
        &[
            "matinee-client",
            "matinee-api",
            "matinee-domain",
            "matinee-server",
        ],
    ),
    ("xtask", &[]),
];

/// Nothing at all in any program that is shipped; see there.
const FOR_ALL: &str = "matinee-planted";

/// These look at the whole from outside and may depend on any package.
const OUTSIDERS: &[&str] = &[
    "matinee-tests",
    "matinee-bench",
    "matinee-fuzz-targets",
    "matinee-fuzz",
];

/// An engine may stand in for the storage in any crate's tests, and the sandbox for the bank in those of selling.
const TEST_ENGINE: &str = "matinee-store-sqlite";
const TEST_BANK: (&str, &str) = ("matinee-booking", "matinee-integrations");

/// A library, the only package that may name it, and whether names that begin with it count too.
pub const RESERVED: &[(&str, &str)] = &[("tauri", "matinee-app"), ("axum", "matinee-server")];

pub fn check(files: &[File]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml"))
    {
        let manifest = manifest::parse(&file.text);
        for dependency in &manifest.dependencies {
            let breach = inside(&manifest, dependency)
                .or_else(|| reserved(&manifest, dependency))
                .or_else(|| bare(&manifest))
                .or_else(|| desktop_only(&manifest, dependency));
            if let Some(what) = breach {
                problems.push(Problem::new(file, dependency.line, what));
            }
        }
    }
    problems
}

fn inside(manifest: &Manifest, dependency: &Dependency) -> Option<String> {
    let (from, to) = (manifest.package.as_str(), dependency.package.as_str());
    let ours = DRAWN.iter().any(|(name, _)| *name == to) || OUTSIDERS.contains(&to);
    if !ours || OUTSIDERS.contains(&from) || from == to || to == FOR_ALL {
        return None;
    }
    if dependency.section == Section::Dev && (to == TEST_ENGINE || (from, to) == TEST_BANK) {
        return None;
    }
    let Some((_, allowed)) = DRAWN.iter().find(|(name, _)| *name == from) else {
        return Some(format!(
            "{from} is not drawn in ARCHITECTURE.md; tidy does not know what it may depend on"
        ));
    };
    (!allowed.contains(&to)).then(|| {
        format!(
            "{from} must not depend on {to}: dependencies point only as drawn in ARCHITECTURE.md"
        )
    })
}

fn reserved(manifest: &Manifest, dependency: &Dependency) -> Option<String> {
    let (library, owner) = RESERVED
        .iter()
        .find(|(library, _)| belongs_to(&dependency.package, library))?;
    // The bench compares the server with a bare one of the same kind.
    let baseline = manifest.package == "matinee-bench" && *library == "axum";
    (manifest.package != *owner && !baseline).then(|| format!("only {owner} may name {library}"))
}

/// `tauri` and `tauri-specta` belong to `tauri`, `tauriform` does not.
fn belongs_to(package: &str, library: &str) -> bool {
    package
        .strip_prefix(library)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn bare(manifest: &Manifest) -> Option<String> {
    (manifest.package == "xtask").then(|| {
        "xtask uses the standard library only, to start in seconds on a bare machine".to_owned()
    })
}

/// Phones have no server inside.
fn desktop_only(manifest: &Manifest, dependency: &Dependency) -> Option<String> {
    let concerned = manifest.package == "matinee-app" && dependency.package == "matinee-server";
    let limited = dependency.optional || dependency.target.as_deref().is_some_and(excludes_phones);
    (concerned && !limited).then(|| {
        "the shell may contain the server on desktop only: make it optional or limit it by target".to_owned()
    })
}

fn excludes_phones(condition: &str) -> bool {
    condition.contains("desktop")
        || (condition.contains("not") && condition.contains("android") && condition.contains("ios"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(package: &str, dependencies: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"{package}\"\n{dependencies}");
        check(&[File::planted("x/Cargo.toml", &text)])
            .into_iter()
            .map(|problem| problem.what)
            .collect()
    }

    #[test]
    fn a_dependency_against_the_drawing_is_found() {
        let found = breaches(
            "matinee-domain",
            "[dependencies]\nmatinee-store.workspace = true\n",
        );
        assert!(
            found[0].contains("matinee-domain must not depend on matinee-store"),
            "{found:?}"
        );
        assert_eq!(
            breaches(
                "matinee-import",
                "[dependencies]\nmatinee-api.workspace = true\n"
            )
            .len(),
            1
        );
        assert_eq!(
            breaches(
                "matinee-client",
                "[dependencies]\nmatinee-server.workspace = true\n"
            )
            .len(),
            1
        );
        assert!(
            breaches(
                "matinee-server",
                "[dependencies]\nmatinee-import.workspace = true\n"
            )
            .is_empty()
        );
    }

    #[test]
    fn tests_may_use_an_engine_and_outsiders_anything() {
        let bank = "matinee-integrations.workspace = true\n";
        let in_tests = format!("[dev-dependencies]\n{bank}");
        assert!(breaches("matinee-booking", &in_tests).is_empty());
        assert_eq!(breaches("matinee-client", &in_tests).len(), 1);
        assert_eq!(
            breaches("matinee-booking", &format!("[dependencies]\n{bank}")).len(),
            1
        );
        assert!(
            breaches(
                "matinee-booking",
                "[dev-dependencies]\nmatinee-store-sqlite.workspace = true\n"
            )
            .is_empty()
        );
        assert_eq!(
            breaches(
                "matinee-booking",
                "[dependencies]\nmatinee-store-sqlite.workspace = true\n"
            )
            .len(),
            1
        );
        assert!(
            breaches(
                "matinee-tests",
                "[dependencies]\nmatinee-server.workspace = true\n"
            )
            .is_empty()
        );
    }

    #[test]
    fn an_unknown_package_has_to_be_drawn_first() {
        assert!(
            breaches(
                "matinee-new",
                "[dependencies]\nmatinee-domain.workspace = true\n"
            )[0]
            .contains("not drawn")
        );
    }

    #[test]
    fn libraries_of_one_crate_are_refused_elsewhere() {
        assert_eq!(
            breaches(
                "matinee-client",
                "[dependencies]\ntauri-specta.workspace = true\n"
            )
            .len(),
            1
        );
        assert_eq!(
            breaches("matinee-booking", "[dependencies]\naxum = \"0.8\"\n").len(),
            1
        );
        assert!(breaches("matinee-server", "[dependencies]\naxum = \"0.8\"\n").is_empty());
    }

    #[test]
    fn the_shell_holds_the_server_on_desktop_only_and_xtask_holds_nothing() {
        let plain = "[dependencies]\nmatinee-server.workspace = true\n";
        assert_eq!(breaches("matinee-app", plain).len(), 1);
        let optional = "[dependencies]\nmatinee-server = { workspace = true, optional = true }\n";
        assert!(breaches("matinee-app", optional).is_empty());
        let limited = "[target.'cfg(not(any(target_os = \"android\", target_os = \"ios\")))'.dependencies]\nmatinee-server.workspace = true\n";
        assert!(breaches("matinee-app", limited).is_empty());
        assert_eq!(
            breaches("xtask", "[dependencies]\nserde = \"1\"\n").len(),
            1
        );
    }
}
