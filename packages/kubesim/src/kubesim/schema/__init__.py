"""The published schema: field types, merge keys, list map keys."""
