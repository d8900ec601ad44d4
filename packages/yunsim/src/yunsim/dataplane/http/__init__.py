"""An HTTP listener: every request finds its own backend, over connections that are kept.

`messages` holds what is written, `client` the connection that was accepted, `upstream` the one to a backend, `exchange`
one request with its response, and `service` the listener with its idle connections.
"""
