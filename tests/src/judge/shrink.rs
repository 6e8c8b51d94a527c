//! The fewest steps after which a fault is still there.

use std::fmt::Write as _;
use std::io;

use camino::Utf8Path;
use layerwise::difference::difference;

use super::bake::Engine;
use super::image::{Image, Layer, Reader};
use super::report::{Fault, judge};
use super::trial::{Batch, Trial};
use super::verdict::{self, Verdict};

/// Leaves out steps as long as the same kind of fault stays, many at once first, and tells what is left.
///
/// # Errors
/// As [`super::judge`].
pub fn shrink(engine: &Engine, folder: &Utf8Path, trial: &Trial, fault: &Fault) -> io::Result<String> {
    let mut least = trial.clone();
    least.steps.truncate(fault.steps);
    let mut story = fails(engine, folder, &least, fault.kind)?;
    if story.is_none() {
        return Ok("  it did not come again".to_owned());
    }
    // Nearly always the last step is enough.
    let mut size = least.steps.len().saturating_sub(1);
    while size > 0 {
        let mut from = least.steps.len().saturating_sub(size + 1);
        loop {
            let mut fewer = least.clone();
            fewer.steps.drain(from..(from + size).min(least.steps.len()));
            if let Some(shorter) = fails(engine, folder, &fewer, fault.kind)? {
                (least, story) = (fewer, Some(shorter));
            }
            if from == 0 {
                break;
            }
            from = from.saturating_sub(size);
        }
        size /= 2;
    }
    let steps: String = least.steps.iter().map(|step| format!("    {step:?}\n")).collect();
    Ok(format!("  steps\n{steps}{}", story.unwrap_or_default()))
}

/// What there is to tell when a trial has a fault of this kind.
fn fails(
    engine: &Engine,
    folder: &Utf8Path,
    trial: &Trial,
    fault: verdict::Fault,
) -> io::Result<Option<String>> {
    let mut batch = Batch::new(folder)?;
    let ran = trial.run(&mut batch)?;
    let images = batch.build(engine, &Reader::default())?;
    let judged = judge(&ran, &images);
    let Some(judged) = judged.iter().find(|judged| judged.verdict == Verdict::Fault(fault)) else {
        return Ok(None);
    };
    let name = judged.image;
    let model = trial.start.declaration.images.iter().find(|image| image.name == name);
    let mut story = format!("  declared at first\n    {model:?}\n  {name}: {fault}\n  named\n");
    for change in difference(&judged.was.ingredients, &judged.is.ingredients) {
        let _ = writeln!(story, "    {}: {}", change.class, change.what);
    }
    Ok(Some(format!("{story}  built\n{}", built(judged.before, judged.now))))
}

/// How two images differ, layer by layer.
fn built(before: &Image, now: &Image) -> String {
    let nothing = Layer::new();
    let mut text = format!("    {} and {} layers\n", before.layers.len(), now.layers.len());
    for place in 0..before.layers.len().max(now.layers.len()) {
        let one = before.layers.get(place).map_or(&nothing, |layer| layer);
        let other = now.layers.get(place).map_or(&nothing, |layer| layer);
        text.push_str(&lines(&format!("layer {place}: "), one, other));
    }
    text + &lines("configuration: ", &before.config, &now.config)
}

fn lines(head: &str, before: &Layer, now: &Layer) -> String {
    let names: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let differing = names.into_iter().filter(|name| before.get(*name) != now.get(*name));
    differing
        .map(|name| format!("    {head}{name}: {:?} -> {:?}\n", before.get(name), now.get(name)))
        .collect()
}
