"""Pure nouns: events, commands, notices, peers, endpoints, errors, limits, chance."""
