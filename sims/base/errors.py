"""The one exception that means "the user's input is wrong", as opposed to a bug of ours."""


class BadInput(ValueError):
    """Bad input: the message is one line that says what is wrong, where, and with which value."""
