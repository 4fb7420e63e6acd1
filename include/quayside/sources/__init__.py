"""Where records come from: reading a source as a stream, never writing to it."""
