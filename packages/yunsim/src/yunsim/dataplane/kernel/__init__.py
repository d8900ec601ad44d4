"""A network that only carries what the route table says: every instance a network namespace, every VPC a router.

`network` has the values that the products' state is turned into, `things` the parts of the kernel that these ask for
(of a VPC in `routers`, of an instance in `machines`) and the `commands` that make and remove each; `namespaces` carries
those out, `kernel` applies the difference, `runs` removes what a dead run left.
"""
