"""A long run: one server, honest and hostile peers over all transports, and what it holds.

run -> served, honest, hostile -> places; samples -> report
"""
