"""The bench: builds the peers, runs kernels and scenarios, and says what came out. tests/bench/README.md explains it."""
