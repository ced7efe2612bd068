"""From model scores to the saliency table, while training and offline."""
