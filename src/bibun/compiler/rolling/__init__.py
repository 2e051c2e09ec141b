"""Loops come back: a Python loop leaves a periodic list of calls, in which the period is found and made a loop again."""
