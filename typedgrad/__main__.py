"""`python -m typedgrad`: the same as the command `typedgrad`."""

from typedgrad.cli import main

if __name__ == "__main__":
    main()
