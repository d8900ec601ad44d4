"""Elastic Compute Service 2014-05-26."""

VERSION = "2014-05-26"
