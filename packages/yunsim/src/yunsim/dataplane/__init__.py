"""What makes a balancer carry traffic."""
