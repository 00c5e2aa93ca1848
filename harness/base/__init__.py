"""What every room uses: errors, paths, progress, locks, digests, starting programs, threads.

Nothing here is about kernels, labs or guests.
"""
