//! As much of Cargo.toml as the rules need: which package it is, and each dependency with the section it stands in.
//! Reads the forms this repository uses; it is not a TOML parser.

/// A package's name and dependencies.
#[derive(Debug, Default)]
pub struct Manifest {
    pub package: String,
    pub dependencies: Vec<Dependency>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The package depended on, also when it is renamed.
    pub package: String,
    /// `dependencies`, `dev-dependencies` or `build-dependencies`.
    pub section: Section,
    /// The `cfg(…)` it is limited to, if it is.
    pub target: Option<String>,
    pub optional: bool,
    pub line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Normal,
    Dev,
    Build,
}

/// Where the lines that follow belong.
enum Place {
    Package,
    /// `[dependencies]`: each line is one.
    List(Section, Option<String>),
    /// `[dependencies.name]`: each line is a property of the last one.
    One,
    Elsewhere,
}

pub fn parse(text: &str) -> Manifest {
    let mut manifest = Manifest::default();
    let mut place = Place::Elsewhere;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            place = enter(header, index + 1, &mut manifest);
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        match &place {
            Place::Package if key == "name" => manifest.package = unquoted(value),
            Place::List(section, target) => {
                manifest
                    .dependencies
                    .push(listed(key, value, *section, target.clone(), index + 1));
            }
            Place::One => property(key, value, manifest.dependencies.last_mut()),
            Place::Package | Place::Elsewhere => {}
        }
    }
    manifest
}

fn enter(header: &str, line: usize, manifest: &mut Manifest) -> Place {
    if header == "package" {
        return Place::Package;
    }
    // `target.'cfg(…)'.dependencies`: the condition may hold dots, so it is cut out at its quotes.
    let (target, rest) = match header.strip_prefix("target.") {
        Some(rest) => match rest.rsplit_once(['\'', '"']) {
            Some((condition, rest)) => (
                Some(condition.trim_start_matches(['\'', '"']).to_owned()),
                rest.trim_start_matches('.'),
            ),
            None => match rest.split_once('.') {
                Some((triple, rest)) => (Some(triple.to_owned()), rest),
                None => return Place::Elsewhere,
            },
        },
        None => (None, header),
    };
    let (section, name) = match rest.split_once('.') {
        Some((section, name)) => (section, Some(name)),
        None => (rest, None),
    };
    let section = match section {
        "dependencies" => Section::Normal,
        "dev-dependencies" => Section::Dev,
        "build-dependencies" => Section::Build,
        _ => return Place::Elsewhere,
    };
    let Some(name) = name else {
        return Place::List(section, target);
    };
    manifest.dependencies.push(Dependency {
        package: unquoted(name),
        section,
        target,
        optional: false,
        line,
    });
    Place::One
}

fn listed(
    key: &str,
    value: &str,
    section: Section,
    target: Option<String>,
    line: usize,
) -> Dependency {
    let name = key.split('.').next().unwrap_or(key);
    let renamed = value.split_once("package").and_then(|(_, rest)| {
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        rest.strip_prefix('"')?
            .split_once('"')
            .map(|(name, _)| name.to_owned())
    });
    Dependency {
        package: renamed.unwrap_or_else(|| unquoted(name)),
        section,
        target,
        optional: value.replace(' ', "").contains("optional=true"),
        line,
    }
}

fn property(key: &str, value: &str, dependency: Option<&mut Dependency>) {
    let Some(dependency) = dependency else { return };
    match key {
        "package" => dependency.package = unquoted(value),
        "optional" => dependency.optional = value == "true",
        _ => {}
    }
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_dependency_is_read() {
        let manifest = parse(
            "[package]\nname = \"x\"\n[dependencies]\n# gone = \"1\"\na.workspace = true\nb = \"1\"\n\
             c = { package = \"real-c\", version = \"1\", optional = true }\n[dev-dependencies]\nd = \"1\"\n\
             [target.'cfg(not(any(target_os = \"android\")))'.dependencies]\ne.workspace = true\n\
             [build-dependencies.f]\nversion = \"1\"\noptional = true\n[features]\ng = []\n",
        );
        assert_eq!(manifest.package, "x");
        let names: Vec<_> = manifest
            .dependencies
            .iter()
            .map(|d| d.package.as_str())
            .collect();
        assert_eq!(names, ["a", "b", "real-c", "d", "e", "f"]);
        assert!(manifest.dependencies[2].optional && manifest.dependencies[5].optional);
        assert_eq!(manifest.dependencies[3].section, Section::Dev);
        assert_eq!(manifest.dependencies[5].section, Section::Build);
        let target = manifest.dependencies[4].target.as_deref();
        assert_eq!(target, Some("cfg(not(any(target_os = \"android\")))"));
    }
}
