//! In the UI only `ui/src/lib/platform` knows where it runs: nothing else names the shell's packages or talks to a
//! server. Everything else asks the one interface that is declared there.

use super::{File, Problem, has_kind};

const HOME: &str = "ui/src/lib/platform/";
/// Ways to talk to a server past the platform: as a call, or as a class.
const CALLS: &[&str] = &["fetch", "sendBeacon"];
const CLASSES: &[&str] = &["EventSource", "XMLHttpRequest", "WebSocket"];
/// Objects whose `fetch` is the global one.
const GLOBALS: &[&str] = &["window", "globalThis", "self", "navigator"];

pub fn check(file: &File) -> Vec<Problem> {
    let ours = file.path.starts_with("ui/src/") && !file.path.starts_with(HOME);
    if !ours || !has_kind(&file.path, &["ts", "js", "svelte"]) || file.is_generated() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let code = line.trim_start();
        if ["//", "*", "/*", "<!--"]
            .iter()
            .any(|start| code.starts_with(start))
        {
            continue;
        }
        if code.contains("@tauri-apps") {
            problems.push(Problem::new(
                file,
                index + 1,
                format!("only {HOME} names the shell's packages"),
            ));
        }
        if let Some(name) = talks(code) {
            problems.push(Problem::new(
                file,
                index + 1,
                format!("`{name}`: only {HOME} talks to a server"),
            ));
        }
    }
    problems
}

fn talks(line: &str) -> Option<&'static str> {
    let mut before = "";
    let mut joined = false;
    for (_, word, after) in super::masked::words(line) {
        // A method of the same name on some other object (a query's `fetch()`) is not the global function.
        let global = !joined || GLOBALS.contains(&before);
        if let Some(name) = CALLS
            .iter()
            .find(|name| **name == word && after.starts_with('(') && global)
        {
            return Some(name);
        }
        if let Some(name) = CLASSES
            .iter()
            .find(|name| **name == word && after.starts_with(['(', '.']))
        {
            return Some(name);
        }
        (before, joined) = (word, after.starts_with('.'));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(path: &str, text: &str) -> usize {
        check(&File::planted(path, text)).len()
    }

    #[test]
    fn talking_to_a_server_or_the_shell_is_found_outside_the_platform() {
        for planted in [
            "import { invoke } from '@tauri-apps/api/core';",
            "const r = await fetch(`/api`);",
            "window.fetch(url)",
            "const live = new EventSource(url);",
            "new XMLHttpRequest();",
        ] {
            assert_eq!(
                breaches("ui/src/lib/features/a.ts", planted),
                1,
                "{planted}"
            );
            assert_eq!(
                breaches("ui/src/routes/+page.svelte", planted),
                1,
                "{planted}"
            );
            assert_eq!(
                breaches("ui/src/lib/platform/http.ts", planted),
                0,
                "{planted}"
            );
        }
    }

    #[test]
    fn likenesses_are_left_alone() {
        for harmless in [
            "query.fetch()",
            "prefetch(x)",
            "// fetch(x)",
            "refetch()",
            "type X = EventSource;",
        ] {
            assert_eq!(breaches("ui/src/lib/a.ts", harmless), 0, "{harmless}");
        }
    }
}
