//! A name for a call site, written at the end of the pipeline file; nothing else in it is touched.

use crate::{
    cli::Global,
    commands::check,
    outcome::{Outcome, print},
};
use anyhow::{Context, Result, bail};
use std::{fs, io::Write, path::Path};

pub(super) fn name(global: &Global, site: &str, name: &str) -> Result<Outcome> {
    let pipeline = match check::needed(global, "categories name")? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    let Some(file) = &global.pipeline else { return Ok(Outcome::Wrong) };
    if let Some(named) = pipeline.call_sites.iter().find(|named| named.site == site) {
        bail!("{site} is `{}` already: change it in {}", named.name, file.display());
    }
    let text = fs::read_to_string(file)
        .with_context(|| format!("cannot read the pipeline {}", file.display()))?;
    let added = entry(&text, site, name);
    if let Err(mistakes) = check::text(file, &format!("{text}{added}")) {
        // Whoever closed our standard error does not want to know.
        let _ = std::io::stderr().write_all(check::in_words(file, &mistakes).as_bytes());
        return Ok(Outcome::Wrong);
    }
    append(file, &added)?;
    print(&format!(
        "{site} is `{name}` in {}; it holds from the next start of `foreshadow up`\n",
        file.display()
    ));
    Ok(Outcome::Done)
}

/// The lines to add. A text that is no name is refused when they are read again.
fn entry(text: &str, site: &str, name: &str) -> String {
    let gap = if text.is_empty() || text.ends_with('\n') { "\n" } else { "\n\n" };
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    format!("{gap}[[call_site]]\nsite = {}\nname = {}\n", quoted(site), quoted(name))
}

fn append(file: &Path, added: &str) -> Result<()> {
    let written = fs::File::options()
        .append(true)
        .open(file)
        .and_then(|mut open| open.write_all(added.as_bytes()).and_then(|()| open.sync_all()));
    written.with_context(|| format!("cannot write to the pipeline {}", file.display()))
}
