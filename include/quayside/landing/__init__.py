"""Landing: source records as received, in immutable batches with a manifest."""
