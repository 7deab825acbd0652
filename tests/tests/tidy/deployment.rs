//! The container files start what the binary has, where the contract says it listens.

use crate::tree::read;

const CLI: &str = "crates/foreshadow/src/cli.rs";
const LIVE_PORT: &str = "8080";
const ADMIN_PORT: &str = "8081";

#[test]
fn the_contract_s_ports_are_the_binary_s_the_image_s_and_the_compose_file_s() {
    let cli = read(CLI);
    for port in [LIVE_PORT, ADMIN_PORT] {
        assert!(cli.contains(&format!("default_value = \"127.0.0.1:{port}\"")), "{CLI}: {port}");
    }
    let (image, compose) = (read("Dockerfile"), read("docker-compose.yml"));
    assert!(
        image.contains(&format!("EXPOSE {LIVE_PORT} {ADMIN_PORT}")),
        "Dockerfile exposes others"
    );
    for port in [LIVE_PORT, ADMIN_PORT] {
        let published = format!("\"127.0.0.1:{port}:{port}\"");
        assert!(compose.contains(&published), "docker-compose.yml does not publish {published}");
    }
    let scraped = read("dashboards/prometheus.yml");
    assert!(scraped.contains(&format!("\"127.0.0.1:{ADMIN_PORT}\"")), "Prometheus asks elsewhere");
}

#[test]
fn what_the_container_is_told_the_binary_understands() {
    let (cli, image) = (read(CLI), read("Dockerfile"));
    let command = image.lines().find(|line| line.starts_with("CMD ")).expect("the image has a CMD");
    let words: Vec<&str> = command.split('"').skip(1).step_by(2).collect();
    assert_eq!(words.first(), Some(&"up"), "{command}");
    let is_command = cli.contains("    Up(Up),");
    assert!(is_command, "{CLI} has no command `up`");
    let flags: Vec<&&str> = words.iter().filter(|word| word.starts_with("--")).collect();
    assert_eq!(flags.len(), 2, "{command}");
    for flag in flags {
        let field = format!("pub(crate) {}:", flag.trim_start_matches("--").replace('-', "_"));
        assert!(cli.contains(&field), "{CLI} has no flag {flag}");
    }
}

#[test]
fn every_variable_that_is_set_is_read() {
    let cli = read(CLI);
    for path in ["Dockerfile", "docker-compose.yml"] {
        let text = read(path);
        let mut set = 0;
        for (at, _) in text.match_indices("FORESHADOW_") {
            let name: String =
                text[at..].chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
            set += 1;
            assert!(
                cli.contains(&format!("env = \"{name}\"")),
                "{path} sets {name}; {CLI} does not"
            );
        }
        assert!(set > 0 || path != "Dockerfile", "{path} sets nothing");
    }
}

#[test]
fn images_are_pinned_and_nothing_runs_as_root() {
    let (image, compose) = (read("Dockerfile"), read("docker-compose.yml"));
    let from = image.lines().filter_map(|line| line.strip_prefix("FROM "));
    let images = compose.lines().filter_map(|line| line.trim().strip_prefix("image: "));
    for name in from.chain(images) {
        let name = name.split(' ').next().unwrap_or_default();
        let tag = name.split_once(':').map(|(_, tag)| tag).unwrap_or_default();
        let is_pinned = tag.starts_with(|c: char| c.is_ascii_digit() || c == 'v')
            || tag.starts_with("bookworm-")
            || name == "foreshadow:local";
        assert!(is_pinned, "{name} is not pinned");
    }
    let last_user = image.lines().rev().find_map(|line| line.strip_prefix("USER "));
    assert!(
        last_user.is_some_and(|user| !user.starts_with("root") && user != "0"),
        "{last_user:?}"
    );
}

#[test]
fn the_image_is_built_with_the_toolchain_that_the_workspace_asks_for() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let wanted = manifest["workspace"]["package"]["rust-version"].as_str().unwrap();
    assert!(read("Dockerfile").contains(&format!("FROM rust:{wanted}-")), "not rust:{wanted}");
}

#[test]
fn files_that_containers_are_given_exist() {
    let compose = read("docker-compose.yml");
    let mounts = compose.lines().filter_map(|line| line.trim().strip_prefix("- ./"));
    let mut count = 0;
    for mount in mounts {
        let path = mount.split(':').next().unwrap_or_default();
        assert!(crate::tree::exists(path), "docker-compose.yml mounts {path}, which is not there");
        count += 1;
    }
    assert!(count >= 4, "docker-compose.yml mounts {count} files of the tree only");
}
