//! Reading the command line, with the values of the configuration file under it.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::builder::Resettable;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

/// The file that is read when nobody names one, in the data folder.
const FILE: &str = "carillon.toml";

/// Reads the command line, and under it the environment and the configuration file.
///
/// Ends the process, as clap does, for `--help`, `--version` and usage errors.
pub fn parse<C: CommandFactory + FromArgMatches>(
    arguments: impl IntoIterator<Item = OsString>,
) -> anyhow::Result<C> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let command = without_empty_variables(C::command());
    let mut matches = command.clone().get_matches_from(&arguments);
    if let Some(found) = file_of(&matches)? {
        let file = File::parse(&command, &found)?;
        matches = file
            .under(command)
            .try_get_matches_from(&arguments)
            .map_err(|error| anyhow!("{}: {}", found.path.display(), error.to_string().trim_end()))?;
    }
    Ok(C::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

/// The command as if variables that are empty did not exist: compose files pass them so for what is not set.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    command
        .mut_args(|argument| {
            let is_empty = argument
                .get_env()
                .and_then(std::env::var_os)
                .is_some_and(|value| value.is_empty());
            if is_empty {
                argument.env(Resettable::Reset)
            } else {
                argument
            }
        })
        .mut_subcommands(without_empty_variables)
}

/// A configuration file.
struct Found {
    path: PathBuf,
    text: String,
    /// Rather than found in the data folder.
    is_named: bool,
}

/// The configuration file that these options name or find.
fn file_of(matches: &ArgMatches) -> anyhow::Result<Option<Found>> {
    let mut innermost = matches;
    while let Some((_, inner)) = innermost.subcommand() {
        innermost = inner;
    }
    let path = |name| innermost.try_get_one::<PathBuf>(name).ok().flatten();
    let Some(data) = path("data") else {
        return Ok(None);
    };
    let (path, is_named) = match path("config") {
        Some(path) => (path.clone(), true),
        None => (data.join(FILE), false),
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(Found { path, text, is_named })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_named => Ok(None),
        Err(error) => Err(error).with_context(|| format!("the configuration file {}", path.display())),
    }
}

/// The values of a configuration file by the name of their flag.
struct File {
    values: Vec<(String, Vec<String>)>,
}

impl File {
    fn parse(command: &clap::Command, found: &Found) -> anyhow::Result<Self> {
        let path = &found.path;
        let table: toml::Table = toml::from_str(&found.text).map_err(|error| {
            // Not the error's own text, which shows the line: there may be a secret in it.
            let line = error
                .span()
                .and_then(|span| found.text.get(..span.start))
                .map_or(1, |before| before.matches('\n').count() + 1);
            anyhow!("{}: line {line}: {}", path.display(), error.message())
        })?;
        let serve = command
            .find_subcommand("serve")
            .ok_or_else(|| anyhow!("a command without `serve`"))?;
        let mut values = Vec::new();
        for (key, value) in table {
            let argument = serve
                .get_arguments()
                .find(|argument| has_name(argument, &key))
                .filter(|argument| !matches!(argument.get_id().as_str(), "config" | "help"));
            let Some(argument) = argument else {
                bail!("{}: `{key}` is not an option", path.display());
            };
            if argument.get_id() == "data" && !found.is_named {
                // It was found by the data folder, so it cannot say which that is.
                bail!(
                    "{}: `data` cannot be set in the file of the data folder itself",
                    path.display()
                );
            }
            let texts = texts(&value).ok_or_else(|| {
                anyhow!(
                    "{}: `{key}` must be text, a number or a list of texts",
                    path.display()
                )
            })?;
            values.push((key, texts));
        }
        Ok(Self { values })
    }

    /// The command with the file's values as its defaults.
    fn under(&self, mut command: clap::Command) -> clap::Command {
        for (name, texts) in &self.values {
            command = with_default(command, name, texts);
        }
        command
    }
}

fn with_default(command: clap::Command, name: &str, texts: &[String]) -> clap::Command {
    command
        .mut_args(|argument| {
            if has_name(&argument, name) {
                argument.default_values(texts.to_vec())
            } else {
                argument
            }
        })
        .mut_subcommands(|inner| with_default(inner, name, texts))
}

fn has_name(argument: &clap::Arg, name: &str) -> bool {
    argument.get_long() == Some(name)
        || argument
            .get_all_aliases()
            .is_some_and(|aliases| aliases.contains(&name))
}

fn texts(value: &toml::Value) -> Option<Vec<String>> {
    Some(match value {
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Integer(number) => vec![number.to_string()],
        toml::Value::Boolean(is) => vec![is.to_string()],
        toml::Value::Array(values) => values
            .iter()
            .map(|value| value.as_str().map(str::to_owned))
            .collect::<Option<_>>()?,
        _ => return None,
    })
}
