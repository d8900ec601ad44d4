"""Replay exchanges that were recorded with a real API server, and list where kubesim answers otherwise."""
