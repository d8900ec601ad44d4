"""The API: discovery, verbs, patches, watch."""
