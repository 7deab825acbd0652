//! The pipelines in `pipelines/` are what a user begins with.

use pipeline::{Pipeline, load};
use std::{fs, path::PathBuf};

pub(crate) fn files() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipelines");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ext| ext == "toml")).collect();
    paths.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn shipped(name: &str) -> Pipeline {
    let (_, text) = files().into_iter().find(|(file, _)| file == name).unwrap();
    load(&text).unwrap()
}

#[test]
fn every_shipped_pipeline_loads_without_a_word() {
    assert!(files().len() >= 4);
    for (name, text) in files() {
        let pipeline = load(&text).unwrap_or_else(|mistakes| panic!("{name}: {mistakes:#?}"));
        assert_eq!(pipeline.name, name);
        assert_eq!(pipeline.warnings, [], "{name}");
    }
}

#[test]
fn every_shipped_category_can_be_categorized_priced_and_measured() {
    for (name, text) in files() {
        let pipeline = load(&text).unwrap();
        policy::Categorizer::new(&pipeline.rules()).unwrap();
        let prices = pipeline.price_book();
        let definitions = pipeline.definitions(pipeline::JudgeFigures::FLAWLESS).unwrap();
        let cells: usize = pipeline.categories.iter().map(|c| c.candidates.len()).sum();
        assert_eq!(definitions.len(), cells, "{name}");
        for definition in definitions {
            assert!(prices.knows(&definition.candidate), "{name}: {}", definition.candidate);
            assert!(pipeline.provider_of(&definition.candidate).is_some());
        }
    }
}

#[test]
fn a_model_of_ones_own_is_charged_by_the_hour() {
    let pipeline = shipped("self-hosted");
    let prices = &pipeline.model("meta-llama/Llama-3.3-70B-Instruct").unwrap().prices;
    assert!(matches!(prices[0].tariff, policy::Tariff::Hour(rate) if rate.usd() == 4.1));
    assert_eq!(pipeline.provider("vllm").unwrap().key_env, None);
}
