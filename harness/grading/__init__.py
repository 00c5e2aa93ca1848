"""Coursework: from exercises to a student's workspace, and from a workspace to marks.

It knows which exercises the labs have, what of a lab a student may see, and what a mark is.
How a lab is built and checked it leaves to runs/, what a verdict looks like to reports/.
"""
