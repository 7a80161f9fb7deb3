"""Which weights: exact rankings, selections, controls, mask algebra, and ablation in place."""
