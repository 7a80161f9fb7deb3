"""The commands of `abilityscope`, one file each. What a command needs is imported when it runs."""
