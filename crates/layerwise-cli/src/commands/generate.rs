//! `generate`: what the declarations render to, as files that can be read, diffed and built without Layerwise. Never
//! touches a file that it could not have written itself.

use std::collections::BTreeMap;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use layerwise::bake::Bake;
use layerwise::fs::write_if_different;
use layerwise::inspect::Inspection;

use crate::args::Generate;
use crate::console::Tone;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::wording;

const BAKE: &str = "docker-bake.json";
/// How the names of our files end.
const ENDINGS: [&str; 2] = [".Dockerfile", ".Dockerfile.dockerignore"];

pub fn run(context: &Context<'_>, typed: &Generate) -> Result<Exit, CliError> {
    // A part of the files would be taken for all.
    let inspection = context.inspect()?.whole().map_err(CliError::Problems)?;
    let folder = context.root.join(&typed.output);
    let files = rendered(&inspection, &typed.output);
    let present = present(&folder).map_err(file("read", &folder))?;
    let obsolete: Vec<&String> = present.iter().filter(|name| !files.contains_key(*name)).collect();

    if typed.check {
        let path = |name: &str| typed.output.join(name);
        let mut drift = Vec::new();
        for (name, text) in &files {
            match fs::read(folder.join(name)) {
                Ok(bytes) if bytes == text.as_bytes() => {}
                Ok(_) => drift.push(format!("{}: differs", path(name))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    drift.push(format!("{}: missing", path(name)));
                }
                Err(error) => return Err(file("read", &folder.join(name))(error)),
            }
        }
        drift.extend(obsolete.iter().map(|name| format!("{}: no longer declared", path(name))));
        if !drift.is_empty() {
            return Err(CliError::Drift { files: drift, command: "generate" });
        }
        let message = format!("{} in {}", wording::count(files.len(), "file"), typed.output);
        context.console.status(Tone::Good, "Checked", &message);
        return Ok(Exit::Done);
    }

    let mut written = 0;
    for (name, text) in &files {
        let path = folder.join(name);
        written += usize::from(write_if_different(&path, text.as_bytes()).map_err(file("write", &path))?);
    }
    for name in &obsolete {
        let path = folder.join(name);
        fs::remove_file(&path).map_err(file("remove", &path))?;
    }
    let message = format!(
        "{} in {}: {written} written, {} removed",
        wording::count(files.len(), "file"),
        typed.output,
        obsolete.len()
    );
    context.console.status(Tone::Good, "Generated", &message);
    Ok(Exit::Done)
}

/// Every file by its name.
fn rendered(inspection: &Inspection, folder: &Utf8Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for (target, inspected) in inspection.graph.targets.iter().zip(&inspection.targets) {
        let [dockerfile, ignore] = ENDINGS.map(|ending| format!("{}{ending}", target.label));
        files.insert(dockerfile, inspected.dockerfile.to_string());
        files.insert(ignore, inspected.allow_list().text().to_owned());
    }
    files.insert(BAKE.to_owned(), Bake::new(&inspection.graph, folder.as_str()).text());
    files
}

/// The names of the files in `folder` that could be ours.
fn present(folder: &Utf8Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(name) = entry?.file_name().into_string()
            && (name == BAKE || ENDINGS.iter().any(|ending| name.ends_with(ending)))
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn file(doing: &'static str, path: &Utf8Path) -> impl Fn(io::Error) -> CliError {
    let path: Utf8PathBuf = path.to_owned();
    move |cause| CliError::File { doing, path: path.clone(), cause }
}
