//! The tables of these tests are cut from the published ones.

use crate::lakes::TABLES;
use serde_json::Value;

#[test]
fn tables_of_the_tests_are_those_of_the_lake() {
    for (table, columns) in TABLES {
        let path = format!("{}/../../schemas/lake/{table}.json", env!("CARGO_MANIFEST_DIR"));
        let schema: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for column in columns.split(',') {
            let (name, of) = column.split_once(' ').unwrap();
            let published = schema["columns"].as_array().unwrap().iter();
            let published = published.into_iter().find(|column| column["name"] == name);
            let published = published.unwrap_or_else(|| panic!("{table}.{name} is not published"));
            let expected = match of {
                "text" => "TEXT",
                "int" => "BIGINT",
                "double" => "DOUBLE",
                "bool" => "BOOLEAN",
                "date" => "DATE",
                "time" => "TIMESTAMP(6) WITH TIME ZONE",
                "money" => "DECIMAL(18,9)",
                "scores" => "LIST<STRUCT>",
                other => panic!("no type {other}"),
            };
            assert_eq!(published["type"], expected, "{table}.{name}");
        }
    }
}
