"""A network that only carries what the route table says: every instance a network namespace, every VPC a router.

`network` has the values that the products' state is turned into, `things` the parts of the kernel that these ask for
and the commands that make and remove each, `kernel` applies the difference, `runs` removes what a dead run left.
"""
