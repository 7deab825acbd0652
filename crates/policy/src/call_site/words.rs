//! The words that tell what in a prompt is written once and what is filled in. They are data; a
//! word more or less changes fingerprints, never whether a prompt has one.

use std::{collections::HashSet, sync::LazyLock};

/// What stands behind a label or between the tags of such a word was put in for this call, be it
/// ever so long.
static FILLED_BLOCKS: Words = LazyLock::new(|| {
    words(
        "article articles attachment attachments body cart catalog chat chunk chunks clause clauses \
     comment comments content contents context contexts contract conversation data description \
     diff doc docs document documents draft emails event events evidence excerpt excerpts fact \
     facts faq feedback file files history information input inventory invoice item items \
     knowledge letter log logs material memories memory message messages orders page pages \
     paragraph passage passages products profile query question record records reference \
     references result results review reviews snippet snippets source sources text thread tickets \
     transaction transactions transcript",
    )
});

/// What stands behind such a label was put in for this call, to the end of its line.
static FILLED_LINES: Words = LazyLock::new(|| {
    words(
        "account address age agent author balance birthday branch budget city client clock code \
     company country customer date day deadline department email employee guest id identifier key \
     locale location member name now number order organisation organization owner patient phone \
     plan product project region repository sender session sku store student subject tenant \
     ticket tier time timestamp timezone title today topic url user",
    )
});

/// A heading or label of such a word speaks to the model again, behind what was filled in.
static INSTRUCTIONS: Words = LazyLock::new(|| {
    words(
        "audience constraints directives format goal goals guidelines instruction instructions \
     objective objectives requirements role rule rules style task tasks tone",
    )
});

/// A sentence with such a verb asks for what its label names instead of giving it.
static ASKING: Words = LazyLock::new(|| {
    words(
        "collect contain contains extract extracting find generate give identify include including \
     list output produce provide return returning write",
    )
});

/// Between an asking verb and a label, such a word says that the label is what is read, not what is
/// asked for: *extract the dates from this text*.
static OF_GIVEN: Words = LazyLock::new(|| words("about for from in of on to using"));

/// Beside words of instruction, a heading may have such words.
static BESIDE_INSTRUCTIONS: Words = LazyLock::new(|| {
    words(
        "additional and answer general important key main my of our output response the these this \
     your",
    )
});

/// Words that look like names and change the task where they are exchanged: formats, languages, and
/// what is written large for emphasis.
static KEPT: Words = LazyLock::new(|| {
    words(
        "ALL ALWAYS AND ANY API Arabic BUT Bash Bengali C CAN CANNOT CSS CSV Chinese Czech DO Danish \
     Dutch EVERY English FALSE FOR Finnish French German Go GraphQL Greek HTML HTTP Hebrew Hindi \
     Hungarian I IF IMPORTANT IN IS Indonesian Italian JSON Japanese Java JavaScript Korean \
     Kotlin LaTeX MAY MUST Markdown NEVER NO NONE NOT NOTE NULL Norwegian ONLY OR PDF PHP Persian \
     Polish Portuguese Python R REST Romanian Ruby Russian Rust SHOULD SQL STOP SVG Scala Spanish \
     Swahili Swedish Swift TRUE Thai Turkish TypeScript UNKNOWN URL Ukrainian Urdu Vietnamese \
     WARNING WILL XML YAML YES YOU ZERO",
    )
});

/// Words that begin a sentence and are no names.
static STARTERS: Words = LazyLock::new(|| {
    words(
        "Above Act Add Address Adopt After All Also Always Analyse Analyze And Answer Any Anything \
     Apply Are As Ask Assess Assign Assist Assume At Attend Avoid Base Be Because Before Begin \
     Behave Being Below Both But By Calculate Call Can Cannot Categorize Check Choose Cite \
     Classify Collect Combine Compare Complete Compose Compute Consider Continue Convert Correct \
     Could Count Create Critique Debug Decide Define Depending Describe Design Detect Determine \
     Did Discuss Do Document Does Don't Draft During Each Edit Either Else Emit Empty End Ensure \
     Enter Especially Estimate Evaluate Even Every Everything Examine Except Execute Expand \
     Explain Explore Express Extract Few Fill Filter Finally Find First Fix Flag Focus Follow For \
     Format From Generate Get Give Given Grade Greet Group Guess Had Handle Has Have He Help Her \
     Here Highlight His How However I Identify If Ignore Illustrate Imagine Implement In Include \
     Infer Inform Instead Introduce Is It Its Judge Just Keep Label Last Let Like Limit List Look \
     Maintain Make Many Match May Mention Mirror More Most Move My Name Never Next No None Not \
     Note Nothing Now Number Of Offer On Once One Only Open Optimize Or Order Organize Other Our \
     Outline Output Paraphrase Parse Pay Perform Pick Plan Play Please Polish Predict Prefer \
     Prepare Present Print Prioritise Prioritize Process Proofread Propose Provide Quote Rank \
     Rate Read Recall Recommend Record Refactor Refer Refuse Reject Remember Remove Render Repeat \
     Rephrase Replace Reply Report Request Resolve Respect Respond Return Review Revise Rewrite \
     Route Run Say Score Search Second Select Send She Should Show Simplify Since So Solve Some \
     Someone Sort Speak Split Start State Stay Stick Stop Store Study Such Suggest Summarise \
     Summarize Suppose Take Talk Tell Test Than Thank That The Their Then There These They Think \
     Third This Those To Today Tomorrow Track Transcribe Transform Translate Treat Try Turn Under \
     Understand Unless Until Update Use Using Validate Verify Wait We Welcome Were What When \
     Whenever Where Wherever Whether Which While Who Why With Within Without Work Would Write \
     Yesterday You Your",
    )
});

