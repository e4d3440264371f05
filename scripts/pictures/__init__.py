"""What ``scripts/screenshots.py`` is made of: the story played, the pages looked at, one picture composed.

Runs in ``.venv``, so it may use whatever the test lock brings.
"""
