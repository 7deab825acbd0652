//! People label replies without knowing whose they are, on a terminal and in a sheet; what they say
//! measures the judge.

use crate::{
    command::{Said, run, run_on},
    deployment::{Deployment, foreshadow},
    say,
    scripts::script,
    wait::{PATIENCE, until},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    io::Read,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::Command,
};
use testkit::{
    client::Client,
    world::{OWN_KEYS, World},
};
use tokio::runtime::Runtime;

const AT_ONCE: NonZeroUsize = NonZeroUsize::new(8).unwrap();
const WORLD: (u64, usize) = (5, 6);
/// The judged category of the demo's world.
const CATEGORY: &str = "summarize";
/// What must not reach a terminal: an escape sequence, a bell, a turned reading direction.
const HOSTILE: &str = "\u{1b}[31mred\u{7}\u{202e}";

/// A deployment that has seen a day, with every asked call drawn for a label.
fn observed() -> Deployment {
    let runtime = Runtime::new().unwrap();
    let world = World::new(WORLD.0, WORLD.1);
    let providers = runtime.block_on(world.start()).unwrap();
    let urls = providers.each_ref().map(|it| (it.name().to_owned(), it.base_url()));
    let pipeline = world.pipeline_toml(&urls).replace("calls = 1.0", "calls = 1.0\naudit = 1.0");
    let deployment = Deployment::new(&pipeline, &OWN_KEYS);
    let up = deployment.up();
    let mut calls = world.day(0);
    for call in &mut calls {
        let mut body: Value = serde_json::from_slice(&call.body).unwrap();
        let hostile = json!({"role": "system", "content": HOSTILE});
        body["messages"].as_array_mut().unwrap().insert(1, hostile);
        call.body = body.to_string().into();
    }
    let client = Client::new(&up.base_url("openai")).unwrap();
    for played in runtime.block_on(client.play(&calls, AT_ONCE)) {
        assert_eq!(played.unwrap().status, 200);
    }
    until("every sampled arm in `shadows`", PATIENCE, || {
        let drawn = "SELECT count(*) AS n FROM assignments WHERE sampled AND arm <> 'reference'";
        let exchanges = deployment.count("SELECT count(*) AS n FROM exchanges");
        let shadowed = deployment.count("SELECT count(*) AS n FROM shadows");
        (exchanges == calls.len() as u64 && deployment.count(drawn) == shadowed).then_some(())
    });
    up.stop();
    deployment
}

fn label(deployment: &Deployment, args: &[&str], typed: &str) -> Said {
    let input = deployment.beside("typed");
    fs::write(&input, typed).unwrap();
    let mut command = deployment.command(&[&["label"], args].concat());
    run_on(&mut command, File::open(input).unwrap().into(), PATIENCE)
}

#[test]
fn people_label_blind_and_measure_the_judge() {
    let deployment = observed();
    check_draws(&deployment);
    let pairs = check_terminal(&deployment);
    check_pseudo_terminal(&deployment);
    check_sheet(&deployment, pairs - 3);
    check_judge(&deployment, pairs);
    check_explained(&deployment);
}

/// The draw is on record before any label, for every reply that was asked for.
fn check_draws(deployment: &Deployment) {
    let undrawn = "SELECT count(*) AS n FROM assignments WHERE arm = 'candidate' AND sampled \
                   AND (audited IS NOT TRUE OR audit_prob <> 1.0)";
    assert_eq!(deployment.count(undrawn), 0);
    assert_eq!(deployment.count("SELECT count(*) AS n FROM labels"), 0);
    assert_eq!(deployment.count("SELECT count(*) AS n FROM blocks WHERE kappa <> 1.0"), 0);
}

