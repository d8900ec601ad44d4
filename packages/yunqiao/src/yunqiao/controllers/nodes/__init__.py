"""Nodes to ECS instances: which machine a node is, what is written on it, and when it is gone."""
