# Aliases; `.ci/run` is the gate and needs none of them.

# The read-only gate.
verify:
    bash .ci/run

# Format, and fix what lints can fix.
fix:
    cargo fmt --all
    cargo clippy --workspace --all-targets --fix --allow-dirty


# One cell of the nightly, short; flags as of `.ci/nightly --help`.
nightly *flags:
    .ci/nightly --runs 3 --time-limit 10s {{flags}}

# The checkers against their brute-force twins, a million histories of each model; flags as of `.ci/twins --help`.
twins *flags:
    .ci/twins {{flags}}

# Thousands of runs beside themselves written down: equal, event for event.
written-down:
    cargo test -p tribunal --bin tribunal --release --locked -- --ignored go_as_they_went

# A thousand failing runs shrunk, each for so long, and each rest repeated in a process of its own.
shrinks time="1s":
    TRIBUNAL_SHRINK_FOR={{time}} cargo test -p tribunal --test black_box --release --locked -- --ignored --nocapture a_thousand_failing

# Check the workflows against the schema of GitHub Actions (cargo install action-validator).
workflows:
    for workflow in .github/workflows/*.yml; do action-validator "$workflow" || exit 1; done
