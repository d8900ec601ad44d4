"""Where everything is: the ports of the Service, its backends and pods, and the addresses of cloud and clients."""

import os
from ipaddress import IPv4Network

PORT, NODE_PORT, POD_PORT = 8080, 30080, 8088
VSWITCH = IPv4Network("127.16.0.0/25")
"""Of the vSwitch's addresses those that are in use."""
INSIDE, INTERNET = IPv4Network(f"127.{64 + os.getpid() % 64}.{os.getpid() // 64 % 256}.0/24").subnets()
"""Where this process's cloud answers, in the VPC and on the internet, so that several test runs never meet."""
CLIENT, OTHER_CLIENT = "127.0.0.1", "127.0.0.9"
