//! Files of an image, without a container that runs.

use bollard::errors::Error;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::DownloadFromContainerOptionsBuilder;
use futures_util::StreamExt as _;
use layerwise::image_ref::ImageRef;

use super::{Containers, remove};
use crate::error::DevError;

impl Containers {
    /// A folder of an image, as an archive from the one above it. No container is started.
    ///
    /// # Errors
    /// [`DevError::Engine`].
    pub(crate) fn take_out(&self, image: &ImageRef, folder: &str) -> Result<Vec<u8>, DevError> {
        let docker = &self.engine.docker;
        let fail = |cause: Error| self.engine.error(format!("give `{folder}` of `{image}`"), &cause);
        self.engine.driver.wait(async {
            // An image without a command has to be given one, which nobody runs.
            let cmd = Some(vec!["none".to_owned()]);
            let body = ContainerCreateBody { image: Some(image.to_string()), cmd, ..Default::default() };
            let id = docker.create_container(None, body).await.map_err(fail)?.id;
            let options = DownloadFromContainerOptionsBuilder::new().path(folder).build();
            let mut pieces = docker.download_from_container(&id, Some(options));
            let mut archive = Ok(Vec::new());
            while let Some(piece) = pieces.next().await {
                match (piece, &mut archive) {
                    (Ok(piece), Ok(archive)) => archive.extend_from_slice(&piece),
                    (Err(cause), archive) => *archive = Err(fail(cause)),
                    (Ok(_), Err(_)) => {}
                }
            }
            drop(pieces);
            remove(docker, &id).await.map_err(fail)?;
            archive
        })
    }
}
