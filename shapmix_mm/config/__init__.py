"""Reading and merging configs, and what is built from them."""
