"""The commands, one file each; they parse, and leave the work to the rooms below."""
