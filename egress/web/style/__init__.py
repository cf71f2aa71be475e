"""The style page: the tokens, and each part of the interface with made-up data."""
