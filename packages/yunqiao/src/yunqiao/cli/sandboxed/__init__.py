"""A cloud, a cluster and the controller as three processes on this machine, found again by their addresses.

They meet over the network only, exactly as in production: the simulators are programs that are started, never imported.
"""
