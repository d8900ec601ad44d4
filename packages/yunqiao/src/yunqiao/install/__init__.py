"""What a cluster needs to run yunqiao, and whether it has it: the checks of `yunqiao doctor`."""
