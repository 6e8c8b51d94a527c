//! Which repositories images need in a registry that a cloud keeps, and how they are to be. Pure.

use layerwise::cloud::Repository;
use layerwise::graph::Target;
use layerwise::image::Kind;

use crate::wiring::Place;

/// The repositories of `targets`, each once.
pub fn repositories<'a>(place: &Place, targets: impl IntoIterator<Item = &'a Target>) -> Vec<Repository> {
    let mut wishes: Vec<Repository> = Vec::new();
    for target in targets {
        let repository = place.destination.repository(&target.name);
        let name = repository.split_once('/').map_or(repository.as_str(), |(_, path)| path);
        if !wishes.iter().any(|wish| wish.name == name) {
            let (lambda, rules) = (target.image.kind == Kind::Lambda, place.chosen.repositories.clone());
            wishes.push(Repository { name: name.to_owned(), lambda, rules });
        }
    }
    wishes
}
