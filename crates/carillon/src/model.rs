//! `carillon model`: what clients need to know of the service, for AWS CLI and boto3.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use carillon_aws::error::chime_error_status;
use carillon_aws::model::{Documents, Metadata, Operation, ServiceModel};
use carillon_chime::PLANNED_MODEL;
use carillon_operation::{Registry, Wire};
use serde_json::Value;

use crate::deployment;
use crate::output::say;

/// Prints the service model of Amazon Chime, with the operations that only the console has.
///
/// Install it with `aws configure add-model --service-model file://…`, or write it to a folder and name that in
/// AWS_DATA_PATH, where AWS CLI and boto3 both find it.
#[derive(Debug, clap::Args)]
pub struct Model {
    /// Writes service-2.json and paginators-1.json to DIR/chime/2018-05-01/ instead.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(options: &Model) -> anyhow::Result<ExitCode> {
    let documents = documents(&deployment::registry())?;
    match &options.out {
        Some(folder) => {
            let metadata = Metadata::chime();
            let folder = folder.join(metadata.endpoint_prefix).join(metadata.api_version);
            std::fs::create_dir_all(&folder).with_context(|| format!("the folder {}", folder.display()))?;
            write(&folder.join("service-2.json"), &documents.service)?;
            write(&folder.join("paginators-1.json"), &documents.paginators)?;
        }
        None => {
            say(&text(&documents.service)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The model of the registry's `chime` service.
fn documents(registry: &Registry) -> anyhow::Result<Documents> {
    let service = registry
        .service("chime")
        .ok_or_else(|| anyhow!("a registry without the service `chime`"))?;
    let planned: Value = serde_json::from_str(PLANNED_MODEL)?;
    let mut model = ServiceModel::new(Metadata::chime());
    for entry in service.entries.iter().filter(|entry| entry.operation.is_built()) {
        let Wire::Rest(binding) = entry.spec.wire else {
            continue;
        };
        model.add(&Operation {
            name: entry.name,
            doc: entry.input().node().doc.as_deref().unwrap_or_default(),
            binding,
            status: entry.spec.status,
            input: entry.input(),
            output: entry.output(),
            errors: &errors(&planned, entry.name),
        });
    }
    model.add_planned(&planned)?;
    Ok(model.finish())
}

/// The errors that the planned entry of an operation declares.
fn errors<'a>(planned: &'a Value, name: &str) -> Vec<(&'a str, u16)> {
    planned["operations"][name]["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|error| error["shape"].as_str())
        .filter_map(|shape| Some((shape, chime_error_status(shape)?.as_u16())))
        .collect()
}

fn write(path: &Path, document: &Value) -> anyhow::Result<()> {
    std::fs::write(path, text(document)?).with_context(|| format!("writing {}", path.display()))
}

fn text(document: &Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}
