"""The page: a browser talks in the room, plays, and watches what passes.

page -> page_server -> protocols; page -> site -> guard | link | live | calls. Its files, served
as they are, are in ``static/``.
"""
