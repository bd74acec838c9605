"""Measures servers side by side and says how they compare.

The machine is never quiet, so absolute figures mean little and the order of
things matters: every measurement of a candidate stands between two of the
reference, and what is kept is the ratio.

    candidate     a server or command, and how to start it
    programs      the C programs, compiled
    cores         who runs on which core
    server        a candidate, running and ready
    session       the processor time of a server and its children
    load          round trips, deliveries or acknowledgements a second  } each measures
    memory        bytes for each connection                             } one candidate
    startup       milliseconds until the end                            } once and gives
    copying       MiB of a file a second                                } `Figures`
    rounds        candidates and reference in turn, and the ratios
    scenarios     what is compared with what, and the aims
    machine       on what it was measured
    report, plot  the table, the record and the picture
    progress      the line that says how far it has come
"""
