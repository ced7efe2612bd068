"""From the files of a set's publisher to one annotation file."""
