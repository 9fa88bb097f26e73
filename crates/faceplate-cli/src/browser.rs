//! Opening a page in the browser of whoever sits at this computer.

use std::process::{Child, Command, Stdio};

/// A program that was asked to open a page.
#[derive(Debug)]
pub(crate) struct Opening {
    program: String,
    /// `None` when it has ended.
    child: Option<Child>,
}

/// Opens `url`: with the first program of the variable `BROWSER` that starts, or as the system does.
/// It is not waited for.
///
/// # Errors
/// When none starts, in words.
pub(crate) fn open(url: &str) -> Result<Opening, String> {
    let browser = std::env::var("BROWSER").unwrap_or_default();
    let mut why = "no program is known that opens it".to_owned();
    for words in commands(&browser, url) {
        let Some((program, arguments)) = words.split_first() else {
            continue;
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // What ends this command from the terminal need not end the browser.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        match command.spawn() {
            Ok(child) => {
                return Ok(Opening {
                    program: program.clone(),
                    child: Some(child),
                });
            }
            Err(error) => why = format!("`{program}` does not start: {error}"),
        }
    }
    Err(why)
}

impl Opening {
    /// Why the page was not opened, once the program has ended with that.
    pub(crate) fn failed(&mut self) -> Option<String> {
        let ended = self.child.as_mut()?.try_wait();
        let program = &self.program;
        let why = match ended {
            Ok(None) => return None,
            Ok(Some(status)) if status.success() => None,
            Ok(Some(status)) => Some(format!("`{program}` ended with {status}")),
            Err(error) => Some(format!("`{program}`: {error}")),
        };
        self.child = None;
        why
    }
}

/// The commands to be tried, in words. `browser` is a list as in `PATH`; each entry is a program
/// with arguments, of which `%s` stands for the address, which comes last where there is none.
fn commands(browser: &str, url: &str) -> Vec<Vec<String>> {
    let separator = if cfg!(windows) { ';' } else { ':' };
    let named = browser.split(separator).filter_map(|entry| {
        let mut words: Vec<String> = entry.split_whitespace().map(str::to_owned).collect();
        words.first()?;
        match entry.contains("%s") {
            true => words
                .iter_mut()
                .for_each(|word| *word = word.replace("%s", url)),
            false => words.push(url.to_owned()),
        }
        Some(words)
    });
    let mut commands: Vec<_> = named.collect();
    if commands.is_empty() {
        let system: &[&str] = match std::env::consts::OS {
            "windows" => &["cmd", "/C", "start", ""],
            "macos" => &["open"],
            _ => &["xdg-open"],
        };
        let words = system.iter().chain([&url]);
        commands.push(words.map(|word| (*word).to_owned()).collect());
    }
    commands
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_variable_browser_names_programs_to_be_tried_in_turn() {
        let url = "http://lamp/";
        for (browser, wanted) in [
            ("firefox", &[&["firefox", url][..]][..]),
            (
                "chromium --new-window",
                &[&["chromium", "--new-window", url]],
            ),
            (
                "w3m -o a=%s %s:lynx",
                &[&["w3m", "-o", "a=http://lamp/", url], &["lynx", url]],
            ),
            (":  :links", &[&["links", url]]),
        ] {
            assert_eq!(commands(browser, url), wanted, "{browser:?}");
        }
        for nothing in ["", " : "] {
            let found = commands(nothing, url);
            assert_eq!(found.len(), 1, "{nothing:?}");
            assert_eq!(found[0].last().unwrap(), url);
        }
    }
}
