//! Where a secret is: in a variable, or in a file.

use super::provider::variable;
use crate::{SecretSource, mistake::Notes};
use serde_spanned::Spanned;

/// A field of the file with its name.
pub(super) type Named<'a> = (&'static str, Option<&'a Spanned<String>>);

/// What the two fields say that may name the place of `what`; `None` where neither does. Both is a
/// mistake, which is noted.
pub(super) fn source(
    notes: &mut Notes<'_>,
    what: &str,
    [env, file]: [Named<'_>; 2],
) -> Option<SecretSource> {
    let named = env.1.map(|name| SecretSource::Variable(variable(notes, env.0, name)));
    if let (Some(_), Some(written)) = (&named, file.1) {
        let told = format!("{what} is said to be in a variable and in a file");
        notes.error(written.span(), told, format!("keep one of `{}` and `{}`", env.0, file.0));
    }
    named.or_else(|| file.1.map(|path| SecretSource::File(path.get_ref().clone())))
}
