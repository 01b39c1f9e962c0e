//! The service model that AWS CLI and boto3 load: botocore's `service-2.json` and `paginators-1.json`.
//!
//! Operations the server has built are described by their own types. Operations it has not built yet are
//! taken from a file of structural facts, so that the shipped model, which replaces the clients' own one of
//! the same name, is complete from the first day.
//!
//! ```
//! use carillon_aws::binding::Binding;
//! use carillon_aws::model::{Metadata, Operation, ServiceModel};
//! use carillon_aws::shape::Shape;
//! use schemars::JsonSchema;
//!
//! /// Shows an account.
//! #[derive(JsonSchema)]
//! #[serde(rename_all = "PascalCase")]
//! struct GetAccount {
//!     account_id: String,
//! }
//!
//! let mut model = ServiceModel::new(Metadata::chime());
//! model.add(&Operation {
//!     name: "GetAccount",
//!     doc: "Shows an account.",
//!     binding: Binding::new("GET /accounts/{AccountId}"),
//!     status: 200,
//!     input: &Shape::of::<GetAccount>(),
//!     output: &Shape::of_output::<()>(),
//!     errors: &[("NotFoundException", 404)],
//! });
//! let model = model.finish();
//! assert_eq!(model.service["operations"]["GetAccount"]["http"]["requestUri"], "/accounts/{accountId}");
//! assert_eq!(
//!     model.service["shapes"]["GetAccountRequest"]["members"]["AccountId"]["locationName"],
//!     "accountId"
//! );
//! ```

mod drift;
mod planned;
mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::binding::{Binding, QueryMember, Segment};
use crate::shape::Shape;
use crate::shape::lower_first_letter;

pub use drift::drift;
pub use planned::Incomplete;
use shapes::Shapes;

/// What a model says about its service as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Metadata {
    pub api_version: &'static str,
    pub endpoint_prefix: &'static str,
    pub full_name: &'static str,
    pub service_id: &'static str,
    pub signing_name: &'static str,
    pub uid: &'static str,
}

/// A built operation.
#[derive(Debug, Clone, Copy)]
pub struct Operation<'a> {
    /// The name on the wire and in clients.
    pub name: &'a str,
    /// Its description: paragraphs are separated by empty lines, code stands in backticks.
    pub doc: &'a str,
    pub binding: Binding,
    /// The status of an answer that is not an error.
    pub status: u16,
    pub input: &'a Shape,
    pub output: &'a Shape,
    /// The error shapes it declares, each with its status.
    pub errors: &'a [(&'a str, u16)],
}

/// A service model in the making.
#[derive(Debug)]
pub struct ServiceModel {
    metadata: Metadata,
    operations: BTreeMap<String, Value>,
    shapes: Shapes,
}

/// The documents of a service model.
#[derive(Debug, Clone, PartialEq)]
pub struct Documents {
    /// `service-2.json`
    pub service: Value,
    /// `paginators-1.json`
    pub paginators: Value,
}

impl Metadata {
    /// That of the public `chime` model, with the signing name spelled out.
    pub const fn chime() -> Self {
        Self {
            api_version: "2018-05-01",
            endpoint_prefix: "chime",
            full_name: "Amazon Chime",
            service_id: "Chime",
            signing_name: "chime",
            uid: "chime-2018-05-01",
        }
    }
}

impl ServiceModel {
    /// A model without operations.
    pub fn new(metadata: Metadata) -> Self {
        Self {
            metadata,
            operations: BTreeMap::new(),
            shapes: Shapes::default(),
        }
    }

    /// Adds a built operation. One of the same name is replaced.
    pub fn add(&mut self, operation: &Operation<'_>) {
        let mut entry = json!({
            "name": operation.name,
            "http": {
                "method": operation.binding.method(),
                "requestUri": request_uri(operation.binding),
                "responseCode": operation.status,
            },
        });
        if !operation.input.members().is_empty() {
            let name = self.shapes.root(
                operation.input,
                &format!("{}Request", operation.name),
                Some(operation.binding),
            );
            entry["input"] = json!({"shape": name});
        }
        if !operation.output.members().is_empty() {
            let name = self
                .shapes
                .root(operation.output, &format!("{}Response", operation.name), None);
            entry["output"] = json!({"shape": name});
        }
        let errors: Vec<Value> = operation
            .errors
            .iter()
            .map(|(name, status)| json!({"shape": self.shapes.error(name, *status)}))
            .collect();
        entry["errors"] = errors.into();
        if !operation.doc.trim().is_empty() {
            entry["documentation"] = shapes::html(operation.doc).into();
        }
        self.operations.insert(operation.name.to_owned(), entry);
    }

