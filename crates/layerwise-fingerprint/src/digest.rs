//! SHA-256 digests in the OCI form `sha256:<64 hex>`. Never computes over anything but the bytes it is given.

use std::fmt;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest. Its text form is the OCI image specification's, `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Digest([u8; 32]);

/// A text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a digest: expected `sha256:` and 64 lower-case hexadecimal digits")]
pub struct DigestError(pub String);

const ALGORITHM: &str = "sha256:";

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(bytes.as_ref()).into())
    }

    /// The digest of everything `reader` gives, in memory that does not grow with it, and how many bytes that was.
    ///
    /// # Errors
    /// What the reader answers.
    pub fn of_reader(mut reader: impl Read) -> io::Result<(Self, u64)> {
        let mut hasher = Sha256::new();
        let mut buffer = [0; 8 * 1024];
        let mut length = 0;
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok((Self(hasher.finalize().into()), length)),
                Ok(read) => {
                    hasher.update(&buffer[..read]);
                    length += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`DigestError`] when it is anything else.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        text.strip_prefix(ALGORITHM)
            .and_then(bytes_of_hex)
            .map(Self)
            .ok_or_else(|| DigestError(text.to_owned()))
    }

    /// The 64 hexadecimal digits, without the algorithm.
    #[must_use]
    pub fn hex(&self) -> String {
        self.with_text(|text| text[ALGORITHM.len()..].to_owned())
    }

    /// The first 12 hexadecimal digits: what a content tag and a report show.
    #[must_use]
    pub fn short(&self) -> String {
        self.with_text(|text| text[ALGORITHM.len()..][..12].to_owned())
    }

    /// The first 64 bits as a number: for where a digest does not fit.
    #[must_use]
    pub fn prefix(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// `sha256:` and the hexadecimal digits. On the stack: a fingerprint has a digest for every file.
    fn with_text<A>(&self, use_text: impl FnOnce(&str) -> A) -> A {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = *b"sha256:0000000000000000000000000000000000000000000000000000000000000000";
        let mut at = ALGORITHM.len();
        for byte in self.0 {
            text[at] = DIGITS[usize::from(byte >> 4)];
            text[at + 1] = DIGITS[usize::from(byte & 15)];
            at += 2;
        }
        use_text(std::str::from_utf8(&text).unwrap_or_default())
    }
}

fn bytes_of_hex(hex: &str) -> Option<[u8; 32]> {
    if hex.len() != 64 || !hex.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Digests and counts what is read or written through it.
#[derive(Debug)]
pub struct Digesting<I> {
    inner: I,
    hash: Sha256,
    length: u64,
}

impl<I> Digesting<I> {
    /// Nothing has gone through it yet.
    pub fn new(inner: I) -> Self {
        Self { inner, hash: Sha256::new(), length: 0 }
    }

    /// What is behind it, the digest of all that went through, and how many bytes that was.
    pub fn finish(self) -> (I, Digest, u64) {
        (self.inner, Digest(self.hash.finalize().into()), self.length)
    }

    fn took(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.took(&buffer[..read]);
        Ok(read)
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.took(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.pad(text))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, DigestError> {
        Self::parse(&text)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.with_text(|text| serializer.serialize_str(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn text_form_round_trips() {
        assert_eq!(Digest::of("").to_string(), EMPTY);
        assert_eq!(Digest::parse(EMPTY), Ok(Digest::of("")));
        assert_eq!(Digest::of("").short(), "e3b0c44298fc");
    }

    #[test]
    fn a_reader_and_its_bytes_agree() {
        let bytes = vec![7; 200_000];
        assert_eq!(Digest::of_reader(&bytes[..]).unwrap(), (Digest::of(&bytes), 200_000));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "sha256:", &EMPTY[7..], &EMPTY[..70], &EMPTY.to_uppercase(), "sha512:00", "sha256:zz"]
        {
            assert_eq!(Digest::parse(text), Err(DigestError(text.to_owned())));
        }
    }
}
