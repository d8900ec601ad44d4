"""Pod ranges to VPC routes: one entry per node, family and route table, and the truth about it on the node."""
