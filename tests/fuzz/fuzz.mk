# The sources each fuzz target needs, beside its own. One line a target.
FUZZ_sse = net/sse base/buf