    /// Adds every operation of `planned` that was not added, with exactly the shapes it reaches. Called once
    /// all built operations are in.
    ///
    /// A built structure or enumeration stands for the planned one of its name when it has all of its
    /// members or values; otherwise the planned one is kept beside it under another name.
    ///
    /// # Errors
    ///
    /// When an operation of `planned` refers to a shape that is not there.
    pub fn add_planned(&mut self, planned: &Value) -> Result<(), Incomplete> {
        planned::merge(&mut self.operations, &mut self.shapes, planned)
    }

    /// The documents.
    pub fn finish(self) -> Documents {
        let operations: Map<String, Value> = self.operations.into_iter().collect();
        let shapes = self.shapes.reached_from(operations.values());
        let metadata = self.metadata;
        let paginators = paginators(&operations, &shapes);
        let service = json!({
            "version": "2.0",
            "metadata": {
                "apiVersion": metadata.api_version,
                "auth": ["aws.auth#sigv4"],
                "endpointPrefix": metadata.endpoint_prefix,
                "protocol": "rest-json",
                "protocols": ["rest-json"],
                "serviceFullName": metadata.full_name,
                "serviceId": metadata.service_id,
                "signatureVersion": "v4",
                "signingName": metadata.signing_name,
                "uid": metadata.uid,
            },
            "operations": operations,
            "shapes": shapes,
        });
        Documents {
            service,
            paginators: json!({"pagination": paginators}),
        }
    }
}

/// A binding's path in AWS's spelling, with the fixed query members: `/accounts/{accountId}?operation=add`.
fn request_uri(binding: Binding) -> String {
    let mut uri = String::new();
    for segment in binding.segments() {
        uri.push('/');
        match segment {
            Segment::Fixed(text) => uri.push_str(text),
            Segment::Label(member) => uri.push_str(&format!("{{{}}}", lower_first_letter(member))),
        }
    }
    if uri.is_empty() {
        uri.push('/');
    }
    let mut separator = '?';
    for member in binding.query() {
        if let QueryMember::Fixed { name, value } = member {
            uri.push(separator);
            uri.push_str(name);
            if !value.is_empty() {
                uri.push_str(&format!("={value}"));
            }
            separator = '&';
        }
    }
    uri
}

/// Operations that take a page size and a token and answer with a token and exactly one list.
fn paginators(operations: &Map<String, Value>, shapes: &Map<String, Value>) -> Map<String, Value> {
    let members = |operation: &Value, side: &str| {
        let name = operation[side]["shape"].as_str()?;
        shapes.get(name)?.get("members")?.as_object()
    };
    let mut pages = Map::new();
    for (name, operation) in operations {
        let (Some(input), Some(output)) = (members(operation, "input"), members(operation, "output")) else {
            continue;
        };
        let paged = input.contains_key("MaxResults")
            && input.contains_key("NextToken")
            && output.contains_key("NextToken");
        let is_list = |member: &Value| {
            let shape = member["shape"].as_str().and_then(|name| shapes.get(name));
            shape.is_some_and(|shape| shape["type"] == "list")
        };
        let lists: Vec<&String> = output
            .iter()
            .filter(|(_, member)| is_list(member))
            .map(|(name, _)| name)
            .collect();
        if let ([list], true) = (lists.as_slice(), paged) {
            pages.insert(
                name.clone(),
                json!({
                    "input_token": "NextToken",
                    "limit_key": "MaxResults",
                    "output_token": "NextToken",
                    "result_key": list,
                }),
            );
        }
    }
    pages
}

/// The names of the shapes a shape refers to directly.
fn referred(shape: &Value) -> BTreeSet<&str> {
    let direct = ["member", "key", "value"]
        .iter()
        .filter_map(|part| shape.get(*part));
    let members = shape
        .get("members")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::values);
    direct
        .chain(members)
        .filter_map(|part| part.get("shape")?.as_str())
        .collect()
}

/// The names of the shapes an operation refers to directly.
fn referred_by_operation(operation: &Value) -> Vec<&str> {
    let sides = ["input", "output"].iter().filter_map(|side| operation.get(*side));
    let errors = operation
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    sides
        .chain(errors)
        .filter_map(|part| part.get("shape")?.as_str())
        .collect()
}

#[cfg(test)]
mod tests;
