"""The training core, and the only place that imports torch (beside what a contribution's `build` names)."""
