//! Who decides.

use policy::Actor;

/// The person of that name; else the one whom the system knows as the user.
pub(crate) fn person(by: Option<&str>) -> Actor {
    Actor::Person(name(by))
}

/// That name.
pub(crate) fn name(by: Option<&str>) -> String {
    let named = by.map(ToOwned::to_owned);
    named.or_else(user).unwrap_or_else(|| "unknown".to_owned())
}

#[expect(clippy::disallowed_methods, reason = "this is the binary, which reads the environment")]
fn user() -> Option<String> {
    std::env::var("USER").ok().filter(|name| !name.is_empty())
}
