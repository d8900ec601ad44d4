"""Record a session with the real cloud, and replay it here: how an account owner finds out where yunsim differs.

`forwarding` stands between a client and the cloud, `redaction` takes out what is nobody's business, `tape` is the file
in between, `replaying` asks yunsim the same, `names` knows which id here stands for which there, `comparing` tells the
differences.
"""
