//! What holds for any header that a registry may send; the fuzz target of the same matter compiles this file too.

use super::{Challenge, parse};

/// A token server's challenge, written again, asks for the same.
pub fn hold(header: &str) {
    let Some(found) = parse(header) else { return };
    let Challenge::Bearer { realm, service, scope } = &found else { return };
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut again = format!("Bearer realm={}", quoted(realm));
    for (name, value) in [("service", service), ("scope", scope)] {
        again.extend(value.iter().map(|value| format!(",{name}={}", quoted(value))));
    }
    assert_eq!(parse(&again), Some(found), "{again}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_header_is_read(header in ".{0,60}|((Bearer|Basic|realm|service|scope|[ ,=\"\\\\\t]|[a-zé]{1,4}){0,30})") {
            hold(&header);
        }

        #[test]
        fn what_is_asked_for_is_understood(
            realm in "[ -~é]{0,20}",
            service in prop::option::of("[ -~]{0,10}"),
            basic_first in any::<bool>(),
        ) {
            let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
            let mut header = if basic_first { "Basic realm=\"a, b=c\", ".to_owned() } else { String::new() };
            header += &format!("Bearer realm=\"{}\"", quoted(&realm));
            header.extend(service.iter().map(|service| format!(", service=\"{}\"", quoted(service))));
            prop_assert_eq!(parse(&header), Some(Challenge::Bearer { realm, service, scope: None }));
        }
    }
}
