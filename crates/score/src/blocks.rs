//! Code in Markdown: what stands between two lines that begin with a fence.

/// What begins and ends a block.
pub(crate) const FENCE: &str = "```";

/// A block of code.
pub(crate) struct Block<'a> {
    /// What stands beside the opening fence, in lower case; often empty.
    pub(crate) label: String,
    pub(crate) code: &'a str,
}

/// The blocks of a text. One that is not closed goes to the text's end.
pub(crate) fn of(text: &str) -> Vec<Block<'_>> {
    let (mut blocks, mut open) = (Vec::new(), None);
    for (at, line) in lines(text) {
        let Some(label) = line.trim().strip_prefix(FENCE) else { continue };
        open = match open {
            None => {
                let label = label.split_whitespace().next().unwrap_or_default();
                Some((label.to_lowercase(), at + line.len()))
            }
            Some((label, start)) => {
                blocks.push(Block { label, code: &text[start..at] });
                None
            }
        };
    }
    blocks.extend(open.map(|(label, start)| Block { label, code: &text[start..] }));
    blocks
}

/// The text without its blocks.
pub(crate) fn without(text: &str) -> String {
    let (mut prose, mut is_open) = (String::with_capacity(text.len()), false);
    for (_, line) in lines(text) {
        if line.trim_start().starts_with(FENCE) {
            is_open = !is_open;
        } else if !is_open {
            prose.push_str(line);
        }
    }
    prose
}

/// The lines with their ends, and where each begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    })
}
