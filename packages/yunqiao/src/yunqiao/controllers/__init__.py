"""What is done for Services, nodes and routes."""
