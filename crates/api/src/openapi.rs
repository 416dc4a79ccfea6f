//! The OpenAPI 3.1 document, made from one table of operations and the types of this crate.
//!
//! The server's router is tested against the table, so a route that is not described, or a description without a
//! route, fails the tests.

mod operations;

pub use operations::OPERATIONS;

use crate::{BASE_PATH, Problem, ProblemCode};
use matinee_domain::staff::{Action, StaffRole, can};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Makes a type's schema, registering what it refers to.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The [`SchemaOf`] of a type.
pub fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callers {
    /// Anybody.
    Anyone,
    /// Anybody; who signs in has it in their history.
    AnyoneOrUser,
    /// The booking's user or guest.
    Owner,
    /// A signed-in user, about themselves.
    User,
    /// Staff of the theater in the path who may do this, and the server's administrator.
    Staff(Action),
    /// The server's administrator.
    Admin,
    /// Nobody said it: such a table does not compile.
    Unsaid,
}

impl Callers {
    /// The roles of a theater that may call; none when the call is not a theater's staff's.
    pub fn roles(self) -> Vec<StaffRole> {
        match self {
            Self::Staff(action) => StaffRole::ALL
                .into_iter()
                .filter(|role| can(*role, action))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// A parameter in the query or a header.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    pub name: &'static str,
    pub place: &'static str,
    pub about: &'static str,
    /// JSON Schema of the value, as JSON.
    pub schema: &'static str,
    pub required: bool,
}

/// An answer that is not a problem.
#[derive(Clone, Copy)]
pub struct Answer {
    pub status: u16,
    pub about: &'static str,
    pub media: &'static str,
    pub schema: Option<SchemaOf>,
}

/// One call.
#[derive(Clone, Copy)]
pub struct Operation {
    pub id: &'static str,
    pub method: &'static str,
    /// Below the base path, with `{parameters}`.
    pub path: &'static str,
    pub about: &'static str,
    pub callers: Callers,
    pub parameters: &'static [Parameter],
    pub body: Option<SchemaOf>,
    pub body_required: bool,
    pub answers: &'static [Answer],
    /// Besides those every call may answer.
    pub problems: &'static [ProblemCode],
    pub idempotent: bool,
}

/// Problems any call may answer.
const COMMON: &[ProblemCode] = &[
    ProblemCode::Malformed,
    ProblemCode::WrongHost,
    ProblemCode::TooManyRequests,
    ProblemCode::Internal,
    ProblemCode::Unavailable,
    ProblemCode::Overloaded,
];

/// The whole document.
pub fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12()
        .with(|s| s.definitions_path = "/components/schemas".into())
        .into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = describe(operation, &problem, &mut generator);
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Matinee",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Cinema seats: browse, hold, pay, cancel, and keep tickets. Errors are RFC 9457 problems with a stable `code`.",
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{ "url": BASE_PATH }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "An access token, or a guest's token of one booking." },
                "cookie": { "type": "apiKey", "in": "cookie", "name": "matinee_session" },
            },
        },
    })
}

fn describe(operation: &Operation, problem: &Schema, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    for answer in operation.answers {
        // Of one status there may be several media.
        let value = responses
            .entry(answer.status.to_string())
            .or_insert_with(|| json!({ "description": answer.about }));
        if let Some(schema) = answer.schema {
            value["content"][answer.media] = json!({ "schema": schema(generator) });
        }
    }
    add_problems(operation, problem, &mut responses);
    let mut parameters: Vec<Value> = path_parameters(operation.path);
    parameters.extend(operation.parameters.iter().map(parameter));
    if operation.idempotent {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Makes the call safe to repeat: the same key and body get the first answer again.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
        }));
    }
    let mut value = json!({
        "operationId": operation.id,
        "summary": operation.about,
        "parameters": parameters,
        "responses": responses,
        "security": security(operation.callers),
    });
    if matches!(operation.callers, Callers::Staff(_) | Callers::Admin) {
        let roles = operation.callers.roles();
        let named: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        let whom = match named.len() {
            0 => "The server's administrator.".to_owned(),
            _ => format!(
                "Roles: {}; and the server's administrator.",
                named.join(", ")
            ),
        };
        value["description"] = json!(whom);
        value["x-roles"] = json!(named);
    }
    if let Some(body) = operation.body {
        value["requestBody"] = json!({
            "required": operation.body_required,
            "content": { "application/json": { "schema": body(generator) } },
        });
    }
    value
}

/// Problems by status, naming the codes.
fn add_problems(operation: &Operation, problem: &Schema, responses: &mut Map<String, Value>) {
    let mut codes: Vec<ProblemCode> = COMMON.to_vec();
    codes.extend_from_slice(operation.problems);
    if operation.path.contains('{') {
        codes.push(ProblemCode::NotFound);
    }
    if operation.callers != Callers::Anyone {
        codes.extend([ProblemCode::Unauthenticated, ProblemCode::SessionEnded]);
    }
    if matches!(operation.callers, Callers::Staff(_) | Callers::Admin) {
        codes.push(ProblemCode::Forbidden);
    }
    if operation.method != "get" {
        codes.extend([
            ProblemCode::OriginRefused,
            ProblemCode::BodyTooLarge,
            ProblemCode::RequestTimeout,
            ProblemCode::UnsupportedMediaType,
        ]);
    }
    if operation.idempotent {
        codes.extend([
            ProblemCode::IdempotencyInProgress,
            ProblemCode::IdempotencyKeyReused,
        ]);
    }
    codes.sort_by_key(|code| (code.status(), code.as_str()));
    codes.dedup();
    for code in codes {
        let status = code.status().to_string();
        let line = format!("`{}`: {}.", code.as_str(), code.title());
        let known = responses.entry(status).or_insert_with(|| {
            json!({ "description": "", "content": { "application/problem+json": { "schema": problem } } })
        });
        let about = known["description"].as_str().unwrap_or_default().to_owned();
        known["description"] = json!(format!(
            "{about}{}{line}",
            if about.is_empty() { "" } else { " " }
        ));
    }
}

fn parameter(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.about,
        "schema": serde_json::from_str::<Value>(parameter.schema).unwrap_or_else(|_| json!({})),
    })
}

fn path_parameters(path: &str) -> Vec<Value> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect()
}

fn security(callers: Callers) -> Value {
    match callers {
        Callers::Anyone => json!([]),
        Callers::AnyoneOrUser => json!([{}, { "bearer": [] }, { "cookie": [] }]),
        Callers::Owner | Callers::User | Callers::Staff(_) | Callers::Admin | Callers::Unsaid => {
            json!([{ "bearer": [] }, { "cookie": [] }])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let text = document.to_string();
        for part in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(
                document["components"]["schemas"][name].is_object(),
                "{name}"
            );
        }
    }

    #[test]
    fn names_and_parameters_are_well_formed() {
        let mut ids = HashSet::new();
        for operation in OPERATIONS {
            assert!(ids.insert(operation.id), "{} twice", operation.id);
            assert!(operation.path.starts_with('/'));
            for parameter in operation.parameters {
                assert!(
                    serde_json::from_str::<Value>(parameter.schema).is_ok(),
                    "{}",
                    parameter.name
                );
            }
        }
    }
}