/// How many pairs there are; two of them are labelled now.
fn check_terminal(deployment: &Deployment) -> u64 {
    let choice = ["--category", CATEGORY, "--by", "ann"];
    // More, nonsense, an answer, second thoughts, another answer with a note, an answer, enough.
    let said = label(deployment, &choice, "m\nzz\nyn\nu\nyy as good\nn?\nq\n").done();
    assert!(said.contains("`zz` is no answer") && said.ends_with("2 pairs labelled\n"), "{said}");
    assert!(said.contains("── A\n") && said.contains("── B\n") && said.contains("drawn"), "{said}");
    for name in ["harbor", "large", "mini", "reference", "candidate"] {
        assert!(!said.contains(name), "`{name}` is told: {said}");
    }
    assert!(said.contains("\\u{1b}[31mred\\u{7}\\u{202e}"), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
    let rows = deployment.rows(
        "SELECT arm, acceptable, audit_prob, labeller, shown_order, note FROM labels \
         ORDER BY labelled_at, arm",
    );
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert!(rows.iter().all(|row| row["labeller"] == "ann" && row["audit_prob"] == 1.0));
    assert!(rows[..2].iter().all(|row| row["acceptable"] == true && row["note"] == "as good"));
    let (shown, second) = (&rows[2]["shown_order"], &rows[2..]);
    let by_arm: BTreeMap<&str, &Value> =
        second.iter().map(|row| (row["arm"].as_str().unwrap(), &row["acceptable"])).collect();
    let first = if shown == "reference_first" { "reference" } else { "candidate" };
    assert_eq!(by_arm[first], &Value::Bool(false), "A was said not to do");
    assert_eq!(by_arm.values().filter(|word| word.is_null()).count(), 1, "B was left open");
    let pairs = "SELECT count(DISTINCT s.exchange_id) AS n FROM shadows s \
                 JOIN cells c ON c.cell = s.cell WHERE c.category = 'summarize' AND s.fault IS NULL";
    // Machines speak in lines of JSON.
    let lines = label(deployment, &[&choice[..], &["--format", "json"]].concat(), "q\n").done();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&first["category"], &first["drawn"]), (&CATEGORY.into(), &true.into()));
    deployment.count(pairs)
}

