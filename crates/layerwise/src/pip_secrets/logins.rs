//! Logins out of the URLs of package indexes and into a netrc file, which pip reads as well. pip hands the URLs of its
//! indexes to children of its own as arguments, for everyone on the machine to see; a file it does not hand on. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use percent_encoding::percent_decode_str;

/// User and password by host; pip looks a host up without its port.
#[derive(Default)]
pub(super) struct Logins(BTreeMap<String, (String, String)>);

impl Logins {
    /// `url` without its login, which is kept here. One that a netrc file cannot say stays in its URL: a user without a
    /// password, quotes and spaces, a second login for one host.
    pub(super) fn take(&mut self, url: &str) -> String {
        self.without_login(url).unwrap_or_else(|| url.to_owned())
    }

    fn without_login(&mut self, url: &str) -> Option<String> {
        let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| scheme.starts_with("http"))?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (login, address) = authority.rsplit_once('@')?;
        let (user, password) = login.split_once(':')?;
        let login = (word(user)?, word(password)?);
        let host = address.split(':').next().filter(|host| !host.is_empty() && !host.starts_with('['))?;
        if self.0.entry(host.to_owned()).or_insert_with(|| login.clone()) != &login {
            return None;
        }
        Some(format!("{scheme}://{address}{path}"))
    }

    /// The netrc file; `None` without any login.
    pub(super) fn text(&self) -> Option<String> {
        let mut text = String::new();
        for (host, (user, password)) in &self.0 {
            let _ = writeln!(text, "machine {host} login {user} password {password}");
        }
        (!text.is_empty()).then_some(text)
    }
}

/// What a URL has for `text`, if that is one word to every version of Python's netrc reader.
fn word(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '\\' | '#');
    (!text.is_empty() && text.chars().all(plain)).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leaves_its_url_where_a_file_can_say_it() {
        let mut logins = Logins::default();
        for (url, without) in [
            ("https://me:t%40ken@host:8443/simple", "https://host:8443/simple"),
            ("https://me:t%40ken@host/other", "https://host/other"),
            ("https://me:two@words@other?a=@b", "https://other?a=@b"),
        ] {
            assert_eq!(logins.take(url), without);
        }
        for stays in [
            "https://host/simple",
            "https://token@host/simple",
            "https://me:other@host/simple",
            "https://me:@new/simple",
            "https://me:a%20b@new/simple",
            "https://me:a%22b@new/simple",
            "https://me:a%ffb@new/simple",
            "https://me:ab@[::1]/simple",
            "git+ssh://me:ab@new/simple",
        ] {
            assert_eq!(logins.take(stays), stays);
        }
        assert_eq!(
            logins.text().unwrap(),
            "machine host login me password t@ken\nmachine other login me password two@words\n"
        );
        assert_eq!(Logins::default().text(), None);
    }
}
