"""What the AIS tab says of itself."""

from __future__ import annotations

from tui.inspector.ais.links import link_meaning
from tui.measures import AIS_P

NO_ABLATION = (
    "The variant is base: nothing is ablated, so there is no effect to show.\n\n"
    "The Ability Impact Score (AIS) is the part of a benchmark's score above chance that an ablation takes "
    "away. v chooses the variant: MLP-only or all layers."
)

NO_DIFFERENCE = (
    "Runs stop when it is known (until), each model's after items of its own: there is no difference to "
    "show.\n\n"
    "U off lets all runs take all items; B turns to A or to B."
)

HELP = f"""\
The Ability Impact Score: the part of a benchmark's score above chance that is lost when the weights of an
ability are ablated. 0: nothing is lost; 1: down to chance; below 0: better without.

Rows: what is ablated. Columns: benchmarks. The shade is the value: AIS_p, the AIS of the probability of the
right answer, which shows an effect with fewer items than right and wrong do (AIS where it is not known). *
behind it: the whole interval is above .05, a link. Where there is room, and in the lines below: ** and it is
above the other abilities' masks; ? but random masks go as far. Marks: not identifiable (the intact model is
not above chance), not computed, running, and behind a row's name: the mask takes every benchmark down to
chance, or the intact model does not show the ability (on its own items it is not above chance); such a row
says nothing about abilities.
The last row is the mean of the random controls.

The lines below explain the cell under the cursor or the mouse: AIS_p and AIS with their 95 % paired bootstrap
intervals, n, p(right), and the random control.

With until (U in the lens) a cell goes on item by item and stops once the whole interval is above that least
effect (* a link) or below it (no link), or is narrow; ~ is open: the items settle neither. Intervals and p
then hold however often it was looked at, and x goes on with what was interrupted, the least settled first.

enter  opens the cell: k sweep, controls, all abilities on its benchmark; the minimum detectable AIS; how much
       more the mask does than the other abilities' masks (specific); how well the model still writes under
       it (generation quality)
o      takes ability and benchmark of the cell into the lens; r then runs it
x      runs all missing cells, controls included
i      turns to the links and back. {link_meaning(AIS_P)}
w      turns to AIS, of right and wrong, and back. * then means q < .05 (Benjamini-Hochberg over the whole
       matrix), ** p < .05 after Holm's correction, ? that the empirical p of random masks is above .05, or
       above what so few can show (m runs 19); below are p (exact McNemar), q and Holm's p
e      writes the matrix; as .html it is the report, of all abilities and benchmarks that are stored whole

With a second model (M), B turns to its matrix, then to B - A: how much more each mask does to B than to A,
with a paired bootstrap interval; * then means that 0 is outside of it. enter and x are then about B."""
