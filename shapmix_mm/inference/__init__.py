"""From one clip to an answer with its reasons."""
