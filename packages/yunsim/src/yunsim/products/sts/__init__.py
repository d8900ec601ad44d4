"""Security Token Service 2015-04-01."""
