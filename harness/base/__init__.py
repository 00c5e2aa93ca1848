"""What every room uses: errors, paths, progress, locks, digests, starting programs.

Nothing here is about kernels, labs or guests.
"""
