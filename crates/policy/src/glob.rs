/// A text in which `*` stands for any characters; without one it must be equal.
#[derive(Clone, Debug)]
pub(crate) struct Glob(String);

impl Glob {
    /// A pattern that cannot be wrong: everything but `*` is taken literally.
    pub(crate) fn new(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }

    /// Each piece is taken where it first comes, which leaves most to those behind it: no way back is
    /// ever needed, so it is linear in the text.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.0.split_once('*') else { return self.0 == text };
        let (between, last) = others.rsplit_once('*').unwrap_or(("", others));
        let Some(mut rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last))
        else {
            return false;
        };
        for piece in between.split('*') {
            let Some(at) = rest.find(piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
        true
    }
}
