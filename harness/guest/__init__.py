"""A guest: its machine and snapshots of it, its job, channel and console.

The guest's own files, init among them, are in files/. Nothing here judges what a guest
says: that is done in runs and results.
"""
