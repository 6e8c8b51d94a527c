//! What a request to a registry asks for and brings along. Plain data; sends nothing itself.

use std::io::{self, Read, Seek, SeekFrom};

use camino::Utf8Path;
use fs_err as fs;
use ureq::SendBody;
use ureq::http::{Method, Request, header};

/// One request, without what proves who we are.
pub struct Ask<'a> {
    /// `GET`, `HEAD`, `POST`, `PATCH` or `PUT`.
    pub method: Method,
    /// What it is about, as seen from the repository, or the whole address that the registry gave for it.
    pub path: String,
    /// The media types that are understood.
    pub accept: String,
    /// What is sent along, with its media type.
    pub brings: Brings<'a>,
    /// Whether another try may do harm, or needs another address.
    pub once: bool,
}

/// What is sent along.
#[derive(Clone, Copy)]
pub enum Brings<'a> {
    /// Not even an empty body.
    Nothing,
    /// Bytes of a media type; few, as they are copied.
    Bytes(&'a [u8], &'a str),
    /// A file from an offset on, and how many bytes that is.
    File(&'a Utf8Path, u64, u64),
}

impl<'a> Ask<'a> {
    /// Asks for something, in the form of one of `accept`.
    pub fn get(method: Method, path: impl Into<String>, accept: impl Into<String>) -> Self {
        Self { method, path: path.into(), accept: accept.into(), brings: Brings::Nothing, once: false }
    }

    /// Brings something; tried once.
    pub fn bring(method: Method, path: impl Into<String>, brings: Brings<'a>) -> Self {
        Self { method, path: path.into(), accept: "*/*".to_owned(), brings, once: true }
    }

    /// The same, tried again if need be.
    pub fn again(self) -> Self {
        Self { once: false, ..self }
    }

    /// The request to `url`; what it brings is opened anew each time.
    pub fn request(
        &self,
        url: &str,
        authorization: Option<&str>,
    ) -> Result<Request<SendBody<'static>>, ureq::Error> {
        let mut request =
            Request::builder().method(&self.method).uri(url).header(header::ACCEPT, &self.accept);
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let body = match self.brings {
            Brings::Nothing => SendBody::none(),
            Brings::Bytes(bytes, media_type) => {
                request = request.header(header::CONTENT_TYPE, media_type);
                request = request.header(header::CONTENT_LENGTH, bytes.len());
                SendBody::from_owned_reader(io::Cursor::new(bytes.to_vec()))
            }
            Brings::File(path, from, size) => {
                request = request.header(header::CONTENT_TYPE, "application/octet-stream");
                request = request.header(header::CONTENT_LENGTH, size);
                if self.method == Method::PATCH && size > 0 {
                    request = request.header(header::CONTENT_RANGE, format!("{from}-{}", from + size - 1));
                }
                SendBody::from_owned_reader(open(path, from)?.take(size))
            }
        };
        Ok(request.body(body)?)
    }

    /// How many bytes it brings.
    pub fn bytes(&self) -> u64 {
        match self.brings {
            Brings::Nothing => 0,
            Brings::Bytes(bytes, _) => bytes.len() as u64,
            Brings::File(_, _, size) => size,
        }
    }

    /// Whether it may take longer than a question: it carries as many bytes as a layer has, or has the registry go over them.
    pub fn is_long(&self) -> bool {
        matches!(self.method, Method::PATCH | Method::PUT) || self.accept == LAYER
    }
}

/// What is asked for of a layer.
pub const LAYER: &str = "application/octet-stream, */*";

fn open(path: &Utf8Path, from: u64) -> io::Result<fs::File> {
    let mut file = fs::File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    Ok(file)
}
