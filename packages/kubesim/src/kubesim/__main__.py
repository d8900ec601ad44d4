"""`python -m kubesim` is the `kubesim` command."""

from kubesim.cli import main

main()
