"""Figures as a person takes them in."""


def size(count_bytes: int) -> str:
    """Return a number of bytes with a unit: ``42 B``, ``4.8 MiB``."""
    amount = float(count_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if round(amount, 1) < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{count_bytes} B" if unit == "B" else f"{amount:.1f} {unit}"
