"""`python -m streamnorm.cli`, for where the script is not on the path."""

from streamnorm.cli import main

main()
