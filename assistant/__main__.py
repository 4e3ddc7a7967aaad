"""`python -m toishi.assistant`: the same as the command `toishi`."""

from toishi.assistant.cli import main

if __name__ == "__main__":
    main()
