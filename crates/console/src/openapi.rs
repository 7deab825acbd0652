//! The description of the admin listener, served as it is published.

/// The OpenAPI document, `schemas/openapi.v1.json`.
pub const OPENAPI: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/openapi.v1.json"));
