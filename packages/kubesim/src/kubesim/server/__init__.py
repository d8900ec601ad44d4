"""The API over HTTP: routes, media types, authentication, faults."""
