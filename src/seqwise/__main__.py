"""`python -m seqwise` is the command line."""

from seqwise.cli.main import main

main()
