"""The page: a browser talks in the room, plays, and watches what passes.

page -> site -> guard | link | live | calls. Its files, served as they are, are in ``static/``.
"""
