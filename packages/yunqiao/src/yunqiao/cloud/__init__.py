"""Alibaba Cloud's APIs as data, and the layers of Send around the one edge that speaks HTTP."""
