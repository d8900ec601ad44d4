"""yunsim: Alibaba Cloud on one machine, over its real wire protocol, with load balancers that carry traffic."""
