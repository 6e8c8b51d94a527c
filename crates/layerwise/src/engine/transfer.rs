//! Whole images out of an engine and into it, as archives. Never looks into them.

use std::io::{self, BufRead as _, BufReader, Read};

use serde::Deserialize;
use ureq::SendBody;
use ureq::http::{Request, StatusCode, header};

use super::Engine;
use crate::image_ref::ImageRef;
use crate::registry::RegistryError;

impl Engine {
    /// The bytes that `image` takes, unpacked and packed.
    ///
    /// # Errors
    /// [`RegistryError`], also when there is no such image.
    pub fn size(&self, image: &ImageRef) -> Result<u64, RegistryError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Image {
            size: u64,
        }
        let found = self.get::<Image>(&format!("/images/{image}/json"))?;
        Ok(found.ok_or_else(|| self.unexpected(format!("it has no {image} any more")))?.size)
    }

    /// The image as an archive.
    ///
    /// # Errors
    /// [`RegistryError`]; what breaks off later is an error of the reader.
    pub fn export(&self, image: &ImageRef) -> Result<impl Read + use<>, RegistryError> {
        let path = format!("/images/{image}/get");
        let request = Request::get(format!("{}{path}", self.base))
            .body(())
            .map_err(|error| self.unreachable(&error.into()))?;
        let request = self.agent.configure_request(request).timeout_global(None).build();
        let mut response = self.agent.run(request).map_err(|error| self.unreachable(&error))?;
        if response.status() != StatusCode::OK {
            let body = response.body_mut().read_to_string().unwrap_or_default();
            return Err(self.refused(&path, response.status(), &body));
        }
        Ok(response.into_body().into_with_config().limit(u64::MAX).reader())
    }

    /// Loads an archive; `what` is in it.
    ///
    /// # Errors
    /// [`RegistryError`], with what the engine said.
    pub fn load(
        &self,
        what: &str,
        archive: impl FnOnce() -> io::Result<Box<dyn Read>>,
    ) -> Result<(), RegistryError> {
        #[derive(Deserialize)]
        struct Line {
            error: Option<String>,
        }
        let archive = archive().map_err(|error| self.unexpected(error.to_string()))?;
        let request = Request::post(format!("{}/images/load?quiet=1", self.base))
            .header(header::CONTENT_TYPE, "application/x-tar")
            .body(SendBody::from_owned_reader(archive))
            .map_err(|error| self.unreachable(&error.into()))?;
        let request = self.agent.configure_request(request).timeout_global(None).build();
        let mut response = self.agent.run(request).map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status != StatusCode::OK {
            let body = response.body_mut().read_to_string().unwrap_or_default();
            return Err(self.refused(what, status, &body));
        }
        // It says that all is well before it begins, and what went wrong at the end.
        for line in BufReader::new(response.body_mut().as_reader()).lines() {
            let line = line.map_err(|error| self.unexpected(error.to_string()))?;
            if let Ok(Line { error: Some(error) }) = serde_json::from_str(&line) {
                return Err(self.refused(what, status, &error));
            }
        }
        Ok(())
    }
}
