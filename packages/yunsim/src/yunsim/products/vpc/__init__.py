"""Virtual Private Cloud 2016-04-28."""
