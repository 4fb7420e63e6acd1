"""What is fast and what is lean, measured against others in one run on one machine; the results are in RESULTS.md."""
