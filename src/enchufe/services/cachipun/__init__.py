"""Cachipún: rock, paper, scissors, for lines of text, frames, and the course's own windows.

service -> orders -> arrivals -> lobby -> matches -> game -> teller -> match, players

Who comes (`arrivals`) finds an opponent (`lobby`) and plays (`matches`); the rules of one match
are a machine of its own (`match`). Each player is told things in their own dialect (`teller`).
"""

from enchufe.services.cachipun.service import Cachipun

__all__ = ["Cachipun"]
