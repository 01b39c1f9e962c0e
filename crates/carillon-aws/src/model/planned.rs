//! Operations that are not built yet, and what they share with those that are.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::referred_by_operation;
use super::shapes::Shapes;

/// The planned model refers to something it does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    #[error("the planned model has no `{0}`")]
    Part(&'static str),
    #[error("shape `{0}` is not in the planned model")]
    Shape(String),
}

pub(super) fn merge(
    operations: &mut BTreeMap<String, Value>,
    shapes: &mut Shapes,
    planned: &Value,
) -> Result<(), Incomplete> {
    let part = |name: &'static str| {
        planned
            .get(name)
            .and_then(Value::as_object)
            .ok_or(Incomplete::Part(name))
    };
    let mut merger = Merger {
        planned: part("shapes")?,
        shapes,
        names: HashMap::new(),
    };
    // The built operations' errors refer to it.
    if merger.planned.contains_key("ErrorCode") {
        merger.shape("ErrorCode")?;
    }
    for (name, operation) in part("operations")? {
        if operations.contains_key(name) {
            continue;
        }
        let mut operation = operation.clone();
        let renamed: Vec<(String, String)> = referred_by_operation(&operation)
            .into_iter()
            .map(|shape| Ok((shape.to_owned(), merger.shape(shape)?)))
            .collect::<Result<_, Incomplete>>()?;
        for side in ["input", "output"] {
            rename(operation.get_mut(side), &renamed);
        }
        for error in operation
            .get_mut("errors")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            rename(Some(error), &renamed);
        }
        operation["documentation"] = "<p>This server does not serve this operation yet.</p>".into();
        operations.insert(name.clone(), operation);
    }
    Ok(())
}

fn rename(reference: Option<&mut Value>, renamed: &[(String, String)]) {
    if let Some(name) = reference.and_then(|reference| reference.get_mut("shape"))
        && let Some((_, new)) = renamed.iter().find(|(old, _)| name == old)
    {
        *name = new.as_str().into();
    }
}

struct Merger<'a> {
    planned: &'a Map<String, Value>,
    shapes: &'a mut Shapes,
    /// Names that planned shapes got in the model; entered before their content is.
    names: HashMap<String, String>,
}

impl Merger<'_> {
    fn shape(&mut self, name: &str) -> Result<String, Incomplete> {
        if let Some(known) = self.names.get(name) {
            return Ok(known.clone());
        }
        let planned = self.planned;
        let shape = planned
            .get(name)
            .ok_or_else(|| Incomplete::Shape(name.to_owned()))?;
        if shape.get("members").is_some() {
            self.structure(name, shape)
        } else {
            self.other(name, shape)
        }
    }

    fn structure(&mut self, name: &str, shape: &Value) -> Result<String, Incomplete> {
        if self
            .shapes
            .by_name
            .get(name)
            .is_some_and(|built| covers(built, shape))
        {
            self.names.insert(name.to_owned(), name.to_owned());
            return Ok(name.to_owned());
        }
        let free = self.free_name(name);
        self.names.insert(name.to_owned(), free.clone());
        // Holds the name while members are named, so that none of them takes it.
        self.shapes.by_name.insert(free.clone(), Value::Null);
        let mut shape = shape.clone();
        for member in shape
            .get_mut("members")
            .and_then(Value::as_object_mut)
            .into_iter()
            .flat_map(Map::values_mut)
        {
            self.reference(Some(member))?;
        }
        self.shapes.by_name.insert(free.clone(), shape);
        Ok(free)
    }

    /// A list or map is the built one only if its items are.
    fn other(&mut self, name: &str, shape: &Value) -> Result<String, Incomplete> {
        let mut shape = shape.clone();
        for part in ["member", "key", "value"] {
            self.reference(shape.get_mut(part))?;
        }
        let name_here = match self.shapes.by_name.get(name) {
            Some(built) if covers(built, &shape) => name.to_owned(),
            _ => {
                let free = self.free_name(name);
                self.shapes.by_name.insert(free.clone(), shape);
                free
            }
        };
        self.names.insert(name.to_owned(), name_here.clone());
        Ok(name_here)
    }

    fn reference(&mut self, reference: Option<&mut Value>) -> Result<(), Incomplete> {
        if let Some(target) = reference.and_then(|reference| reference.get_mut("shape"))
            && let Some(name) = target.as_str()
        {
            *target = self.shape(name)?.into();
        }
        Ok(())
    }

    fn free_name(&self, name: &str) -> String {
        let taken = |name: &str| self.shapes.by_name.contains_key(name);
        let mut candidate = name.to_owned();
        let mut number = 2;
        while taken(&candidate) || (candidate != name && self.planned.contains_key(&candidate)) {
            candidate = format!("{name}{number}");
            number += 1;
        }
        candidate
    }
}

/// Whether the built shape can stand for the planned one.
fn covers(built: &Value, planned: &Value) -> bool {
    if built["type"] != planned["type"] {
        return false;
    }
    if let (Some(built), Some(planned)) = (built["members"].as_object(), planned["members"].as_object()) {
        return planned.keys().all(|member| built.contains_key(member));
    }
    if let (Some(built), Some(planned)) = (built["enum"].as_array(), planned["enum"].as_array()) {
        return planned.iter().all(|value| built.contains(value));
    }
    [
        "member",
        "key",
        "value",
        "min",
        "max",
        "pattern",
        "enum",
        "sensitive",
    ]
    .iter()
    .all(|part| built.get(*part) == planned.get(*part))
}
