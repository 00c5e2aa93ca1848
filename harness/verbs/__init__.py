"""One module for each verb, and cli.py, which parses the command line and calls them by name.

A verb reads the request, calls the rooms below, prints. No verb imports another: what two
of them need stands below.
"""
