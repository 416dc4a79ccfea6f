//! Command lines without a dependency: each command declares its flags once, and from that one list come the parser,
//! the refusal of anything unknown and the text of `--help`.

use std::collections::BTreeMap;

/// One flag of a command. `value` names its argument, or is `None` for a switch.
pub struct Flag {
    pub name: &'static str,
    pub value: Option<&'static str>,
    pub help: &'static str,
}

/// What a command takes and how it describes itself.
pub struct Spec {
    pub command: &'static str,
    pub about: &'static str,
    pub flags: &'static [Flag],
    /// Name and description of the arguments passed on as they are, if the command takes any.
    pub rest: Option<(&'static str, &'static str)>,
}

/// A parsed command line.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    switches: Vec<String>,
    values: BTreeMap<String, Vec<String>>,
    pub rest: Vec<String>,
}

/// How parsing ends when it does not end in a command to run.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    Help,
    Refused(String),
}

impl Parsed {
    pub fn has(&self, name: &str) -> bool {
        self.switches.iter().any(|s| s == name)
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .and_then(|v| v.last())
            .map(String::as_str)
    }

    pub fn values(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Reads `arguments` as `spec` says. `--name value` and `--name=value` mean the same.
pub fn parse(spec: &Spec, arguments: &[String]) -> Result<Parsed, Stop> {
    let mut parsed = Parsed::default();
    let mut left = arguments.iter();
    while let Some(argument) = left.next() {
        if argument == "--help" || argument == "-h" {
            return Err(Stop::Help);
        }
        if argument == "--" && spec.rest.is_some() {
            parsed.rest.extend(left.cloned());
            break;
        }
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let Some(flag) = spec.flags.iter().find(|f| f.name == name) else {
            if spec.rest.is_some() && !argument.starts_with('-') {
                parsed.rest.push(argument.clone());
                continue;
            }
            return Err(Stop::Refused(unknown(spec, argument)));
        };
        match (flag.value, inline) {
            (None, None) => parsed.switches.push(name.to_owned()),
            (None, Some(_)) => return Err(Stop::Refused(format!("{name} takes no value"))),
            (Some(_), Some(value)) => parsed.put(name, value),
            (Some(kind), None) => match left.next() {
                Some(value) => parsed.put(name, value.clone()),
                None => {
                    return Err(Stop::Refused(format!(
                        "{name} needs a value: {name} {kind}"
                    )));
                }
            },
        }
    }
    Ok(parsed)
}

impl Parsed {
    fn put(&mut self, name: &str, value: String) {
        self.values.entry(name.to_owned()).or_default().push(value);
    }
}

fn unknown(spec: &Spec, argument: &str) -> String {
    let command = spec.command;
    format!(
        "`cargo xtask {command}` does not know `{argument}`; see `cargo xtask {command} --help`"
    )
}

/// The text of `--help`.
pub fn help(spec: &Spec) -> String {
    let mut rows: Vec<(String, &str)> = spec
        .flags
        .iter()
        .map(|f| match f.value {
            Some(kind) => (format!("{} {kind}", f.name), f.help),
            None => (f.name.to_owned(), f.help),
        })
        .collect();
    rows.push(("--help".to_owned(), "this text"));
    let mut usage = format!("cargo xtask {} [FLAGS]", spec.command);
    if let Some((name, what)) = spec.rest {
        usage = format!("{usage} [-- {name}]");
        rows.push((name.to_owned(), what));
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let rows: Vec<String> = rows
        .into_iter()
        .map(|(name, what)| format!("  {name:width$}  {what}\n"))
        .collect();
    format!("{}\n\nUsage: {usage}\n\n{}", spec.about, rows.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: Spec = Spec {
        command: "show",
        about: "Shows.",
        flags: &[
            Flag {
                name: "--fast",
                value: None,
                help: "quick",
            },
            Flag {
                name: "--port",
                value: Some("N"),
                help: "where",
            },
        ],
        rest: None,
    };

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn flags_and_values_are_read_in_both_spellings() {
        let parsed = parse(&SPEC, &words("--fast --port 1 --port=2")).unwrap();
        assert!(parsed.has("--fast"));
        assert_eq!(parsed.value("--port"), Some("2"));
        assert_eq!(parsed.values("--port"), ["1", "2"]);
    }

    #[test]
    fn an_unknown_flag_is_refused_by_name() {
        let Err(Stop::Refused(why)) = parse(&SPEC, &words("--fastt")) else {
            panic!("accepted");
        };
        assert!(why.contains("`--fastt`") && why.contains("cargo xtask show --help"));
    }

    #[test]
    fn a_missing_or_superfluous_value_is_refused() {
        assert!(matches!(
            parse(&SPEC, &words("--port")),
            Err(Stop::Refused(_))
        ));
        assert!(matches!(
            parse(&SPEC, &words("--fast=1")),
            Err(Stop::Refused(_))
        ));
    }

    #[test]
    fn arguments_after_the_dashes_are_passed_on_where_the_command_takes_them() {
        let with_rest = Spec {
            rest: Some(("ARGS", "more")),
            ..SPEC
        };
        let parsed = parse(&with_rest, &words("--fast -- --port x")).unwrap();
        assert_eq!(parsed.rest, words("--port x"));
        assert!(matches!(parse(&SPEC, &words("--")), Err(Stop::Refused(_))));
    }

    #[test]
    fn help_names_every_flag() {
        assert_eq!(parse(&SPEC, &words("--help")), Err(Stop::Help));
        let text = help(&SPEC);
        assert!(text.contains("--fast") && text.contains("--port N") && text.contains("--help"));
    }
}
