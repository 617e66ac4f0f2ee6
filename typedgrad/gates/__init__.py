"""The gates: precisions in the types, and digits that must be right, for a project's own CI."""
