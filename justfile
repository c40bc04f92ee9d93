# Aliases; `.ci/run` is the gate and needs none of them.

# The read-only gate.
verify:
    bash .ci/run

# Format, and fix what lints can fix.
fix:
    cargo fmt --all
    cargo clippy --workspace --all-targets --fix --allow-dirty

