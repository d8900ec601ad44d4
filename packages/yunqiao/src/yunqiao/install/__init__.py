"""What a cluster needs to run yunqiao, rendered."""
