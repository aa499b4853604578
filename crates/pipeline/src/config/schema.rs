//! The JSON Schema of `pipeline.yaml`, generated from the types that read it.

/// Draft 2020-12.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(super::file::File)
}
