//! Timings of the compiler by stage: `cargo bench --bench workspace`.
//!
//! `cargo bench --bench workspace -- --generate 10000 FOLDER` writes the workspace that `whole_process.py` measures.

mod generate;

use divan::{Bencher, counter::ItemsCount};
use expc::check::{Options, check};
use expc::portfolio::Workspace;
use expc::spec::Spec;
use expc::syntax;
use expc::text::FileId;
use expc::world::Memory;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--generate") {
        let (Some(specs), Some(folder)) = (arguments.get(at + 1), arguments.get(at + 2)) else {
            panic!("--generate NUMBER FOLDER");
        };
        write(specs.parse().expect("a number of specs"), std::path::Path::new(folder));
        return;
    }
    divan::main();
}

fn write(specs: usize, folder: &std::path::Path) {
    for (path, text) in generate::workspace(specs) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("files lie in folders")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
}

fn memory(specs: usize) -> Memory {
    generate::workspace(specs).into_iter().fold(Memory::default(), |memory, (path, text)| memory.with(path, text))
}

fn one_spec() -> String {
    generate::workspace(24).pop().expect("specs come last").1
}

fn options() -> Options {
    Options { today: generate::TODAY.parse().ok(), ..Options::default() }
}

/// Text to located tree.
#[divan::bench]
fn parse_one_spec(bencher: Bencher<'_, '_>) {
    let text = one_spec();
    bencher.bench(|| syntax::parse(FileId(0), &text));
}

/// Tree to typed spec.
#[divan::bench]
fn read_one_spec(bencher: Bencher<'_, '_>) {
    let (tree, _) = syntax::parse(FileId(0), &one_spec());
    bencher.bench(|| syntax::read::<Spec>(&tree));
}

/// Text to plan, everything sized, with the sizes that other specs of the workspace share known already.
#[divan::bench]
fn compile_one_spec(bencher: Bencher<'_, '_>) {
    let workspace = Workspace::open(&memory(24)).with_targets(expc::emit::flags::capabilities());
    let spec = workspace.specs.last().expect("there are specs");
    bencher.bench(|| workspace.compile(spec));
}

/// `expc.toml`, catalogue and templates.
#[divan::bench]
fn open_an_empty_workspace(bencher: Bencher<'_, '_>) {
    let files = memory(0);
    bencher.bench(|| Workspace::open(&files).with_targets(expc::emit::flags::capabilities()));
}

/// A whole run from memory, all rules.
#[divan::bench(args = [1, 100, 1_000])]
fn check_specs(bencher: Bencher<'_, '_>, specs: usize) {
    let files = memory(specs);
    bencher
        .counter(ItemsCount::new(specs))
        .bench(|| check(&Workspace::open(&files).with_targets(expc::emit::flags::capabilities()), options()));
}
