"""What the Cache tab says of itself."""

HELP = """\
What was computed and kept, one row for each entry, of this model and of others:
rankings            the most important weights of an ability, from which masks are cut
unit scores         what each neuron and head counts for an ability, from which whole units are ranked
outcomes            what one model, intact or ablated, answered to the items of one benchmark
divergences         the first tokens where written answers of an ablated model differ from the intact one's
generation quality  what a model, intact or ablated, makes of neutral texts, and how it writes on
items               what the items of a benchmark say

Sizes are those of the files. Broken entries come first, with a cross; they are never used, and computed again
when they are needed. Those of another version of abilityscope are not used either. "shipped" ones came with
abilityscope, so that the demo model answers at once: they are read-only, and not in the folder.

j k      the next entry, the one before; g G first and last; enter its details
o        another order: newest, largest, by kind
/        search: all words have to occur; esc shows all again
x        delete the entry under the cursor, after one question
w        verify: read every entry whole and compare its checksum; c stops it
y        copy the entry's key; e write the list to a file

`abilityscope cache` does the same without a screen, and `cache prune` makes room."""