/// Verbs of which a name at the start of a sentence is the subject, beside those in -s and -ed.
static OF_SUBJECTS: Words =
    LazyLock::new(|| words("bought can had just may said sent was were will would wrote"));

/// Small words inside names: *Maria de la Cruz*, *Bank of America*.
static IN_NAMES: Words = LazyLock::new(|| {
    words("& al and at bin da de del della den der di dos du el la le of ter van von")
});

/// What is counted behind a number, and months: *3 hours ago*, *1 day ago* and *5 mars* are filled
/// in alike.
static UNITS: Words = LazyLock::new(|| {
    words(
        "a.m. abril ago agosto am août aprile augustus avril bytes cents day days dezembro dicembre \
     diciembre dollars décembre enero euros febbraio febrero februari fevereiro février gb \
     gennaio giugno hour hours item items janeiro januari janvier juillet juin julho juli julio \
     junho juni junio kb km luglio maart maggio mai maio mars marzo março mayo mb mei minute \
     minutes month months novembre noviembre octobre octubre oktober ottobre outubro p.m. percent \
     pm pounds second seconds septembre septiembre setembro settembre times week weeks year years",
    )
});

/// Titles before names, whose point ends no sentence.
static TITLES: Words = LazyLock::new(|| words("Dr Mr Mrs Ms Prof Sr St"));

/// Days and months that are written with a capital.
static DATES: Words = LazyLock::new(|| {
    words(
        "April August December Dezember Dienstag Donnerstag Februar February Freitag Friday Januar \
     January Juli July June Juni Mai Mittwoch Monday Montag März November October Oktober Samstag \
     Saturday September Sonntag Sunday Thursday Tuesday Wednesday",
    )
});

/// What the last word of a label says of what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// It was put in for this call, in any length.
    FilledBlock,
    /// It was put in for this call, to the end of the line.
    FilledLine,
    /// Nothing.
    Unknown,
}

/// Longer words are in no list.
const WORD_BYTES_MAX: usize = 16;

pub(super) fn label(word: &str) -> Label {
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let word = word.rsplit(['_', '-', '/']).find(|part| !part.is_empty()).unwrap_or_default();
    if is_in(&FILLED_BLOCKS, word) {
        Label::FilledBlock
    } else if is_in(&FILLED_LINES, word) {
        Label::FilledLine
    } else {
        Label::Unknown
    }
}

/// Whether a heading of these words speaks to the model.
pub(super) fn is_instruction<'w>(mut heading: impl Iterator<Item = &'w str> + Clone) -> bool {
    heading.clone().any(|word| is_in(&INSTRUCTIONS, word))
        && heading.all(|word| is_in(&INSTRUCTIONS, word) || is_in(&BESIDE_INSTRUCTIONS, word))
}

pub(super) fn is_asking(word: &str) -> bool {
    is_in(&ASKING, word)
}

pub(super) fn is_of_given(word: &str) -> bool {
    OF_GIVEN.contains(word)
}

pub(super) fn is_kept(word: &str) -> bool {
    KEPT.contains(word) || is_in(&INSTRUCTIONS, word)
}

pub(super) fn is_starter(word: &str) -> bool {
    STARTERS.contains(word)
}

/// Whether the word behind a capital makes that the subject of a sentence.
pub(super) fn is_of_subjects(word: &str) -> bool {
    word.ends_with("ed") || word.ends_with('s') || OF_SUBJECTS.contains(word)
}

pub(super) fn is_in_names(word: &str) -> bool {
    IN_NAMES.contains(word)
}

pub(super) fn is_unit(word: &str) -> bool {
    UNITS.contains(word)
}

pub(super) fn is_title(word: &str) -> bool {
    TITLES.contains(word)
}

pub(super) fn is_date(word: &str) -> bool {
    DATES.contains(word)
}

/// A list of words, read once.
type Words = LazyLock<HashSet<&'static str>>;

fn words(text: &'static str) -> HashSet<&'static str> {
    text.split(' ').collect()
}

/// Whether a list of lower-case words has this one, however it is written. Every word of a prompt is
/// looked up, so nothing is allocated for it.
fn is_in(list: &Words, word: &str) -> bool {
    let mut lower = [0; WORD_BYTES_MAX];
    let Some(lower) = lower.get_mut(..word.len()) else { return false };
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    std::str::from_utf8(lower).is_ok_and(|lower| list.contains(lower))
}
