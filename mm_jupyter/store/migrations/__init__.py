"""Numbered changes of the schema, append-only. ``versions/`` holds one file each; a new store needs none of them."""