/// Somebody sits at it: what they take back is not written, what they type is shown and cannot do
/// anything, and leaving by Ctrl-C keeps what they said.
fn check_pseudo_terminal(deployment: &Deployment) {
    const QUESTION: &str = "would A do, would B? [yy yn ny nn · s u m h q] ";
    let conversation = json!([
        ["── 1 of ", ""],
        [QUESTION, "\u{1b}[31mzz\n"],
        ["is no answer", ""],
        [QUESTION, "yn\n"],
        ["── 2 of ", ""],
        [QUESTION, "u\n"],
        ["── 1 of ", ""],
        [QUESTION, "nn second thoughts\n"],
        ["── 2 of ", ""],
        [QUESTION, "\u{3}"],
        ["1 pairs labelled", ""],
    ]);
    let itself = deployment.command(&["label", "--category", CATEGORY, "--by", "eve"]);
    let mut python = Command::new("python3");
    python.env_clear();
    for (name, value) in itself.get_envs() {
        python.env(name, value.unwrap_or_default());
    }
    let conversation = conversation.to_string();
    let typed = [conversation.as_str(), itself.get_program().to_str().unwrap()];
    let args = itself.get_args().map(|arg| arg.to_str().unwrap());
    let args: Vec<&str> = typed.into_iter().chain(args).collect();
    let screen = script(&mut python, "terminal.py", &args).done();
    assert!(screen.contains("\\u{1b}[31mred\\u{7}\\u{202e}"), "{screen}");
    assert!(screen.contains("`\\u{1b}[31mzz` is no answer"), "{screen}");
    assert!(!screen.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{screen:?}");
    let said = "SELECT arm, acceptable, note FROM labels WHERE labeller = 'eve'";
    let rows = deployment.rows(said);
    assert_eq!(rows.len(), 2, "what was taken back is not there: {rows:?}");
    let is_last = |row: &Value| row["acceptable"] == false && row["note"] == "second thoughts";
    assert!(rows.iter().all(is_last), "{rows:?}");
}

/// A sheet goes out, comes back wrong, and comes back right.
fn check_sheet(deployment: &Deployment, waiting: u64) {
    let export = ["label", "export", "--category", CATEGORY];
    let csv = deployment.run(&export).done();
    assert!(csv.starts_with("pair,category,drawn,call,a,b,a_acceptable,b_acceptable,note\n"));
    assert!(!csv.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{csv:?}");
    let lines = deployment.run(&[&export[..], &["--format", "json"]].concat()).done();
    let names: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| line["pair"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names.len() as u64, waiting, "what has a label waits no more");
    let sheet = deployment.beside("sheet.csv");
    let write = |rows: &[String]| {
        let header = "pair,a_acceptable,b_acceptable,note\n";
        fs::write(&sheet, format!("{header}{}\n", rows.join("\n"))).unwrap();
        deployment.run(&["label", "import", sheet.to_str().unwrap(), "--by", "bob"])
    };
    let (one, other) = (&names[0], &names[1]);
    let wrong = write(&[
        format!("{one},y,maybe,"),
        "01890000-0000-7000-8000-000000000000-12345678,y,y,".to_owned(),
        format!("{other},y,n,fine"),
        format!("{other},y,n,again"),
        format!("{},,,", names[2]),
    ]);
    assert_eq!(wrong.code(), Some(2), "{wrong:?}");
    for told in ["sheet.csv:2: `b_acceptable` is `maybe`", "sheet.csv:3: ", "sheet.csv:5: "] {
        assert!(wrong.errors.contains(told), "{told}: {}", wrong.errors);
    }
    assert!(!wrong.errors.contains("sheet.csv:4") && wrong.errors.contains("nothing was taken"));
    assert_eq!(deployment.count("SELECT count(*) AS n FROM labels WHERE labeller = 'bob'"), 0);
    let right: Vec<String> = names.iter().map(|name| format!("{name},yes,y,")).collect();
    let said = write(&right).done();
    assert_eq!(said, format!("{waiting} pairs labelled\n"));
    let given = "SELECT count(*) AS n FROM labels WHERE labeller = 'bob' AND acceptable";
    assert_eq!(deployment.count(given), 2 * waiting);
    assert_eq!(write(&right[..1]).code(), Some(2), "a label is given once");
    fs::write(&sheet, "name,verdict\nx,y\n").unwrap();
    let said = deployment.run(&["label", "import", sheet.to_str().unwrap()]);
    assert!(said.errors.contains("sheet.csv:1: there is no column `pair`"), "{said:?}");
}

/// The judge's figures are those of the words and labels in the tables.
fn check_judge(deployment: &Deployment, pairs: u64) {
    let said = deployment.run(&["judge", "--format", "json"]).done();
    let judges: Vec<Value> = serde_json::from_str(&said).unwrap();
    let judge = judges.iter().find(|judge| judge["category"] == CATEGORY).unwrap();
    assert_eq!((judge["gates"].as_bool(), judge["model"].is_string()), (Some(true), true));
    let figures = &judge["figures"];
    let count = |name: &str| figures[name].as_u64().unwrap();
    // One was left open.
    assert_eq!((count("labels"), count("labels_informing")), (2 * pairs - 1, 0), "{figures}");
    assert!(
        count("judged") > 0 && count("judged") <= pairs && count("words") >= 2 * count("judged")
    );
    assert_eq!(figures["position"]["mean"], 0.0, "the simulated judge reads both alike");
    assert_eq!(figures["flips"]["mean"], 0.0);
    assert!(figures["retest"]["mean"].is_null(), "it was asked once in each order");
    let table = deployment.run(&["judge"]).done();
    for word in ["sensitivity", "position bias", "worth at least", "anytime-valid", "gates"] {
        assert!(table.contains(word), "{word}: {table}");
    }
}

fn check_explained(deployment: &Deployment) {
    let row = &deployment.rows("SELECT exchange_id FROM exchanges LIMIT 1")[0];
    let said = deployment.run(&["explain", row["exchange_id"].as_str().unwrap()]).done();
    let control = |char: &char| char.is_control() && *char != '\n';
    assert_eq!(said.chars().find(control), None, "{said:?}");
}

/// The recorded verdicts of real judges: the figures are what counting says.
#[test]
fn recorded_verdicts_are_measured_as_counting_does() {
    let Some(file) = recorded() else { return say("no judged_pairs.jsonl.gz: not measured") };
    let said =
        run(foreshadow().args(["judge", "--format", "json", "--pairs"]).arg(&file), PATIENCE);
    let judges: Vec<Value> = serde_json::from_str(&said.done()).unwrap();
    let rows = rows(&file);
    for judge in judges {
        let name = judge["model"].as_str().unwrap();
        let counted = Counted::of(&rows, name);
        let (figures, count) = (&judge["figures"], |name: &str| judge["figures"][name].as_u64());
        assert_eq!(count("pairs"), Some(rows.len() as u64));
        assert_eq!(count("abstained"), Some(counted.abstained), "{name}");
        assert_eq!(count("judged"), Some(rows.len() as u64 - counted.abstained));
        for (figure, (hits, of)) in counted.shares {
            let mean = figures[figure]["mean"].as_f64().unwrap();
            assert!((mean - hits / of).abs() < 1e-9, "{name} {figure}: {mean}, not {hits} of {of}");
            assert_eq!(figures[figure]["units"].as_f64(), Some(of), "{name} {figure}");
            let [lower, upper] =
                ["lower", "upper"].map(|end| figures[figure][end].as_f64().unwrap());
            assert!(lower <= mean && mean <= upper, "{name} {figure}");
        }
        if name == "gpt-3.5-turbo" {
            assert_eq!(counted.abstained, 25, "not ties, and not the worst");
        }
    }
}

fn recorded() -> Option<PathBuf> {
    let shared = env::var_os("FORESHADOW_SHARED").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let file = shared.unwrap_or(beside).join("judged_pairs.jsonl.gz");
    file.exists().then_some(file)
}

fn rows(file: &Path) -> Vec<Value> {
    let mut text = String::new();
    let mut packed = flate2::read::GzDecoder::new(File::open(file).unwrap());
    packed.read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The same figures by counting, as sums and numbers.
struct Counted {
    abstained: u64,
    shares: BTreeMap<&'static str, (f64, f64)>,
}

impl Counted {
    fn of(rows: &[Value], judge: &str) -> Self {
        let mut counted = Self { abstained: 0, shares: BTreeMap::new() };
        for row in rows {
            let verdict = match row["judges"][judge].as_str().unwrap() {
                "1" => 1,
                "2" => 2,
                "0" | "Tie" => 0,
                _ => {
                    counted.abstained += 1;
                    continue;
                }
            };
            let humans: Vec<i64> =
                row["humans"].as_array().unwrap().iter().map(|it| it.as_i64().unwrap()).collect();
            let people = [0, 1, 2]
                .into_iter()
                .find(|word| humans.iter().filter(|human| *human == word).count() >= 2);
            counted.add(row, verdict, people);
        }
        counted
    }

    fn add(&mut self, row: &Value, verdict: i64, people: Option<i64>) {
        let mut add = |figure, value: f64| {
            let (sum, of) = self.shares.entry(figure).or_insert((0.0, 0.0));
            (*sum, *of) = (*sum + value, *of + 1.0);
        };
        let length = |name: &str| match &row[name] {
            Value::String(text) => text.chars().count(),
            other => other.to_string().chars().count(),
        };
        let for_first = |word| match word {
            1 => 1.0,
            2 => -1.0,
            _ => 0.0,
        };
        let longer = match length("response_1").cmp(&length("response_2")) {
            std::cmp::Ordering::Less => Some(-1.0),
            std::cmp::Ordering::Greater => Some(1.0),
            std::cmp::Ordering::Equal => None,
        };
        if let Some(longer) = longer {
            add("prefers_longer", for_first(verdict) * longer);
        }
        let Some(people) = people else { return };
        add("agreement", f64::from(verdict == people));
        add("prefers_first_beyond_people", (for_first(verdict) - for_first(people)) / 2.0);
        // A line is one unit, whether one of its replies is good or both are.
        let good: Vec<i64> = [2, 1].into_iter().filter(|other| people != *other).collect();
        let passed = good.iter().filter(|other| verdict != **other).count();
        add("specificity", passed as f64 / good.len() as f64);
        if people != 0 {
            add("sensitivity", f64::from(verdict == people));
        }
    }
}
