"""An HTTP listener: every request finds its own backend, over connections that are kept.

`messages` holds what is written, `client` the connection that was accepted in HTTP/1 and `http2` the one in HTTP/2 with
its streams, `upstream` the one to a backend, `exchange` one request with its response, whoever asks (`requester`), and
`service` the listener with its idle connections.
"""
