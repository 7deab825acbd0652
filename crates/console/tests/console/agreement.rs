//! The published description and what is served are one thing.

use crate::world::{KNOWN, Told, World};
use console::{OPENAPI, PATHS};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn document() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

#[test]
fn the_document_has_the_paths_that_are_served() {
    let document = document();
    let described: BTreeSet<&str> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(described, PATHS.into_iter().collect());
}

#[tokio::test]
async fn every_answer_is_one_that_the_document_has() {
    let world = World::plain();
    for path in PATHS {
        check(path, &world.get(&path.replace("{id}", KNOWN)).await);
        check(path, &world.get_as("evil.example", &path.replace("{id}", "42")).await);
        check(path, &world.get(&format!("{}?as_of=x", path.replace("{id}", "42"))).await);
    }
    world.stop().await;
}

/// The status is described for the path, and a JSON body has the described shape.
fn check(path: &str, told: &Told) {
    let document = document();
    let described = &document["paths"][path]["get"]["responses"][told.status.to_string()];
    assert!(described.is_object(), "{path} answers {}, which is not described", told.status);
    let content = described["content"].as_object().unwrap();
    let (media_type, shape) = content.iter().next().unwrap();
    let told_type = told.header("content-type").unwrap();
    assert!(told_type.starts_with(media_type.as_str()), "{path}: {told_type}");
    if media_type == "application/json" {
        let mut schema = shape["schema"].clone();
        schema["components"] = document["components"].clone();
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        let told = told.json();
        if let Err(error) = jsonschema::validate(&schema, &told) {
            panic!("{path}: {told} is not as described: {error}");
        }
    }
}

#[tokio::test]
async fn the_document_is_served_as_it_is_published() {
    let world = World::plain();
    assert_eq!(world.get("/api/v1/openapi.json").await.body, OPENAPI);
    world.stop().await;
}
