"""The platform on a laptop: what starts, stops and watches it. Standard library only, any Python 3.9 or newer."""
