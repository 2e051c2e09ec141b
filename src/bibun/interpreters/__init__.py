"""The interpreters over the table: the tape (reverse mode), tangents (forward mode), batches (vmap).

They do not know each other, and no formula lives in them.
"""
