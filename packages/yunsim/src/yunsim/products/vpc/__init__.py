"""Virtual Private Cloud 2016-04-28."""

VERSION = "2016-04-28"
