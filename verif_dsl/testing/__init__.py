"""Property tests for constraints, and how strong their examples are."""
