"""How things are named, marked, coloured and made safe to show."""
