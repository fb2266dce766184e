#!/bin/sh
# Mutation test of the rules: sh .ci/mutants.sh GROUP [options of cargo mutants]
#
# Works on a copy of the last commit. There each `group! { a, b }` gets the `mod` lines that the macro would write, because
# cargo-mutants finds files by them; they are cut off by `cfg`, so that the program stays the same.
set -eu
group=$1
shift
here=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git -C "$here" archive HEAD | tar -x -C "$copy"
for file in "$copy"/src/rules/*/mod.rs; do
    sed -n '/group! {/,/^}/p' "$file" | sed -n 's/^ *\([a-z_0-9]*\),$/#[cfg(any())]\nmod \1;/p' >>"$file"
done
# A build folder of its own: mutants must not end up among the artifacts of other builds.
report=${MUTANTS_OUT:-$here/target/mutants-$group}
mkdir -p "$report"
CARGO_TARGET_DIR="$report/build" INSTA_UPDATE=no INSTA_FORCE_PASS=0 cargo mutants --dir "$copy" --in-place --no-shuffle --output "$report" \
    --file "src/rules/$group/*.rs" "$@"
