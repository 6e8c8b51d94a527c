//! Where records are in S3: a bucket, and what comes before their names. Pure.

use std::fmt;

use layerwise::cloud::{AddressError, BUCKET};

/// `s3://bucket/prefix`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) bucket: String,
    /// Without a slash at either end; may be empty.
    prefix: String,
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let error = |why| AddressError { address: text.to_owned(), why };
        let rest = text.strip_prefix(BUCKET).ok_or_else(|| error("it does not begin with s3://"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        let at_the_ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(known) {
            return Err(error("a bucket's name has 3 to 63 lowercase letters, digits, hyphens and dots"));
        }
        if !bucket.starts_with(at_the_ends) || !bucket.ends_with(at_the_ends) {
            return Err(error("a bucket's name begins and ends with a letter or a digit"));
        }
        let prefix = prefix.trim_end_matches('/');
        if prefix.split('/').any(|part| part.is_empty() || part == "." || part == "..") && !prefix.is_empty()
        {
            return Err(error("a part of its prefix is empty, `.` or `..`"));
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }

    /// The key of the object that is called `name` below this address.
    pub(crate) fn key(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BUCKET}{}", self.key_of_all())
    }
}

impl Address {
    fn key_of_all(&self) -> String {
        if self.prefix.is_empty() { self.bucket.clone() } else { format!("{}/{}", self.bucket, self.prefix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_and_a_prefix() {
        let address = Address::parse("s3://team-records/layerwise/prod/").unwrap();
        assert_eq!(address.bucket, "team-records");
        assert_eq!(address.key("a/b"), "layerwise/prod/a/b");
        assert_eq!(address.to_string(), "s3://team-records/layerwise/prod");
        let address = Address::parse("s3://abc").unwrap();
        assert_eq!((address.key("x").as_str(), address.to_string().as_str()), ("x", "s3://abc"));
    }

    #[test]
    fn what_is_no_address_is_said() {
        for text in ["gs://abc", "s3://", "s3://ab", "s3://Team", "s3://-ab", "s3://abc//x", "s3://abc/../x"]
        {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is no address of records: ")), "{error}");
        }
    }
}
