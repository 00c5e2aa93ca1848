"""A guest: its machine, its job, its channel, its console, several side by side.

The guest's own files, init among them, are in files/. Nothing here judges what a guest
says: that is done in runs and results.
"""
