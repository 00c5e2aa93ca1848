"""The harness: fetch kernels, build, boot, read results, report."""
